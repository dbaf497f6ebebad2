// A capture on disk: a tar archive, compressed with zstd, of what a check of a host read.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "host/capture_files.h"
#include "linux/input.h"

namespace whyoom::linux {

// The error is a whole sentence without the path.
tl::expected<std::unique_ptr<host::CaptureFiles>, std::string> open_capture(const Input& input);

// Told from its first bytes; standard input and pipes are none.
bool is_capture(const Input& input);

// A new file that only its owner can read; an existing one is never overwritten. It gets its name
// when it is whole, so that nothing half has that name, whatever ends the program. On file systems
// without O_TMPFILE a program that is killed leaves "NAME.part-XXXXXX". "-" is standard output.
class CaptureFile {
 public:
  static tl::expected<std::unique_ptr<CaptureFile>, std::string> create(const std::string& path);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  void file(std::string_view name, std::string_view contents);
  void link(std::string_view name, std::string_view target);
  // Writes the end and sees that all of it is on the disk. Without it no file is there. The error
  // ends with what became of it: "No space left on device; nothing was kept".
  tl::expected<std::uint64_t, std::string> finish();

 private:
  struct State;
  explicit CaptureFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace whyoom::linux
