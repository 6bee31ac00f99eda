#include "model/fact.hpp"

#include <utility>

namespace kepu::model {
namespace {

// A column without any null or flag has an empty list.
void append_marks(std::vector<uint8_t>& to, std::vector<uint8_t>& more, uint32_t to_rows, uint32_t more_rows) {
  if (to.empty() && more.empty()) return;
  to.resize(to_rows);
  more.resize(more_rows);
  to.insert(to.end(), more.begin(), more.end());
}

} // namespace

void FactColumns::append(FactColumns& more) {
  if (rows == 0) {
    std::swap(*this, more);
    return;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    auto& a = fields[i];
    auto& b = more.fields[i];
    a.codes.insert(a.codes.end(), b.codes.begin(), b.codes.end());
    a.numbers.insert(a.numbers.end(), b.numbers.begin(), b.numbers.end());
    append_marks(a.nulls, b.nulls, rows, more.rows);
    append_marks(a.flags, b.flags, rows, more.rows);
  }
  const auto shift = static_cast<uint32_t>(key_bytes.size());
  key_bytes += more.key_bytes;
  for (const uint32_t end : more.key_ends)
    key_ends.push_back(end + shift);
  places.insert(places.end(), more.places.begin(), more.places.end());
  rows += more.rows;
}

} // namespace kepu::model
