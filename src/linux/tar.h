// Plain tar archives (POSIX ustar with pax paths), as far as a capture needs them: regular files
// and symbolic links, no device, no owner. Written so that every tar reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace whyoom::linux {

class TarWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  explicit TarWriter(Sink sink) : sink_(std::move(sink)) {}

  // `name` without a leading slash.
  void file(std::string_view name, std::string_view contents);
  void link(std::string_view name, std::string_view target);
  void finish();  // the two empty blocks at the end

 private:
  void header(std::string_view name, char type, std::uint64_t size, std::string_view target);
  void pad(std::uint64_t size);

  Sink sink_;
};

// What an archive may ask of its reader. What is beyond is an error that names the limit.
struct TarLimits {
  std::size_t entries = std::size_t{1} << 20U;
  std::size_t name_bytes = 4096;  // of a name and of a link's target, as in Linux
  std::size_t depth = 64;         // parts of a name; cgroups are read 32 deep
  std::size_t entry_bytes = std::size_t{64} << 20U;
};

struct TarEntry {
  std::string name;
  char type = '0';  // '0' a file, '2' a symbolic link
  std::uint64_t size = 0;
  std::string target;
};

// Reads an archive in pieces of any size and keeps none of its contents. Directories are passed
// over; other kinds of entries, data behind the end and what breaks a limit are errors. An error is
// a sentence that says where, and it is final; the entries before it have been given out.
class TarReader {
 public:
  using Result = tl::expected<void, std::string>;
  // An error of theirs ends the reading. For each entry `begin`, the parts of its contents, `end`.
  struct Sink {
    std::function<Result(TarEntry&&)> begin;
    std::function<Result(std::string_view)> data;
    std::function<Result()> end;
  };
  explicit TarReader(Sink sink, const TarLimits& limits = {})
      : sink_(std::move(sink)), limits_(limits) {}

  Result feed(std::string_view chunk);
  Result finish();  // the archive ends here

 private:
  enum class State : std::uint8_t { header, contents, pax, passed_over, padding, ended };

  Result read_header();
  Result begin(TarEntry&& entry);
  Result read_contents(std::string_view part);
  Result end_contents();
  Result apply_pax();
  [[nodiscard]] Result check_name(std::string_view name, const char* what) const;
  [[nodiscard]] std::string here() const;

  Sink sink_;
  TarLimits limits_;
  State state_ = State::header;
  std::string header_;  // as much of a block as came
  std::string pax_;
  std::string long_name_, long_target_;  // for the next entry
  std::uint64_t left_ = 0;               // of the contents or the padding
  std::uint64_t padding_ = 0;            // behind the contents
  std::uint64_t offset_ = 0;             // of what is read next
  std::size_t entries_ = 0;
};

}  // namespace whyoom::linux
