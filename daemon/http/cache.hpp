// Rendered answers of the newest commit, within a bound of bytes. Any thread.
#pragma once

#include "base/guarded.hpp"
#include "http/handle.hpp"

#include <list>
#include <map>

namespace kepu::http {

// How an answer is written; part of what names it.
enum class Format : uint8_t { json, csv, html, metrics };

class AnswerCache {
public:
  // Some 160 pages of 1000 rows; a dashboard asks a few dozen.
  static constexpr size_t default_bytes = 16u << 20;

  explicit AnswerCache(size_t bytes = default_bytes) : bytes_(bytes) {}

  // `key`: target, format and encoding, see answer_key(). An answer of another commit is no hit, nor one that held
  // until an earlier moment than `now`.
  std::optional<Response> find(const std::string& key, store::Seq commit, Instant now);
  // Keeps it, dropping answers of older commits, then the least recently used. Answers of a commit older than the
  // newest seen, and those larger than a quarter of the cache, are not kept.
  void keep(std::string key, store::Seq commit, const Response& answer);

  size_t bytes() const;
  size_t entries() const;
  uint64_t hits() const;
  uint64_t misses() const;

private:
  struct Entry {
    std::string key;
    Response answer;
    size_t size;
  };
  struct State {
    store::Seq commit = 0;
    std::list<Entry> recent; // most recently used first
    std::map<std::string, std::list<Entry>::iterator, std::less<>> by_key;
    size_t bytes = 0;
    uint64_t hits = 0;
    uint64_t misses = 0;
  };

  size_t bytes_;
  Guarded<State> state_;
};

std::string answer_key(std::string_view target, Format format, bool gzip);

} // namespace kepu::http
