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

struct TarEntry {
  std::string name;
  char type = '0';  // '0' a file, '2' a symbolic link; others are passed over
  std::string contents;
  std::string target;
};

// Calls `found` for each file and link. The error says what is wrong with the archive and where;
// the entries before have been given out.
tl::expected<void, std::string> read_tar(std::string_view archive,
                                         const std::function<void(TarEntry&&)>& found);

}  // namespace whyoom::linux
