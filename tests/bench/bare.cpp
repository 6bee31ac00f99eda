// The least that ingest can be: one CSV file of passages to sorted key segments and daily visits on disk, with no
// history, no sets, no other figure, no check of the key's text and nothing that could be asked. One thread, in passes,
// so that each part of the work is timed apart; prints them as JSON. The later of rows with one key counts.
//   bare PASSAGES.csv OUT VENUE…
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace {

constexpr int days_of_year = 400; // from 31 December of the year before
constexpr size_t segments = 64;

struct Row {
  std::string_view key;
  uint16_t venue = 0;
  uint16_t day = 0;
  bool is_in = false;
};

struct Entry {
  uint64_t hash = 0;
  uint32_t row = 0;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::string_view map_file(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) fail(path);
  void* bytes = ::mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (bytes == MAP_FAILED) fail(path);
  ::close(file);
  return {static_cast<const char*>(bytes), static_cast<size_t>(status.st_size)};
}

// Two digits as a number within [low, high]; -1: they are none.
int two(const char* text, int low, int high) {
  const unsigned tens = static_cast<unsigned>(text[0] - '0'), ones = static_cast<unsigned>(text[1] - '0');
  const int number = static_cast<int>(tens * 10 + ones);
  return tens < 10 && ones < 10 && number >= low && number <= high ? number : -1;
}

// "2025-03-05 09:30:00" of 2025 or the eve of it: the day's number, 0 for 31 December 2024; -1: not such a time.
int day_of(std::string_view text) {
  static constexpr std::array<int, 13> before = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  static constexpr std::array<int, 13> length = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (text.size() != 19 || text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':' || text[16] != ':')
    return -1;
  const int month = two(&text[5], 1, 12), hour = two(&text[11], 0, 23), minute = two(&text[14], 0, 59);
  if (month < 0 || hour < 0 || minute < 0 || two(&text[17], 0, 59) < 0) return -1;
  const int day = two(&text[8], 1, length[static_cast<size_t>(month)]);
  if (day < 0) return -1;
  if (text.starts_with("2025")) return before[static_cast<size_t>(month)] + day;
  if (text.starts_with("2026")) return before[static_cast<size_t>(month)] + day + 365 < days_of_year ? 365 + day : -1;
  return text.starts_with("2024-12-31") ? 0 : -1;
}

std::vector<Row> parse(std::string_view text, const std::unordered_map<std::string_view, uint16_t>& venues) {
  std::vector<Row> rows;
  rows.reserve(text.size() / 48);
  for (size_t at = text.find('\n') + 1; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    std::array<std::string_view, 6> cells;
    size_t count = 0;
    for (size_t from = 0; from <= line.size(); ++count) {
      const size_t comma = std::min(line.find(',', from), line.size());
      if (count < cells.size()) cells[count] = line.substr(from, comma - from);
      from = comma + 1;
    }
    const bool is_in = cells[3] == "in";
    if (count != cells.size() || cells[0].empty() || (!is_in && cells[3] != "out")) continue;
    const auto venue = venues.find(cells[1]);
    const int day = day_of(cells[4]);
    if (venue == venues.end() || day < 0) continue;
    rows.push_back({cells[0], venue->second, static_cast<uint16_t>(day), is_in});
  }
  return rows;
}

using Segments = std::array<std::vector<Entry>, segments>;

Segments hash(const std::vector<Row>& rows) {
  Segments out;
  for (auto& segment : out)
    segment.reserve(rows.size() / segments * 5 / 4);
  for (uint32_t row = 0; row < rows.size(); ++row) {
    const uint64_t key = XXH3_64bits(rows[row].key.data(), rows[row].key.size());
    out[key >> 58].push_back({key, row});
  }
  return out;
}

// Leaves the last row of each key.
void sort(Segments& all) {
  for (auto& segment : all) {
    std::sort(segment.begin(), segment.end(),
              [](const Entry& a, const Entry& b) { return a.hash != b.hash ? a.hash < b.hash : a.row > b.row; });
    segment.erase(std::unique(segment.begin(), segment.end(), [](auto& a, auto& b) { return a.hash == b.hash; }),
                  segment.end());
  }
}

std::vector<uint32_t> count_visits(const std::vector<Row>& rows, const Segments& keys, size_t venues) {
  std::vector<uint32_t> visits(venues * days_of_year);
  for (const auto& segment : keys)
    for (const Entry& entry : segment)
      visits[rows[entry.row].venue * days_of_year + rows[entry.row].day] += rows[entry.row].is_in;
  return visits;
}

void write(const char* path, const Segments& keys, const std::vector<uint32_t>& visits) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(path);
  const auto put = [&](const void* bytes, size_t size) {
    if (::write(file, bytes, size) != static_cast<ssize_t>(size)) fail(path);
  };
  std::vector<char> packed;
  for (const auto& segment : keys) {
    packed.resize(segment.size() * 12);
    char* to = packed.data();
    for (const Entry& entry : segment) {
      std::memcpy(to, &entry.hash, 8);
      std::memcpy(to + 8, &entry.row, 4);
      to += 12;
    }
    put(packed.data(), packed.size());
  }
  put(visits.data(), visits.size() * sizeof visits[0]);
  if (::fsync(file) != 0 || ::close(file) != 0) fail(path);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: bare PASSAGES.csv OUT VENUE…\n", stderr);
    return 2;
  }
  std::unordered_map<std::string_view, uint16_t> venues;
  for (int i = 3; i < argc; ++i)
    venues.emplace(argv[i], static_cast<uint16_t>(i - 3));

  using Clock = std::chrono::steady_clock;
  auto since = Clock::now();
  const auto start = since;
  const auto lap = [&](const char* name) {
    const auto now = Clock::now();
    std::printf("\"%s_s\":%.6f,", name, std::chrono::duration<double>(now - since).count());
    since = now;
  };
  std::printf("{");
  const std::vector<Row> rows = parse(map_file(argv[1]), venues);
  lap("parse");
  Segments keys = hash(rows);
  lap("hash");
  sort(keys);
  lap("sort");
  const std::vector<uint32_t> visits = count_visits(rows, keys, venues.size());
  lap("aggregate");
  write(argv[2], keys, visits);
  lap("write");
  std::printf("\"all_s\":%.6f,\"visits\":[", std::chrono::duration<double>(Clock::now() - start).count());
  const char* comma = "";
  for (size_t i = 0; i < visits.size(); ++i) {
    if (!visits[i]) continue;
    std::printf("%s[\"%s\",%zu,%u]", comma, argv[3 + i / days_of_year], i % days_of_year, visits[i]);
    comma = ",";
  }
  std::puts("]}");
}
