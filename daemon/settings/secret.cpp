#include "settings/secret.hpp"

#include "base/printable.hpp"
#include "base/utf8.hpp"

#include <kepu/person_key.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace kepu::settings {
namespace {

constexpr size_t max_secret_bytes = 65'536; // a certificate with its chain and key has some 10 kB

struct Content {
  std::string bytes;
  mode_t mode = 0;
};

// What a file holds, up to one byte more than a secret may have. Error: an errno.
boost::system::result<Content, int> read_all(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe must not make us wait
  if (fd < 0) return errno;
  struct stat status {};
  Content out;
  int error = ::fstat(fd, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
  out.mode = status.st_mode;
  out.bytes.resize(max_secret_bytes + 1);
  size_t got = 0;
  while (error == 0 && got < out.bytes.size()) {
    const ssize_t n = ::read(fd, out.bytes.data() + got, out.bytes.size() - got);
    if (n == 0) break;
    if (n > 0) {
      got += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  ::close(fd);
  if (error) return error;
  out.bytes.resize(got);
  return out;
}

std::string reason(int error) { return error == EINVAL ? "it is not a regular file" : std::strerror(error); }

void drop_line_end(std::string& text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
}

} // namespace

bool is_credential_name(std::string_view name) {
  constexpr size_t longest = 255; // a file name
  if (name.empty() || name.size() > longest || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

Result<std::string> read_secret(const SecretRef& ref) {
  std::filesystem::path file = ref.name;
  if (ref.from == SecretRef::From::credential) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (!folder || !*folder) {
      return fail("no_credential",
                  "credential " + in_quotes(ref.name) +
                      " is not there: $CREDENTIALS_DIRECTORY is not set; start kepud as a systemd unit with "
                      "LoadCredential=, or use { file = \"…\" }");
    }
    file = std::filesystem::path(folder) / ref.name;
  }
  const std::string where = in_quotes(file.string(), 200);
  auto content = read_all(file);
  if (!content) {
    const int error = content.error();
    if (error == ENOENT && ref.from == SecretRef::From::credential) {
      return fail("no_credential", "credential " + in_quotes(ref.name) +
                                       " is not there; add LoadCredential=" + ref.name + ":/its/file to the unit");
    }
    if (error == ENOENT) return fail("no_secret_file", where + " does not exist; put the secret there");
    return fail("unreadable_secret", where + " cannot be read: " + reason(error) + "; let the daemon's user read it");
  }
  if (ref.from == SecretRef::From::file && (content->mode & S_IRWXO)) {
    return fail("open_secret_file", where + " may be read by every user of this machine; chmod o= it");
  }
  std::string& text = content->bytes;
  if (text.size() > max_secret_bytes) return fail("bad_secret", where + " is longer than 64 kB, which no secret is");
  drop_line_end(text);
  if (text.empty()) return fail("bad_secret", where + " is empty; put the secret there");
  if (!is_utf8(text) || text.find('\0') != std::string::npos) {
    return fail("bad_secret", where + " is not text in UTF-8; write the secret as text");
  }
  return std::move(text);
}

Result<std::string> read_person_key(const std::filesystem::path& file) {
  const std::string where = in_quotes(file.string(), 200);
  const std::string make = "make one with: (umask 077; openssl rand -hex 32 > " + printable(file.string()) + ")";
  auto content = read_all(file);
  if (!content) {
    const int error = content.error();
    if (error == ENOENT) return fail("no_key_file", "the person key " + where + " does not exist; " + make);
    return fail("no_key_file",
                "the person key " + where + " cannot be read: " + reason(error) + "; let the daemon's user read it");
  }
  if (content->mode & (S_IRWXG | S_IRWXO)) {
    return fail("open_key_file", "the person key " + where + " is open to other users; chmod 600 it");
  }
  auto key = abi::person_key_in(content->bytes);
  if (!key)
    return fail("bad_key_file",
                "the person key " + where + " is neither 64 hexadecimal digits nor 32 raw bytes; " + make);
  if (abi::is_guessable(*key))
    return fail("bad_key_file", "the person key " + where + " is one byte 32 times, which anyone can guess; " + make);
  return std::move(*key);
}

} // namespace kepu::settings
