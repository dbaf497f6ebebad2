// A capture on disk: a tar archive, compressed with gzip, of what a check of a host read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "host/capture_files.h"
#include "linux/compress.h"
#include "linux/descriptor.h"
#include "linux/input.h"
#include "linux/tar.h"

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
  explicit CaptureFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] bool is_output() const { return path_ == "-"; }
  void write(std::string_view data);
  [[nodiscard]] int give_name();

  std::string path_;
  Descriptor owned_;  // none for standard output
  int fd_ = -1;
  std::string temporary_;  // its name until it is whole, where a file without a name cannot be had
  std::uint64_t bytes_ = 0;
  int error_ = 0;
  GzipWriter compressed_{[this](std::string_view data) { write(data); }};
  TarWriter tar_{[this](std::string_view data) { compressed_.write(data); }};
};

}  // namespace whyoom::linux
