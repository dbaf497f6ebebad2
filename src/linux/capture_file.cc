#include "linux/capture_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"
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

tl::expected<std::unique_ptr<host::CaptureFiles>, std::string> open_capture(const Input& input) {
  CaptureReader reader;
  const auto result = input.read({.data = [&](std::string_view chunk) { reader.feed(chunk); },
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

bool is_capture(const Input& input) {
  if (!input.can_be_read_again()) {
    return false;
  }
  constexpr std::size_t header = 512;
  std::string start;
  const auto done =
      input.read({.data = [&](std::string_view chunk) { start += chunk.substr(0, header); },
                  .quiet = [] {},
                  .stop = [&] { return start.size() >= header; }});
  constexpr std::size_t magic_at = 257;
  return done && start.starts_with("whyoom/log") && start.size() >= header &&
         std::string_view(start).substr(magic_at).starts_with("ustar");
}

struct CaptureFile::State {
  int fd = -1;
  std::string path;
  std::string temporary;  // its name until it is whole, where a file without a name cannot be had
  std::uint64_t bytes = 0;
  int error = 0;
  ZstdWriter compressed{[this](std::string_view data) { write(data); }};
  TarWriter tar{[this](std::string_view data) { compressed.write(data); }};

  [[nodiscard]] bool is_output() const { return path == "-"; }
  void write(std::string_view data) {
    error = error == 0 ? write_all(fd, data) : error;
    bytes += data.size();
  }
  [[nodiscard]] int give_name();
};

CaptureFile::CaptureFile(std::unique_ptr<State> state) : state_(std::move(state)) {}

namespace {

std::string directory_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A file without a name yet can be linked only through /proc.
std::string link_to(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

// 0 or errno. The name is on the disk, or it is not there.
int CaptureFile::State::give_name() {
  int failed = 0;
  if (!temporary.empty()) {
    failed = move_without_replacing(AT_FDCWD, temporary, path);
  } else if (::linkat(AT_FDCWD, link_to(fd).c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) !=
             0) {
    failed = errno;
  }
  if (failed != 0) {
    return failed;
  }
  const Descriptor directory(
      ::open(directory_name(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  failed = directory.get() < 0 ? errno : sync(directory.get());
  // A directory that may be written to and not be read cannot be brought to the disk by itself.
  failed = failed == EACCES ? 0 : failed;
  if (failed != 0) {
    temporary = path;  // to be removed, or to be named where that fails too
  }
  return failed;
}

tl::expected<std::unique_ptr<CaptureFile>, std::string> CaptureFile::create(
    const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  if (state->is_output()) {
    state->fd = STDOUT_FILENO;
    return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    return tl::unexpected(errno_text(EEXIST));
  }
  state->fd = ::open(directory_name(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (state->fd < 0 || ::access(link_to(state->fd).c_str(), F_OK) != 0) {
    if (state->fd >= 0) {
      ::close(state->fd);
    }
    std::string name = path + ".part-XXXXXX";
    state->fd = ::mkostemp(name.data(), O_CLOEXEC);  // with mode 0600
    if (state->fd < 0) {
      return tl::unexpected(errno_text(errno));
    }
    state->temporary = std::move(name);
  }
  return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
}

CaptureFile::~CaptureFile() {
  if (!state_->is_output()) {
    ::close(state_->fd);
  }
  if (!state_->temporary.empty()) {
    (void)::unlink(state_->temporary.c_str());
  }
}

void CaptureFile::file(std::string_view name, std::string_view contents) {
  state_->tar.file(without_slash(name), contents);
}

void CaptureFile::link(std::string_view name, std::string_view target) {
  state_->tar.link(without_slash(name), target);
}

tl::expected<std::uint64_t, std::string> CaptureFile::finish() {
  State& state = *state_;
  state.tar.finish();
  if (!state.compressed.finish() && state.error == 0) {
    state.error = ENOMEM;
  }
  if (state.error == 0 && !state.is_output()) {
    state.error = sync(state.fd);
  }
  if (state.error == 0 && !state.is_output()) {
    state.error = state.give_name();
    state.temporary = state.error == 0 ? std::string() : state.temporary;
  }
  if (state.error == 0) {
    return state.bytes;
  }
  std::string why = errno_text(state.error) + "; nothing was kept";
  if (!state.temporary.empty() && ::unlink(state.temporary.c_str()) != 0 && errno != ENOENT) {
    why += ", but " + printable(state.temporary) + " could not be removed: " + errno_text(errno);
  }
  state.temporary.clear();
  return tl::unexpected(why);
}

}  // namespace whyoom::linux
