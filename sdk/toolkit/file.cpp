// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/file.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kepu::toolkit {
namespace {

// Reads until `size` bytes or the end; -1 with errno.
ptrdiff_t read_at(int fd, char* into, size_t size, uint64_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, into + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return static_cast<ptrdiff_t>(done);
}

uint64_t checksum(const char* data, size_t size) { return XXH3_64bits(data, size); }

// Calls `take(data, size)` for each block of the first `limit` bytes.
template <class Take>
SurveyEnd each_block(int fd, uint64_t limit, const std::function<bool()>& go_on, const Take& take) {
  const auto block = std::make_unique<char[]>(block_bytes);
  for (uint64_t offset = 0; offset < limit;) {
    if (!go_on()) return SurveyEnd::stopped;
    const auto want = static_cast<size_t>(std::min<uint64_t>(block_bytes, limit - offset));
    const ptrdiff_t n = read_at(fd, block.get(), want, offset);
    if (n < 0) return SurveyEnd::failed;
    if (n == 0) break;
    take(block.get(), static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
    if (static_cast<size_t>(n) < want) break;
  }
  return SurveyEnd::done;
}

SurveyEnd choose(int fd, uint64_t size, std::string_view beginning, const Utf8Check& utf8,
                 const std::function<bool()>& go_on, std::optional<EncodingChoice>& out) {
  Gb18030Check gb18030;
  WordCheck words;
  const auto count = utf8.count();
  if ((count.bad || count.cut != no_offset) && !encoding_mark(beginning)) {
    const auto end = each_block(fd, size, go_on, [&](const char* data, size_t n) {
      gb18030.feed(data, n);
      words.feed(data, n);
    });
    if (end != SurveyEnd::done) return end;
  }
  out = choose_encoding(beginning, count, gb18030.count(), words.count());
  return SurveyEnd::done;
}

} // namespace

File File::open(const std::string& path) {
  return File(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

File::~File() {
  if (fd_ >= 0) close(fd_);
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

SurveyEnd survey(int fd, const std::function<bool()>& go_on, Survey& out) {
  out = {};
  Sha256 hash;
  Utf8Check utf8;
  std::string beginning;
  (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  const auto end = each_block(fd, UINT64_MAX, go_on, [&](const char* data, size_t n) {
    if (out.size == 0) beginning.assign(data, std::min(n, longest_mark));
    hash.feed(data, n);
    utf8.feed(data, n);
    out.blocks.push_back(checksum(data, n));
    out.size += n;
  });
  if (end != SurveyEnd::done) return end;
  out.hash = hash.digest();
  const auto count = utf8.count();
  out.first_bad = std::min(count.first_bad, count.cut);
  return choose(fd, out.size, beginning, utf8, go_on, out.encoding);
}

SurveyEnd survey_prefix(int fd, uint64_t size, const std::function<bool()>& go_on, Prefix& out) {
  out = {};
  Sha256 hash;
  Utf8Check utf8;
  std::string beginning;
  const auto end = each_block(fd, size, go_on, [&](const char* data, size_t n) {
    if (beginning.empty()) beginning.assign(data, std::min(n, longest_mark));
    hash.feed(data, n);
    utf8.feed(data, n);
  });
  if (end != SurveyEnd::done) return end;
  out.hash = hash.digest();
  out.ascii = utf8.ascii();
  return choose(fd, size, beginning, utf8, go_on, out.encoding);
}

SurveyedSource::SurveyedSource(int fd, const Survey& survey, uint64_t offset)
    : fd_(fd), survey_(survey), block_(std::make_unique<char[]>(block_bytes)), next_(offset / block_bytes),
      skip_(static_cast<size_t>(offset % block_bytes)) {}

ptrdiff_t SurveyedSource::read(char* into, size_t size) {
  if (at_ == end_) {
    if (changed_) return -1;
    const uint64_t begin = next_ * block_bytes;
    if (begin >= survey_.size) return 0;
    const auto want = static_cast<size_t>(std::min<uint64_t>(block_bytes, survey_.size - begin));
    const ptrdiff_t n = read_at(fd_, block_.get(), want, begin);
    if (n < 0) return -1;
    if (static_cast<size_t>(n) != want || checksum(block_.get(), want) != survey_.blocks[next_]) {
      changed_ = true;
      return -1;
    }
    ++next_;
    end_ = want;
    at_ = std::min(skip_, end_);
    skip_ = 0;
    if (at_ == end_) return read(into, size);
  }
  const size_t n = std::min(size, end_ - at_);
  std::memcpy(into, block_.get() + at_, n);
  at_ += n;
  return static_cast<ptrdiff_t>(n);
}

} // namespace kepu::toolkit
