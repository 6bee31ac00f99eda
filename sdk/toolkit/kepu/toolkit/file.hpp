// SPDX-License-Identifier: Apache-2.0
//
// A file that others may be changing while we read it. `survey` looks at all of it once: its
// SHA-256, which names the content towards the hub, its encoding, and a checksum for each block.
// SurveyedSource then gives exactly those bytes or none: a block that differs from the survey is not
// handed out, so nothing read from it can belong to another content than the one announced.
//
// read(2), not mmap: a mapped file that is cut short ends the process. One object, one thread.
#pragma once

#include <kepu/toolkit/encoding.hpp>
#include <kepu/toolkit/sha256.hpp>
#include <kepu/toolkit/source.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kepu::toolkit {

// An open file; closes it.
class File {
public:
  // Empty with errno set when it cannot be opened. Never waits (a pipe is opened without a writer).
  static File open(const std::string& path);
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  ~File();
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&& other) noexcept;
  explicit operator bool() const { return fd_ >= 0; }
  int fd() const { return fd_; }

private:
  int fd_ = -1;
};

// Read, hashed and verified at a time: large enough to make calls cheap, small enough for the
// processor's second-level cache.
constexpr size_t block_bytes = 256 * 1024;

struct Survey {
  uint64_t size = 0;
  Digest hash{};
  std::vector<uint64_t> blocks; // a checksum a block: 8 bytes for 256 KiB of file
  // nullopt: no encoding of the ladder fits; `first_bad` is where the file stops being UTF-8.
  std::optional<EncodingChoice> encoding;
  uint64_t first_bad = no_offset;
};

enum class SurveyEnd { done, stopped, failed };

// Reads the whole file. `go_on` is asked once a block; false: stopped. failed: errno is set.
SurveyEnd survey(int fd, const std::function<bool()>& go_on, Survey& out);

// What the first bytes of a surveyed file are.
struct Prefix {
  Digest hash{};
  bool ascii = false;
  std::optional<EncodingChoice> encoding; // as `survey` would have chosen for these bytes alone
};
SurveyEnd survey_prefix(int fd, uint64_t size, const std::function<bool()>& go_on, Prefix& out);

// The bytes of a surveyed file from an offset on. Borrows fd and survey.
class SurveyedSource : public ByteSource {
public:
  SurveyedSource(int fd, const Survey& survey, uint64_t offset);
  ptrdiff_t read(char* into, size_t size) override;
  // After read returned -1: the file is not what the survey saw (else errno of the failed read).
  bool changed() const { return changed_; }

private:
  int fd_;
  const Survey& survey_;
  std::unique_ptr<char[]> block_;
  uint64_t next_;   // number of the next block to load
  size_t at_ = 0;   // within the loaded block
  size_t end_ = 0;  // bytes in it
  size_t skip_ = 0; // bytes before the offset in the first block
  bool changed_ = false;
};

} // namespace kepu::toolkit
