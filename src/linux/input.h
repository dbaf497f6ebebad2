// Files, pipes and standard input, in chunks. Memory use does not depend on the size of the input.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "linux/descriptor.h"
#include "linux/sandbox.h"
#include "linux/workers.h"

namespace whyoom::linux {

struct InputSink {
  std::function<void(std::string_view)> data;
  // Of the next bytes of a large file that is not compressed: how many of the first of them need
  // not come as `data`. They may change while it looks at them (mapped_file.h).
  std::function<std::size_t(std::string_view)> pass_over{};
  // A pipe has been silent for a second after data; what is known can be shown now.
  std::function<void()> quiet;
  // True: nobody wants more (the output was closed).
  std::function<bool()> stop;
  // Of a regular file that is not compressed: the byte at which it begins.
  std::optional<std::uint64_t> from{};
  // An archive (archive.h) is no log: nothing of it goes to `data`, and the result says what to do.
  bool refuse_archives = false;
};

// A file, a pipe or standard input, opened and not read yet. What was wrong with it is told when it
// is read, so that the others are read before.
class Input {
 public:
  [[nodiscard]] const std::string& path() const { return path_; }  // "-" = standard input
  // A regular file by its name: a look at its start takes nothing away.
  [[nodiscard]] bool can_be_read_again() const { return source_.regular && source_.from_start; }

  // Of a regular file: its size, and how much of it has been read. Else 0.
  [[nodiscard]] std::uint64_t size() const { return source_.size; }
  [[nodiscard]] std::uint64_t position() const;

  // To its end; what is compressed is decompressed. The error is the system's own text ("No such
  // file or directory"), without the path. What was read before an error has gone to the sink. The
  // value is why the rest of a compressed file could not be read; empty when all of it was.
  [[nodiscard]] tl::expected<std::string, std::string> read(const InputSink& sink) const;

  struct Source {
    int fd = -1;
    bool from_start = false;  // not standard input, of which somebody may have read a part
    bool regular = false;     // any other one can be quiet
    std::uint64_t size = 0;   // of a regular file
  };

 private:
  friend tl::expected<std::vector<Input>, std::string> open_inputs(
      const std::vector<std::string>& paths, SandboxChoice sandbox, Workers* workers);
  explicit Input(const std::string& path);

  std::string path_;
  Descriptor owned_;  // none for standard input
  Source source_;
  std::string error_;
};

// Opens all of them, and then gives up the right to open anything (sandbox.h): what is read of an
// input is read without rights. A pipe is not waited for. The error is enter_sandbox()'s. `workers`
// are started in between, when there is enough to read.
tl::expected<std::vector<Input>, std::string> open_inputs(const std::vector<std::string>& paths,
                                                          SandboxChoice sandbox,
                                                          Workers* workers = nullptr);

// Reads a regular file that is open, from its start; the descriptor stays the caller's.
tl::expected<std::string, std::string> read_open_file(int fd, const InputSink& sink);

}  // namespace whyoom::linux
