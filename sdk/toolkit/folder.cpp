// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/folder.hpp>

#include <kepu/toolkit/sha256.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>

namespace kepu::toolkit {
namespace {

constexpr int64_t a_second = 1'000'000;
constexpr int most_copies = 10'000; // of one name in done/; more is a mistake somewhere

int64_t micros(const timespec& at) { return at.tv_sec * a_second + at.tv_nsec / 1000; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Bytes of the UTF-8 character that begins here; 1 where there is none.
size_t character(std::string_view text) {
  size_t n = 1;
  while (n < text.size() && n < 4 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80)
    ++n;
  return (static_cast<unsigned char>(text[0]) & 0xc0) == 0xc0 ? n : 1;
}

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

// Like rename, but never onto something; without a guarantee where the file system has none.
int rename_to_free(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat there {};
  if (lstat(to.c_str(), &there) == 0) return EEXIST;
  return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

} // namespace

bool matches(std::string_view name, std::string_view pattern) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  size_t n = 0, p = 0;
  size_t star = std::string_view::npos, retry = 0; // after the last *, and what it may take next
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      retry = n;
    } else if (p < pattern.size() && pattern[p] == '?') {
      n += character(name.substr(n));
      ++p;
    } else if (p < pattern.size() && lower(pattern[p]) == lower(name[n])) {
      ++n;
      ++p;
    } else if (star != std::string_view::npos) {
      p = star;
      retry += character(name.substr(retry));
      n = retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

int list(const std::string& folder, std::string_view pattern, std::vector<Entry>& out) {
  const std::unique_ptr<DIR, CloseDir> dir(opendir(folder.c_str()));
  if (!dir) return errno;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (!entry) {
      if (errno) return errno;
      break;
    }
    if (!matches(entry->d_name, pattern)) continue;
    Entry found{entry->d_name, {}};
    if (fstatat(dirfd(dir.get()), entry->d_name, &found.status, 0) != 0) continue;
    out.push_back(std::move(found));
  }
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return 0;
}

uint64_t hash64(std::string_view text) {
  const auto digest = sha256(text);
  uint64_t out = 0;
  std::memcpy(&out, digest.data(), sizeof out);
  return out;
}

uint64_t fingerprint(std::string_view name, const struct stat& status, uint64_t salt) {
  std::string text(name);
  for (const int64_t value :
       {static_cast<int64_t>(salt), static_cast<int64_t>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
        status.st_ctim.tv_sec, status.st_ctim.tv_nsec, static_cast<int64_t>(status.st_ino)}) {
    text += '/';
    text += std::to_string(value);
  }
  return hash64(text);
}

bool same(const struct stat& a, const struct stat& b) { return fingerprint("", a, 0) == fingerprint("", b, 0); }

int64_t quiet_for(const struct stat& status, int64_t now_us) {
  const int64_t modified = micros(status.st_mtim);
  return now_us - (modified <= now_us ? modified : micros(status.st_ctim));
}

int move_to_done(const std::string& folder, const std::string& name, const struct stat& status, std::string& as) {
  const std::string done = folder + '/' + std::string(done_folder);
  if (mkdir(done.c_str(), 0777) != 0 && errno != EEXIST) return errno;
  const std::string from = folder + '/' + name;
  struct stat now {};
  if (stat(from.c_str(), &now) != 0) return errno;
  if (!same(now, status)) return ESTALE;
  const size_t dot = name.rfind('.');
  const size_t stem = dot == std::string::npos || dot == 0 ? name.size() : dot;
  for (int copy = 1; copy <= most_copies; ++copy) {
    as = copy == 1 ? name : name.substr(0, stem) + " (" + std::to_string(copy) + ")" + name.substr(stem);
    const std::string to = done + '/' + as;
    const int failed = rename_to_free(from, to);
    if (failed == EEXIST) continue;
    if (failed) return failed;
    // Someone may have put another file there between the look and the move.
    if (stat(to.c_str(), &now) == 0 && (now.st_ino != status.st_ino || now.st_size != status.st_size ||
                                        micros(now.st_mtim) != micros(status.st_mtim))) {
      (void)rename_to_free(to, from);
      return ESTALE;
    }
    return 0;
  }
  return EEXIST;
}

} // namespace kepu::toolkit
