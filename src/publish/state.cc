#include "publish/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "base/text.h"

namespace whyoom::publish {
namespace {

constexpr std::string_view head = "whyoom-publish state 1";
constexpr std::size_t most_bytes = std::size_t{8} << 20U;

std::string said(const std::string& file, int error) {
  return printable(file) + ": " + std::strerror(error);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

State::State(State&& other) noexcept
    : file_(std::move(other.file_)),
      url_(std::move(other.url_)),
      last_(std::move(other.last_)),
      position_(other.position_),
      order_(std::move(other.order_)),
      known_(std::move(other.known_)),
      changed_(other.changed_),
      lock_(std::exchange(other.lock_, -1)) {}

State::~State() {
  if (lock_ >= 0) {
    ::close(lock_);
  }
}

std::size_t State::Hash::operator()(const Id& id) const {
  return std::hash<std::string_view>{}({id.data(), id.size()});  // not all that come are hashes
}

bool State::pack(std::string_view text, Id& id) {
  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto byte =
        text.size() == 32 ? parse_number<unsigned>(text.substr(i * 2, 2), 16) : std::nullopt;
    if (!byte) {
      return false;
    }
    id[i] = static_cast<char>(*byte);
  }
  return true;
}

void State::remember(const Id& id) {
  if (!known_.insert(id).second) {
    return;
  }
  order_.push_back(id);
  if (order_.size() > most_ids) {
    known_.erase(order_.front());
    order_.pop_front();
  }
}

bool State::knows(std::string_view id) const {
  Id packed;
  return pack(id, packed) && known_.contains(packed);
}

void State::add(std::string_view id) {
  Id packed;
  if (pack(id, packed)) {
    remember(packed);
    changed_ = true;
  }
}

void State::set_last(std::string_view id, const Position& position) {
  last_ = id;
  position_ = position;
  changed_ = true;
}

std::string State::read(const std::string& text, const std::string& url) {
  std::string damaged = printable(file_) +
                        ": this is no state of whyoom-publish, or it is damaged. Without it all "
                        "events are sent again";
  std::string_view rest = text;
  if (take_part(rest, '\n') != head) {
    return damaged;
  }
  const std::string_view of = take_part(rest, '\n');
  if (of != "url " + url) {
    return printable(file_) + ": this is the state of another receiver (" + printable(of) +
           "); give each receiver a --state of its own";
  }
  Cursor place(take_part(rest, '\n'));
  const bool named = place.take("at ");
  const auto device = place.take_unsigned();
  const bool first = place.take(' ');
  const auto inode = place.take_unsigned();
  const bool second = place.take(' ');
  const auto offset = place.take_unsigned();
  const bool third = place.take(' ');
  if (!named || !device || !first || !inode || !second || !offset || !third) {
    return damaged;
  }
  position_ = {*device, *inode, *offset};
  last_ = place.rest();
  while (!rest.empty()) {
    const std::string_view line = take_part(rest, '\n');
    Id id;
    if (!pack(line, id)) {
      return damaged;
    }
    remember(id);
  }
  return {};
}

tl::expected<State, std::string> State::open(const std::string& file, const std::string& url) {
  State state;
  state.url_ = url;
  if (file.empty()) {
    return state;
  }
  state.file_ = file;
  const std::string lock = file + ".lock";
  state.lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (state.lock_ < 0) {
    return tl::unexpected(said(lock, errno));
  }
  if (::flock(state.lock_, LOCK_EX | LOCK_NB) != 0) {
    return tl::unexpected(printable(file) + ": another whyoom-publish works with this state");
  }
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) {
      return state;
    }
    return tl::unexpected(said(file, errno));
  }
  std::string text;
  std::array<char, 65536> room;
  ssize_t got = 0;
  while ((got = ::read(fd, room.data(), room.size())) > 0 && text.size() <= most_bytes) {
    text.append(room.data(), static_cast<std::size_t>(got));
  }
  const int error = got < 0 ? errno : 0;
  ::close(fd);
  if (error != 0) {
    return tl::unexpected(said(file, error));
  }
  if (const std::string why = state.read(text, url); !why.empty()) {
    return tl::unexpected(why);
  }
  return state;
}

std::string State::save() {
  if (file_.empty() || !changed_) {
    changed_ = false;
    return {};
  }
  std::string text(head);
  text += "\nurl " + url_ + "\nat " + std::to_string(position_.device) + " " +
          std::to_string(position_.inode) + " " + std::to_string(position_.offset) + " " + last_ +
          "\n";
  text.reserve(text.size() + order_.size() * 33);
  constexpr std::string_view hex = "0123456789abcdef";
  for (const Id& id : order_) {
    for (const char c : id) {
      text += hex[static_cast<unsigned char>(c) >> 4U];
      text += hex[static_cast<unsigned char>(c) & 15U];
    }
    text += '\n';
  }
  const std::string fresh = file_ + ".new";
  (void)::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return said(fresh, errno);
  }
  int error = 0;
  if (!write_all(fd, text) || ::fsync(fd) != 0) {
    error = errno;
  }
  ::close(fd);
  if (error == 0 && ::rename(fresh.c_str(), file_.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    (void)::unlink(fresh.c_str());
    return said(file_, error);
  }
  // The name as well.
  const std::size_t slash = file_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file_.substr(0, slash + 1);
  if (const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); at >= 0) {
    (void)::fsync(at);
    ::close(at);
  }
  changed_ = false;
  return {};
}

}  // namespace whyoom::publish
