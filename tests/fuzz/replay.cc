// Drives a target without libFuzzer: replays the seeds and the inputs in files and folders, then
// sweeps over mutations of the seeds. The same inputs at each run.
//   fuzz_TARGET [--sweep COUNT [--from N]] [--write-seeds=DIR] [FILE|FOLDER...]
// An input that fails is written to fuzz-failed-TARGET in the current folder.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/text.h"
#include "diagnose/case_file.h"
#include "fuzz.h"

namespace {

namespace fs = std::filesystem;
using whyoom::fuzz::Random;

// What runs now, for the handler of a signal.
std::string failed_name;  // NOLINT(cert-err58-cpp)
std::string_view at_hand;

void keep_input(int signal) {
  const int fd = ::open(failed_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0) {
    (void)!::write(fd, at_hand.data(), at_hand.size());
    ::close(fd);
    constexpr std::string_view words = "fuzz: the input is in ";
    (void)!::write(STDERR_FILENO, words.data(), words.size());
    (void)!::write(STDERR_FILENO, failed_name.data(), failed_name.size());
    (void)!::write(STDERR_FILENO, "\n", 1);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void run(std::string_view input) {
  at_hand = input;
  whyoom::fuzz::run(input);
}

// What a kernel's log, a file of /proc and of settings can have in it, and what hurts.
constexpr std::array<std::string_view, 40> pieces{
    "0",
    "-1",
    "18446744073709551615",
    "9223372036854775807",
    "4294967296",
    "99999999999999999999",
    "0x10",
    "kB",
    "pages",
    "%",
    "\n",
    "\r",
    "\t",
    std::string_view("\0", 1),
    "\x1b[31m",
    "\xff",
    "\xe2\x80\xae",  // NOLINT(misc-misleading-bidirectional)
    "\xc2\x85",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    "=",
    ":",
    ",",
    "/",
    "..",
    "*",
    "#",
    " kernel: ",
    "[  123.456789] ",
    "Mem-Info:",
    "Out of memory: ",
    "invoked oom-killer: ",
    "Node 0 Normal",
    "Call Trace:",
    "== /proc/meminfo\n"};

std::size_t line_start(const std::string& text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  return newline == std::string::npos ? 0 : newline + 1;
}

void mutate(std::string& text, const std::string& other, Random& random) {
  const std::size_t at = random.below(text.size() + 1);
  const std::size_t start = line_start(text, at);
  const std::size_t size = std::min(text.find('\n', at), text.size()) - start;
  switch (random.below(10)) {
    case 0:
      if (at < text.size()) {
        text[at] = static_cast<char>(random.below(256));
      }
      return;
    case 1:
      text.erase(at, 1 + random.below(40));
      return;
    case 2:
      text.insert(at, pieces[random.below(pieces.size())]);
      return;
    case 3:
      text.insert(at, text.substr(random.below(text.size() + 1), random.below(200)));
      return;
    case 4:
      text.erase(start, size + 1);
      return;
    case 5:
      text.insert(start, text.substr(start, size) + "\n");
      return;
    case 6: {  // a line goes elsewhere
      const std::string line = text.substr(start, size) + "\n";
      text.erase(start, size + 1);
      text.insert(line_start(text, random.below(text.size() + 1)), line);
      return;
    }
    case 7: {  // a number
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit != std::string::npos) {
        const std::size_t end = std::min(text.find_first_not_of("0123456789", digit), text.size());
        text.replace(digit, end - digit, pieces[random.below(7)]);
      }
      return;
    }
    case 8:
      text.insert(start, other.substr(line_start(other, random.below(other.size() + 1)), 400));
      return;
    default:
      if (at < text.size()) {
        text[at] =
            static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << random.below(8)));
      }
      return;
  }
}

void sweep(const std::vector<std::string>& seeds, std::uint64_t from, std::uint64_t count) {
  for (std::uint64_t round = from; round < from + count; ++round) {
    Random random(round);
    std::string text = seeds[random.below(seeds.size())];
    const std::string& other = seeds[random.below(seeds.size())];
    for (std::uint64_t n = 1 + random.below(8); n > 0; --n) {
      mutate(text, other, random);
    }
    run(text);
  }
}

// Files and what lies below folders, in order of their names.
std::vector<fs::path> files_of(const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    if (fs::is_directory(name)) {
      for (const auto& entry : fs::recursive_directory_iterator(name)) {
        if (entry.is_regular_file()) {
          files.push_back(entry.path());
        }
      }
    } else if (fs::exists(name)) {
      files.emplace_back(name);
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view write_seeds = "--write-seeds=";
  std::uint64_t from = 0;
  std::uint64_t count = 0;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--sweep" && i + 1 < argc) {
      count = whyoom::parse_number<std::uint64_t>(argv[++i]).value_or(0);
    } else if (word == "--from" && i + 1 < argc) {  // other mutations than those from 0 on
      from = whyoom::parse_number<std::uint64_t>(argv[++i]).value_or(0);
    } else if (word.starts_with(write_seeds)) {
      return whyoom::fuzz::write_seeds(std::string(word.substr(write_seeds.size())));
    } else {
      names.emplace_back(word);
    }
  }
  failed_name = (fs::current_path() / ("failed-" + fs::path(argv[0]).filename().string())).string();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, keep_input);
  }
  const std::vector<std::string> seeds = whyoom::fuzz::seeds();
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& seed : seeds) {
    run(seed);
  }
  const auto files = files_of(names);
  for (const fs::path& file : files) {
    const std::string text = whyoom::test::read_file(file);
    run(text);
  }
  sweep(seeds, from, count);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%zu seeds, %zu files, %llu mutations in %.1f s\n", seeds.size(), files.size(),
              static_cast<unsigned long long>(count), took.count());
  return 0;
}
