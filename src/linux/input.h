// Files, pipes and standard input, in chunks. Memory use does not depend on the size of the input.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace whyoom::linux {

struct InputSink {
  std::function<void(std::string_view)> data;
  // A pipe has been silent for a second after data; what is known can be shown now.
  std::function<void()> quiet;
  // True: nobody wants more (the output was closed).
  std::function<bool()> stop;
};

struct InputResult {
  // Why the rest of a compressed file could not be read; empty when all of it was.
  std::string damage;
};

// Reads `path` ("-" = standard input) to its end; gzip, xz and zstd are decompressed. The error is
// the system's own text ("No such file or directory"), without the path. What was read before an
// error has gone to the sink.
tl::expected<InputResult, std::string> read_input(const std::string& path, const InputSink& sink);

// The same for a file that is open, from its start; the descriptor stays the caller's.
tl::expected<InputResult, std::string> read_open_file(int fd, const InputSink& sink);

}  // namespace whyoom::linux
