#include "linux/capture_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "linux/compress.h"
#include "linux/input.h"
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
      error_ = "this is more than a capture can be (1 GiB unpacked)";
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
      error_ = "this archive is no capture of `whyoom capture`";
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

tl::expected<std::unique_ptr<host::CaptureFiles>, std::string> open_capture(
    const std::string& path) {
  CaptureReader reader;
  const auto result = read_input(path, {.data = [&](std::string_view chunk) { reader.feed(chunk); },
                                        .quiet = [] {},
                                        .stop = [&] { return !reader.error().empty(); }});
  if (!result) {
    return tl::unexpected(result.error());
  }
  if (reader.error().empty() && !result->damage.empty()) {
    return tl::unexpected(result->damage);
  }
  return reader.finish();
}

bool is_capture(const std::string& path) {
  struct stat info {};
  if (path == "-" || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return false;
  }
  constexpr std::size_t header = 512;
  std::string start;
  const auto done =
      read_input(path, {.data = [&](std::string_view chunk) { start += chunk.substr(0, header); },
                        .quiet = [] {},
                        .stop = [&] { return start.size() >= header; }});
  constexpr std::size_t magic_at = 257;
  return done && start.starts_with("whyoom/log") && start.size() >= header &&
         std::string_view(start).substr(magic_at).starts_with("ustar");
}

struct CaptureFile::State {
  int fd = -1;
  std::string path;
  std::uint64_t bytes = 0;
  int error = 0;
  bool named = false;  // it has its name already
  bool finished = false;
  ZstdWriter compressed{[this](std::string_view data) { write(data); }};
  TarWriter tar{[this](std::string_view data) { compressed.write(data); }};

  void write(std::string_view data) {
    while (!data.empty() && error == 0) {
      const ssize_t done = ::write(fd, data.data(), data.size());
      if (done < 0) {
        error = errno == EINTR ? 0 : errno;
        continue;
      }
      bytes += static_cast<std::uint64_t>(done);
      data.remove_prefix(static_cast<std::size_t>(done));
    }
  }
};

CaptureFile::CaptureFile(std::unique_ptr<State> state) : state_(std::move(state)) {}

namespace {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A file without a name yet can be linked only through /proc.
std::string link_to(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

tl::expected<std::unique_ptr<CaptureFile>, std::string> CaptureFile::create(
    const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  if (path == "-") {
    state->fd = STDOUT_FILENO;
    return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    return tl::unexpected(std::string(std::strerror(EEXIST)));
  }
  state->fd = ::open(directory_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  state->named = state->fd < 0 || ::access(link_to(state->fd).c_str(), F_OK) != 0;
  if (state->named) {
    if (state->fd >= 0) {
      ::close(state->fd);
    }
    state->fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  if (state->fd < 0) {
    return tl::unexpected(std::string(std::strerror(errno)));
  }
  return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
}

CaptureFile::~CaptureFile() {
  if (state_->path != "-") {
    ::close(state_->fd);
    if (!state_->finished && state_->named) {
      ::unlink(state_->path.c_str());
    }
  }
}

void CaptureFile::file(std::string_view name, std::string_view contents) {
  state_->tar.file(without_slash(name), contents);
}

void CaptureFile::link(std::string_view name, std::string_view target) {
  state_->tar.link(without_slash(name), target);
}

tl::expected<std::uint64_t, std::string> CaptureFile::finish() {
  state_->tar.finish();
  state_->compressed.finish();
  if (state_->error == 0 && state_->path != "-" && ::fsync(state_->fd) != 0) {
    state_->error = errno;
  }
  if (state_->error == 0 && state_->path != "-" && !state_->named &&
      ::linkat(AT_FDCWD, link_to(state_->fd).c_str(), AT_FDCWD, state_->path.c_str(),
               AT_SYMLINK_FOLLOW) != 0) {
    state_->error = errno;
  }
  if (state_->error != 0) {
    return tl::unexpected(std::string(std::strerror(state_->error)));
  }
  state_->finished = true;
  return state_->bytes;
}

}  // namespace whyoom::linux
