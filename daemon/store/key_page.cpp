#include "store/key_page.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "store/packing.hpp"

#include <bit>

namespace kepu::store {
namespace {

constexpr size_t page_bytes = 4'032; // a row that fits one 4 KiB page
constexpr size_t page_head = 40;     // count, checksum, and what comes before packed numbers

} // namespace

void damaged_keys() {
  throw SqlError(fail("damaged", "a page of the key index is damaged; restore the store from a backup"));
}

size_t fitting_a_key_page(std::span<const KeyEntry> entries) {
  uint64_t widest = 0; // step from hash to hash
  uint64_t low = entries[0].number;
  uint64_t high = low;
  size_t n = 1;
  for (; n < std::min(entries.size(), most_on_key_page); ++n) {
    widest = std::max(widest, entries[n].hash - entries[n - 1].hash);
    low = std::min(low, entries[n].number);
    high = std::max(high, entries[n].number);
    const auto bits = static_cast<size_t>(std::bit_width(widest) + std::bit_width(high - low));
    if (page_head + (n + 1) * std::max<size_t>(bits, 8) / 8 > page_bytes) break;
  }
  return n;
}

std::string encode_key_page(std::span<const KeyEntry> entries) {
  std::vector<int64_t> steps;
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < entries.size(); ++i) {
    steps.push_back(static_cast<int64_t>(entries[i].hash - entries[i ? i - 1 : 0].hash));
    numbers.push_back(static_cast<int64_t>(entries[i].number));
  }
  std::string out;
  ByteWriter writer(out);
  writer.put(static_cast<uint32_t>(entries.size()));
  writer.put(entries[0].hash);
  put_packed(writer, steps, shape_of(steps));
  put_packed(writer, numbers, shape_of(numbers));
  seal(out);
  return out;
}

void KeyPage::read(int64_t page) {
  if (page == page_) return;
  auto query = db_.query(select_);
  query.bind(1, page);
  if (!query.step()) damaged_keys();
  bool ok = false;
  const auto data = unseal(query.blob(0), ok);
  ByteReader in(data);
  const auto n = in.get<uint32_t>();
  if (!ok || n == 0 || n > most_on_key_page) damaged_keys();
  hashes_.resize(n);
  uint64_t hash = in.get<uint64_t>();
  get_packed(in, n, [&](size_t i, int64_t step) { hashes_[i] = hash += static_cast<uint64_t>(step); });
  if (!in.ok()) damaged_keys();
  packed_numbers_ = data.substr(in.position());
  numbers_.clear();
  page_ = page;
}

std::span<const uint64_t> KeyPage::numbers() {
  if (numbers_.empty()) {
    ByteReader in(packed_numbers_);
    numbers_.resize(hashes_.size());
    get_packed(in, hashes_.size(), [&](size_t i, int64_t number) { numbers_[i] = static_cast<uint64_t>(number); });
    if (!in.ok() || !in.at_end()) damaged_keys();
  }
  return numbers_;
}

} // namespace kepu::store
