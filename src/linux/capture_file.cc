#include "linux/capture_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/language.h"
#include "base/text.h"
#include "linux/archive.h"
#include "linux/compress.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"
#include "linux/tar.h"

namespace whyoom::linux {

namespace {

// Of an unpacked capture. What is kept of it has a smaller limit (host::CaptureRoom); this one
// bounds the time that padding and passed over entries can take.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30U;

std::string_view without_slash(std::string_view path) {
  return path.starts_with('/') ? path.substr(1) : path;
}

// From the decoder into the files of a capture; only the entry that comes is held besides.
class CaptureReader {
 public:
  void feed(std::string_view chunk) {
    bytes_ += chunk.size();
    if (bytes_ > most_bytes) {
      error_ = tr("this is more than a capture can be (1 GiB unpacked)");
    } else if (const auto done = tar_.feed(chunk); !done) {
      error_ = done.error();
    }
  }
  [[nodiscard]] const std::string& error() const { return error_; }

  tl::expected<std::unique_ptr<host::CaptureFiles>, std::string> finish() {
    if (const auto done = tar_.finish(); !done && error_.empty()) {
      error_ = done.error();
    }
    if (!has_index_ && error_.empty()) {
      error_ = tr("this archive is no capture of `whyoom capture`");
    }
    if (!error_.empty()) {
      return tl::unexpected(error_);
    }
    return std::move(files_);
  }

 private:
  using Result = TarReader::Result;

  Result begin(TarEntry&& entry) {
    entry_ = std::move(entry);
    contents_ = {};
    if (!is_index()) {
      contents_.reserve(entry_.size);  // the reader bounds it
    }
    return {};
  }
  Result data(std::string_view part) {
    if (is_index()) {
      return files_->index_part(part);
    }
    contents_ += part;
    return {};
  }
  // Links are told from the index.
  Result end() {
    has_index_ = has_index_ || is_index();
    return is_index()           ? files_->index_end()
           : entry_.type == '0' ? files_->add("/" + entry_.name, std::move(contents_))
                                : Result();
  }
  [[nodiscard]] bool is_index() const {
    return entry_.type == '0' && entry_.name == host::capture_index;
  }

  std::unique_ptr<host::CaptureFiles> files_ = std::make_unique<host::CaptureFiles>();
  TarEntry entry_;
  std::string contents_;
  bool has_index_ = false;
  std::uint64_t bytes_ = 0;
  std::string error_;
  TarReader tar_{{.begin = [this](TarEntry&& entry) { return begin(std::move(entry)); },
                  .data = [this](std::string_view part) { return data(part); },
                  .end = [this] { return end(); }}};
};

}  // namespace

tl::expected<std::unique_ptr<host::CaptureFiles>, std::string> open_capture(const Input& input) {
  CaptureReader reader;
  const auto result = input.read({.data = [&](std::string_view chunk) { reader.feed(chunk); },
                                  .quiet = [] {},
                                  .stop = [&] { return !reader.error().empty(); }});
  if (!result) {
    return tl::unexpected(result.error());
  }
  if (reader.error().empty() && !result->empty()) {
    return tl::unexpected(*result);
  }
  return reader.finish();
}

bool is_capture(const Input& input) {
  if (!input.can_be_read_again()) {
    return false;
  }
  std::string start;
  const auto done =
      input.read({.data = [&](std::string_view chunk) { start += chunk.substr(0, archive_start); },
                  .quiet = [] {},
                  .stop = [&] { return start.size() >= archive_start; }});
  return done && archive_of(start) == Archive::capture;
}

void CaptureFile::write(std::string_view data) {
  error_ = error_ == 0 ? write_all(fd_, data) : error_;
  bytes_ += data.size();
}

namespace {

std::string directory_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A file without a name yet can be linked only through /proc.
std::string link_to(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

// 0 or errno. The name is on the disk, or it is not there.
int CaptureFile::give_name() {
  int failed = 0;
  if (!temporary_.empty()) {
    failed = move_without_replacing(AT_FDCWD, temporary_, path_);
  } else if (::linkat(AT_FDCWD, link_to(fd_).c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) !=
             0) {
    failed = errno;
  }
  if (failed != 0) {
    return failed;
  }
  const Descriptor directory(
      ::open(directory_name(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  failed = directory.get() < 0 ? errno : sync(directory.get());
  // A directory that may be written to and not be read cannot be brought to the disk by itself.
  failed = failed == EACCES ? 0 : failed;
  if (failed != 0) {
    temporary_ = path_;  // to be removed, or to be named where that fails too
  }
  return failed;
}

tl::expected<std::unique_ptr<CaptureFile>, std::string> CaptureFile::create(
    const std::string& path) {
  std::unique_ptr<CaptureFile> file(new CaptureFile(path));
  if (file->is_output()) {
    file->fd_ = STDOUT_FILENO;
    return file;
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    return tl::unexpected(errno_text(EEXIST));
  }
  file->owned_ =
      Descriptor(::open(directory_name(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (file->owned_.get() < 0 || ::access(link_to(file->owned_.get()).c_str(), F_OK) != 0) {
    std::string name = path + ".part-XXXXXX";
    file->owned_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));  // with mode 0600
    if (file->owned_.get() < 0) {
      return tl::unexpected(errno_text(errno));
    }
    file->temporary_ = std::move(name);
  }
  file->fd_ = file->owned_.get();
  return file;
}

CaptureFile::~CaptureFile() {
  if (!temporary_.empty()) {
    (void)::unlink(temporary_.c_str());
  }
}

void CaptureFile::file(std::string_view name, std::string_view contents) {
  tar_.file(without_slash(name), contents);
}

void CaptureFile::link(std::string_view name, std::string_view target) {
  tar_.link(without_slash(name), target);
}

tl::expected<std::uint64_t, std::string> CaptureFile::finish() {
  tar_.finish();
  if (!compressed_.finish() && error_ == 0) {
    error_ = ENOMEM;
  }
  if (error_ == 0 && !is_output()) {
    error_ = sync(fd_);
  }
  if (error_ == 0 && !is_output()) {
    error_ = give_name();
    temporary_ = error_ == 0 ? std::string() : temporary_;
  }
  if (error_ == 0) {
    return bytes_;
  }
  std::string why = tr("{}; nothing was kept", errno_text(error_));
  if (!temporary_.empty() && ::unlink(temporary_.c_str()) != 0 && errno != ENOENT) {
    why += tr(", but {} could not be removed: {}", printable(temporary_), errno_text(errno));
  }
  temporary_.clear();
  return tl::unexpected(why);
}

}  // namespace whyoom::linux
