#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "allocations.h"
#include "base/text.h"
#include "diagnose/case_file.h"

namespace whyoom::fuzz {
namespace {

// The code point at the start of `text`, and how long it is; 0 bytes: no UTF-8.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;
};

CodePoint code_point(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) {
    return {};
  }
  std::uint32_t value = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) {
      return {};
    }
    value = value << 6U | (next & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return value < least[size] || value > 0x10ffff || surrogate ? CodePoint{}
                                                              : CodePoint{value, size};
}

bool may_be_shown(std::uint32_t c) {
  const bool control = (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0);
  const bool direction = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                         (c >= 0x2066 && c <= 0x2069);
  return !control && !direction && c != 0x2028 && c != 0x2029;
}

std::string around(std::string_view text, std::size_t at) {
  const std::size_t from = at < 60 ? 0 : at - 60;
  return "at byte " + std::to_string(at) + ": " + printable(text.substr(from, 120));
}

std::int64_t thread_time_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

void fail(std::string_view what, std::string_view where) {
  const std::string text =
      "fuzz: " + std::string(what) + (where.empty() ? "" : ": ") + std::string(where) + "\n";
  (void)!::write(STDERR_FILENO, text.data(), text.size());
  std::abort();
}

void require_printable(std::string_view output, std::string_view what, bool tabs) {
  for (std::size_t at = 0; at < output.size();) {
    const CodePoint point = code_point(output.substr(at));
    if (point.size == 0) {
      fail(std::string(what) + " is no UTF-8", around(output, at));
    }
    if (!may_be_shown(point.value) && !(tabs && output[at] == '\t')) {
      fail(std::string(what) + " has a control character", around(output, at));
    }
    at += point.size;
  }
}

void require_json(std::string_view output, std::string_view what) {
  require_printable(output, what);
  if (!nlohmann::json::accept(output)) {
    fail(std::string(what) + " is no JSON", output.substr(0, 2000));
  }
  for (std::size_t at = output.find('\\'); at != std::string_view::npos;
       at = output.find('\\', at + 2)) {
    const char escape = output[at + 1];
    if (escape != '\\' && escape != '"' && escape != '/' && escape != 'n') {
      fail(std::string(what) + " hides a control character in an escape", around(output, at));
    }
  }
}

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n')) +
         (text.empty() || text.back() == '\n' ? 0U : 1U);
}

std::vector<std::string_view> split_lines(std::string_view text) {
  return diagnose::cases::split_lines(text);
}

Budget::Budget(std::size_t input, const Cost& cost)
    : most_(cost),
      bytes_before_(allocations().total),
      live_before_(allocations().live),
      time_before_us_(thread_time_us()),
      most_us_(1'500'000 + 20 * static_cast<std::int64_t>(input)) {
  most_.bytes += most_.bytes_each * input;
  most_.peak += most_.peak_each * input;
  reset_peak();
}

void Budget::check(std::string_view what) const {
  const Allocations& now = allocations();
  const auto say = [&](const char* kind, std::uint64_t used, std::uint64_t most) {
    if (used > most) {
      fail(std::string(what) + " needs too much " + kind,
           std::to_string(used) + " of at most " + std::to_string(most));
    }
  };
  say("allocated memory", now.total - bytes_before_, most_.bytes);
  say("memory at one time", now.peak - live_before_, most_.peak);
  say("time (us)", static_cast<std::uint64_t>(thread_time_us() - time_before_us_),
      static_cast<std::uint64_t>(most_us_));
}

MemoryFile::MemoryFile(std::string_view content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
  require(fd_ >= 0, "no memfd");
  while (!content.empty()) {
    const ssize_t done = ::write(fd_, content.data(), content.size());
    require(done > 0, "cannot write to a memfd");
    content.remove_prefix(static_cast<std::size_t>(done));
  }
}

MemoryFile::~MemoryFile() { ::close(fd_); }

std::string MemoryFile::content() const {
  const off_t size = ::lseek(fd_, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(size), '\0');
  require(::pread(fd_, text.data(), text.size(), 0) == size, "cannot read a memfd");
  return text;
}

Random::Random(std::string_view seed) : state_(0xcbf29ce484222325U) {
  for (const char c : seed) {
    state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  state_ |= 1U;
}

std::vector<std::string> case_texts(Cases which) {
  namespace cases = diagnose::cases;
  std::vector<std::string> texts;
  for (const auto& path :
       cases::case_paths(which == Cases::logs ? cases::Of::log : cases::Of::host)) {
    texts.push_back(cases::load_case(path).log);
  }
  require(!texts.empty(), "no cases below src/diagnose/causes");
  return texts;
}

std::string example(std::string_view name) {
  std::string text =
      test::read_file(std::string(WHYOOM_SOURCE_DIR) + "/examples/" + std::string(name));
  require(!text.empty(), "no such example", name);
  return text;
}

host::MemoryFiles tree_of(std::string_view text) {
  host::MemoryFiles files = diagnose::cases::host_files(text);
  const std::string fails = files.read("/fails", text.size()).value_or("");
  for (const std::string_view line : split_lines(fails)) {
    if (line.starts_with('/')) {
      files.fail(trim(line), {host::FileError::Kind::denied, "Permission denied"});
    }
  }
  return files;
}

int write_seeds(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::size_t number = 0;
  for (const std::string& seed : seeds()) {
    std::ofstream out(directory + "/seed-" + std::to_string(number++), std::ios::binary);
    out << seed;
    out.close();
    if (!out) {
      std::perror(directory.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace whyoom::fuzz
