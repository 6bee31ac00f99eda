// SPDX-License-Identifier: Apache-2.0
//
// A folder of files of known age, for tests of connectors that watch one. Throws when the disk does not play along.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <system_error>

namespace kepu::testing {

class Files {
public:
  Files() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kepu-files-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::system_error(errno, std::generic_category(), "mkdtemp");
    folder = pattern;
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  Files(const Files&) = delete;

  // A file that was written `age` seconds ago.
  void put(const std::string& name, const std::string& content, int age = 3600) const {
    std::filesystem::remove(folder / name); // a new inode, as programs that write and rename make
    std::ofstream(folder / name, std::ios::binary) << content;
    aged(name, age);
  }
  void append(const std::string& name, const std::string& content, int age = 3600) const {
    std::ofstream(folder / name, std::ios::binary | std::ios::app) << content;
    aged(name, age);
  }
  void aged(const std::string& name, int age) const {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const timespec times[2] = {{now.tv_sec - age, now.tv_nsec}, {now.tv_sec - age, now.tv_nsec}};
    if (::utimensat(AT_FDCWD, (folder / name).c_str(), times, 0) != 0)
      throw std::system_error(errno, std::generic_category(), name);
  }

  std::filesystem::path folder;
};

} // namespace kepu::testing
