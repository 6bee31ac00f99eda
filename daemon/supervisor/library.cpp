#include "supervisor/library.hpp"

#include "base/nearest.hpp"

#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace kepu::supervisor {
namespace fs = std::filesystem;
namespace {

bool trusted_owner(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

// A folder where others may create files but not replace ours (sticky, as /tmp) does no harm.
std::optional<Sentence> folder_problem(const fs::path& folder) {
  struct stat st {};
  if (::stat(folder.c_str(), &st) != 0)
    return Sentence{fmt::format("folder {} cannot be looked at ({})", folder.string(), std::strerror(errno)),
                    fmt::format("无法查看文件夹 {}（{}）", folder.string(), std::strerror(errno))};
  if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)
    return Sentence{
        fmt::format("others may replace files in {}; run `chmod o-w {}`", folder.string(), folder.string()),
        fmt::format("其他用户可以替换 {} 中的文件；请执行 `chmod o-w {}`", folder.string(), folder.string())};
  if (!trusted_owner(st.st_uid))
    return Sentence{fmt::format("folder {} belongs to user {}, who may replace files in it; run `chown root {}`",
                                folder.string(), st.st_uid, folder.string()),
                    fmt::format("文件夹 {} 属于用户 {}，该用户可以替换其中的文件；请执行 `chown root {}`",
                                folder.string(), st.st_uid, folder.string())};
  return std::nullopt;
}

std::optional<Sentence> file_problem(const std::string& path, const struct stat& st) {
  if (!S_ISREG(st.st_mode))
    return Sentence{fmt::format("{} is not a regular file; put the connector's library there", path),
                    fmt::format("{} 不是普通文件；请放入接入程序的库文件", path)};
  if (!trusted_owner(st.st_uid))
    return Sentence{fmt::format("library {} belongs to user {}, neither root nor the daemon's; run `chown root {}`",
                                path, st.st_uid, path),
                    fmt::format("接入库 {} 属于用户 {}，既非 root 也非守护进程用户；请执行 `chown root {}`", path,
                                st.st_uid, path)};
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Sentence{fmt::format("other users may write library {}; run `chmod go-w {}`", path, path),
                    fmt::format("其他用户可以写入接入库 {}；请执行 `chmod go-w {}`", path, path)};
  return std::nullopt;
}

} // namespace

LibraryFound look_at_library(const fs::path& path) {
  LibraryFound found;
  std::error_code ec;
  const auto real = fs::canonical(path, ec);
  struct stat st {};
  if (ec || ::stat(real.c_str(), &st) != 0) {
    const auto why = ec ? ec.message() : std::string(std::strerror(errno));
    found.problem = Sentence{fmt::format("library {} cannot be read ({})", path.string(), why),
                             fmt::format("无法读取接入库 {}（{}）", path.string(), why)};
    return found;
  }
  found.look.path = real.string();
  found.look.mtime_ns = static_cast<int64_t>(st.st_mtim.tv_sec) * 1'000'000'000 + st.st_mtim.tv_nsec;
  found.look.size = static_cast<uint64_t>(st.st_size);
  found.problem = file_problem(found.look.path, st);
  // Both the folder of the file and, when the way there is a link, the folder of the link.
  if (!found.problem) found.problem = folder_problem(real.parent_path());
  if (const auto named_in = fs::absolute(path).parent_path(); !found.problem && named_in != real.parent_path())
    found.problem = folder_problem(named_in);
  found.look.usable = !found.problem;
  return found;
}

LibraryFound find_library(const std::vector<fs::path>& folders, const std::string& connector) {
  std::string listed;
  std::vector<std::string> known;
  for (const auto& folder : folders) {
    std::error_code ec;
    const auto path = folder / (connector + ".so");
    if (fs::symlink_status(path, ec).type() != fs::file_type::not_found && !ec) return look_at_library(path);
    listed += (listed.empty() ? "" : ", ") + folder.string();
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
      if (it->path().extension() == ".so") known.push_back(it->path().stem().string());
  }
  std::string hint_en;
  std::string hint_zh;
  if (const auto near = nearest(connector, known, 1); !near.empty()) {
    hint_en = fmt::format("; did you mean \"{}\"?", near[0]);
    hint_zh = fmt::format("；是否为“{}”？", near[0]);
  }
  LibraryFound found;
  found.problem = Sentence{
      fmt::format("there is no {}.so in connector_dirs ({}); install the connector{}", connector, listed, hint_en),
      fmt::format("connector_dirs（{}）中没有 {}.so；请安装该接入程序{}", listed, connector, hint_zh)};
  return found;
}

Result<std::string> hash_library(const std::string& path) {
  const auto unreadable = [&] {
    return fail("library_unreadable", fmt::format("library {} cannot be read ({})", path, std::strerror(errno)));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable();
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool good = digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  std::string buffer(64u << 10, '\0');
  for (;;) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const auto error = unreadable();
      ::close(fd);
      return error;
    }
    if (n == 0) break;
    good = good && EVP_DigestUpdate(digest.get(), buffer.data(), static_cast<size_t>(n)) == 1;
  }
  ::close(fd);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!good || EVP_DigestFinal_ex(digest.get(), hash, &size) != 1)
    return fail("library_unreadable", fmt::format("SHA-256 of library {} could not be computed by OpenSSL", path));
  std::string hex;
  for (unsigned i = 0; i < size; ++i)
    hex += fmt::format("{:02x}", hash[i]);
  return {boost::system::in_place_value, std::move(hex)};
}

} // namespace kepu::supervisor
