#include "linux/recorder/ring.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include "base/text.h"
#include "linux/file_system.h"
#include "record/segment.h"

namespace whyoom::linux {
namespace {

constexpr std::string_view prefix = "segment-";
constexpr std::size_t digits = 12;
constexpr std::size_t most_segments = 1000, usual_segments = 100;
constexpr std::uint64_t least_to_go_on = std::uint64_t{32} << 10U;  // room that is worth it
constexpr std::uint64_t most_segment_bytes = std::uint64_t{4} << 20U;

using Name = std::array<char, 32>;
Name name_of_segment(std::uint64_t number) {
  Name name{};
  std::snprintf(name.data(), name.size(), "segment-%012llu",
                static_cast<unsigned long long>(number % 1'000'000'000'000));
  return name;
}

std::string ring_error(const std::string& path, int error) {
  std::string why = errno_text(error);
  if (error == others_hold_it) {
    why = "others than its owner can write to a directory on the way";
  } else if (error == ELOOP || error == ENOTDIR) {
    why = "it is no directory, or a symbolic link is on the way; it is not followed";
  }
  return "the recorder's store, " + printable(path) + ", cannot be used: " + why;
}

tl::expected<Descriptor, std::string> open_owned(const std::string& path, bool& missing) {
  auto directory = open_real_directory(path);
  missing = !directory && directory.error() == ENOENT;
  if (!directory) {
    return tl::unexpected(ring_error(path, directory.error()));
  }
  struct stat status {};
  if (::fstat(directory->get(), &status) != 0) {
    return tl::unexpected(ring_error(path, errno));
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return tl::unexpected("the recorder's store, " + printable(path) + ", belongs to user " +
                          std::to_string(status.st_uid) + ". It is not believed");
  }
  if ((status.st_mode & 022U) != 0) {
    return tl::unexpected("others than its owner can write to the recorder's store, " +
                          printable(path) + ". It is not believed");
  }
  return std::move(*directory);
}

int numbers_in(int directory, std::vector<std::uint64_t>& numbers) {
  Descriptor again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int error = each_entry(std::move(again), [&numbers](const dirent& entry) {
    const std::string_view name = entry.d_name;
    if (name.starts_with(prefix) && name.size() == prefix.size() + digits) {
      if (const auto number = parse_number<std::uint64_t>(name.substr(prefix.size()))) {
        numbers.push_back(*number);
      }
    }
    return true;
  });
  std::ranges::sort(numbers);
  return error;
}

// Where the file system can; an error of errno where it has no room.
int reserve(int file, std::uint64_t bytes) {
  const bool done = ::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0;
  return done || errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
}

// Each segment is open while the ring is read; a ring of an older program can have a thousand.
void allow_many_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
    (void)::setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace

std::string absolute_path(const std::string& path) {
  std::string result = path;
  char here[PATH_MAX];
  if (!path.starts_with('/') && ::getcwd(here, sizeof here) != nullptr) {
    result = std::string(here) + "/" + (path.starts_with("./") ? path.substr(2) : path);
  }
  while (result.size() > 1 && result.ends_with('/')) {
    result.pop_back();
  }
  return result;
}

tl::expected<std::vector<Descriptor>, std::string> open_ring(const std::string& given) {
  const std::string path = absolute_path(given);
  std::vector<Descriptor> segments;
  bool missing = false;
  const auto directory = open_owned(path, missing);
  if (!directory) {
    if (missing) {
      return segments;
    }
    return tl::unexpected(directory.error());
  }
  std::vector<std::uint64_t> numbers;
  if (const int error = numbers_in(directory->get(), numbers)) {
    return tl::unexpected(ring_error(path, error));
  }
  if (numbers.size() > usual_segments) {
    allow_many_files();
    numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(
                                                       std::min(numbers.size(), most_segments)));
  }
  for (const std::uint64_t number : numbers) {
    Descriptor file(::openat(directory->get(), name_of_segment(number).data(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 && errno != ENOENT && errno != ELOOP) {
      return tl::unexpected(ring_error(path, errno));
    }
    if (file.get() >= 0 && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) {
      segments.push_back(std::move(file));
    }
  }
  return segments;
}

std::string read_segment_file(const Descriptor& segment) {
  std::string bytes;
  std::array<char, 65536> room;
  (void)::lseek(segment.get(), 0, SEEK_SET);
  while (bytes.size() < most_segment_bytes) {
    const ssize_t got = ::read(segment.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      break;
    }
    bytes.append(room.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

RingWriter::RingWriter(RingOptions options)
    : options_(std::move(options)),
      segment_bytes_(std::clamp(options_.bytes / 16, least_ring_bytes / 16, most_segment_bytes)) {
  old_.reserve(most_segments + 1);
}

tl::expected<RingWriter, std::string> RingWriter::open(const RingOptions& options) {
  if (!is_plain_path(options.path)) {
    return tl::unexpected(ring_error(options.path, EINVAL));
  }
  for (const std::string& missing : missing_directories(options.path)) {
    if (::mkdir(missing.c_str(), missing == options.path ? 0700 : 0755) != 0 && errno != EEXIST) {
      return tl::unexpected(ring_error(options.path, errno));
    }
  }
  RingWriter ring(options);
  bool missing = false;
  auto directory = open_owned(options.path, missing);
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  ring.directory_ = std::move(*directory);
  const int at = ring.directory_.get();
  // A directory that was there may have other uses: it is not closed to those who use it.
  if (struct stat status{}; ::fstat(at, &status) != 0 || (status.st_mode & 077U) != 0) {
    return tl::unexpected("others can look into " + printable(options.path) +
                          ". Give --store a directory of its own, or close this one: chmod 700");
  }
  ring.lock_ = Descriptor(::openat(at, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (ring.lock_.get() < 0) {
    return tl::unexpected(ring_error(options.path, errno));
  }
  // It belongs to the open file and ends with the process, however that ends.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(ring.lock_.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return tl::unexpected("another whyoom watch records into " + printable(options.path) +
                            ". One is enough; give this one another --store");
    }
    return tl::unexpected(ring_error(options.path, errno));
  }
  std::vector<std::uint64_t> numbers;
  if (const int error = numbers_in(at, numbers)) {
    return tl::unexpected(ring_error(options.path, error));
  }
  ring.keep_newest(numbers);
  ring.repair();
  ring.go_on();
  return ring;
}

// More files than there can be are the oldest ones of a recorder that made one with each start.
void RingWriter::keep_newest(const std::vector<std::uint64_t>& numbers) {
  const std::size_t too_many = numbers.size() - std::min(numbers.size(), most_segments);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    struct stat status {};
    const Name name = name_of_segment(numbers[i]);
    if (i < too_many) {
      ::unlinkat(directory_.get(), name.data(), 0);
    } else if (::fstatat(directory_.get(), name.data(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      old_.push_back({numbers[i], static_cast<std::uint64_t>(status.st_size)});
    }
    number_ = numbers[i];
  }
}

// The end of the last segment that a crash tore. What is damaged further ahead stays, readers step
// over it; and a file in which nothing is readable is left alone.
void RingWriter::repair() {
  if (old_.empty()) {
    return;
  }
  Descriptor file(::openat(directory_.get(), name_of_segment(old_.back().number).data(),
                           O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return;
  }
  const std::string bytes = read_segment_file(file);
  const record::SegmentAccount account =
      record::read_segment(bytes, {[](const record::Sample&) {}, [](const record::Note&) {}});
  const std::size_t good = account.good_end;
  if (good == 0) {
    return;
  }
  last_is_whole_ = account.damages <= (good < bytes.size() ? 1 : 0);
  // Also gives back the room that was kept for it.
  if (::ftruncate(file.get(), static_cast<off_t>(good)) == 0) {
    cut_bytes_ = old_.back().bytes - std::min<std::uint64_t>(old_.back().bytes, good);
    old_.back().bytes = good;
  }
}

void RingWriter::go_on() {
  if (!last_is_whole_ || old_.back().number != number_ ||
      old_.back().bytes + least_to_go_on > segment_bytes_) {
    return;
  }
  Descriptor file(::openat(directory_.get(), name_of_segment(number_).data(),
                           O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // Without room for the rest of it a new one is begun, which makes older ones give theirs.
  if (file.get() >= 0 && reserve(file.get(), segment_bytes_) == 0) {
    file_ = std::move(file);
    used_ = old_.back().bytes;
    old_.pop_back();
  }
}

std::uint64_t RingWriter::bytes() const {
  std::uint64_t sum = used_;
  for (const Segment& segment : old_) {
    sum += segment.bytes;
  }
  return sum;
}

bool RingWriter::drop_oldest() {
  if (old_.empty()) {
    return false;
  }
  const bool done =
      ::unlinkat(directory_.get(), name_of_segment(old_.front().number).data(), 0) == 0 ||
      errno == ENOENT;
  old_.erase(old_.begin());
  return done;
}

int RingWriter::open_new(std::uint64_t number) {
  file_ = Descriptor(::openat(directory_.get(), name_of_segment(number).data(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file_.get() < 0) {
    return errno;
  }
  const int error = reserve(file_.get(), segment_bytes_);
  if (error != 0) {
    file_.close();
    ::unlinkat(directory_.get(), name_of_segment(number).data(), 0);
  }
  return error;
}

int RingWriter::begin_segment() {
  close();
  while (!old_.empty() &&
         (bytes() + segment_bytes_ > options_.bytes || old_.size() >= most_segments)) {
    drop_oldest();
  }
  int error = open_new(number_ + 1);
  while ((error == ENOSPC || error == EDQUOT) && drop_oldest()) {
    error = open_new(number_ + 1);
  }
  if (error == 0 || error == EEXIST) {
    ++number_;
  }
  if (error == 0) {
    (void)::fsync(directory_.get());  // its name
  }
  return error;
}

bool RingWriter::needs_segment(std::size_t bytes) const {
  return file_.get() < 0 || used_ + bytes > segment_bytes_;
}

bool RingWriter::close_deleted() {
  struct stat status {};
  if (file_.get() < 0 || ::fstat(file_.get(), &status) != 0 || status.st_nlink != 0) {
    return false;
  }
  close();
  return true;
}

int RingWriter::append(std::string_view record) {
  if (file_.get() < 0) {
    return EBADF;
  }
  const ssize_t got =
      ::pwrite(file_.get(), record.data(), record.size(), static_cast<off_t>(used_));
  if (got == static_cast<ssize_t>(record.size())) {
    used_ += record.size();
    return 0;
  }
  const int error = got < 0 ? errno : ENOSPC;
  if (got > 0 && ::ftruncate(file_.get(), static_cast<off_t>(used_)) != 0) {
    close();  // half a record stays: nothing is to come behind it
  }
  return error;
}

int RingWriter::sync() { return file_.get() < 0 || ::fdatasync(file_.get()) == 0 ? 0 : errno; }

void RingWriter::close() {
  if (file_.get() < 0) {
    return;
  }
  (void)::ftruncate(file_.get(), static_cast<off_t>(used_));
  (void)::fdatasync(file_.get());
  if (old_.size() <= most_segments) {
    old_.push_back({number_, used_});
  }
  file_.close();
  used_ = 0;
}

bool RingWriter::is_gone() const {
  struct stat ours {
  }, there{};
  return ::fstat(directory_.get(), &ours) != 0 || ::stat(options_.path.c_str(), &there) != 0 ||
         ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

}  // namespace whyoom::linux
