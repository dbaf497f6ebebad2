// What a fuzz target is, and the invariants that all of them have. A target is one function over
// bytes that ends the program when something is not as it must be. libfuzzer.cc drives it with what
// clang's libFuzzer makes up, replay.cc (any compiler) with files, seeds and a bounded sweep of
// mutations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/memory_files_for_test.h"
#include "linux/output.h"

namespace whyoom::fuzz {

// Each target defines these two.
void run(std::string_view input);
// Inputs from which mutations begin: the cases of the causes, examples, and what the target makes.
std::vector<std::string> seeds();

// Says what is wrong and ends the program.
[[noreturn]] void fail(std::string_view what, std::string_view where = {});
inline void require(bool holds, std::string_view what, std::string_view where = {}) {
  if (!holds) {
    fail(what, where);
  }
}

// UTF-8 without control characters (newlines apart) and without what turns the direction of text.
// Differences of files keep their tabs.
void require_printable(std::string_view output, std::string_view what, bool tabs = false);
// One JSON value, printable, and none of its strings hides a control character in an escape.
void require_json(std::string_view output, std::string_view what);

std::uint64_t count_lines(std::string_view text);  // newlines, and one for a rest without
std::vector<std::string_view> split_lines(std::string_view text);

// What `input` may cost. Memory is what operator new gave out (under ASan nobody counts), time is
// that of this thread alone.
struct Cost {
  std::uint64_t bytes = 0;                // all that was allocated, also when it was freed again
  std::uint64_t bytes_each = 0;           // more for each byte of the input
  std::uint64_t peak = 0, peak_each = 0;  // of what is allocated at one time
};
class Budget {
 public:
  Budget(std::size_t input, const Cost& cost);
  void check(std::string_view what) const;

 private:
  Cost most_;
  std::uint64_t bytes_before_, live_before_;
  std::int64_t time_before_us_, most_us_;
};

// A file in memory that can be opened by its path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content = {});
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  [[nodiscard]] std::string content() const;

 private:
  int fd_;
};

// What a command writes.
class Captured {
 public:
  Captured() : output_(file_.fd()) {}
  linux::Output& output() { return output_; }
  std::string text() {
    output_.flush();
    return file_.content();
  }

 private:
  MemoryFile file_;
  linux::Output output_;
};

// Numbers that depend on the input alone.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  explicit Random(std::string_view seed);
  std::uint64_t below(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return limit == 0 ? 0 : (state_ >> 33U) % limit;
  }

 private:
  std::uint64_t state_;
};

// The texts of the cases of the causes: logs, or hosts ("== /path" before each file).
enum class Cases : std::uint8_t { logs, hosts };
std::vector<std::string> case_texts(Cases which);
std::string example(std::string_view name);  // of examples/

// A tree as the cases of hosts are written: "== /path" and its lines, "== /path -> /target". Each
// line of the file "/fails" is a path that cannot be read.
host::MemoryFiles tree_of(std::string_view text);

// 0 when all seeds went to that directory, a file each.
int write_seeds(const std::string& directory);

}  // namespace whyoom::fuzz
