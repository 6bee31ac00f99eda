#include "http/gzip.hpp"

#include <zlib.h>

namespace kepu::http {
namespace {

constexpr int level = 5;             // rows shrink to a tenth; 9 takes three times as long for a few percent
constexpr int gzip_window = 15 + 16; // the largest window, with a gzip header

} // namespace

std::optional<std::string> gzipped(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size()); // a body is far below 4 GB
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return std::nullopt;
  out.shrink_to_fit();
  return out;
}

} // namespace kepu::http
