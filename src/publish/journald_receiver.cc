// `journald:` The journal's own protocol: one datagram an event, each field with its length.
// https://systemd.io/JOURNAL_NATIVE_PROTOCOL
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/text.h"
#include "publish/receiver.h"

namespace whyoom::publish {
namespace {

constexpr std::string_view default_socket = "/run/systemd/journal/socket";
// Of all events of whyoom: journalctl MESSAGE_ID=...
constexpr std::string_view message_id = "5d6b8a3f27c94e0b9a51d4c7e8f2036b";

void add(std::string& datagram, std::string_view name, std::string_view value) {
  datagram += name;
  datagram += '\n';
  std::uint64_t size = value.size();
  for (int i = 0; i < 8; ++i, size >>= 8U) {
    datagram += static_cast<char>(size & 0xffU);
  }
  datagram += value;
  datagram += '\n';
}

std::string field_name(std::string_view name) {
  std::string result = "WHYOOM_" + std::string(name);
  std::ranges::transform(result, result.begin(), to_upper);
  return result;
}

std::string datagram_of(const Event& event) {
  constexpr std::array<std::string_view, 3> priorities = {"4", "3", "2"};  // by Severity
  std::string datagram;
  add(datagram, "MESSAGE", event.message);
  add(datagram, "MESSAGE_ID", message_id);
  add(datagram, "PRIORITY", priorities[static_cast<std::size_t>(event.severity)]);
  add(datagram, "SYSLOG_IDENTIFIER", "whyoom");
  add(datagram, "WHYOOM_ID", event.id);
  if (!event.host.empty()) {
    add(datagram, "WHYOOM_HOST", event.host);
  }
  for (const Field& field : event.fields) {
    const std::string* text = std::get_if<std::string>(&field.value);
    const auto* number = std::get_if<std::int64_t>(&field.value);
    add(datagram, field_name(field.name),
        text != nullptr     ? *text
        : number != nullptr ? std::to_string(*number)
                            : std::to_string(std::get<double>(field.value)));
  }
  return datagram;
}

class JournaldReceiver final : public Receiver {
 public:
  explicit JournaldReceiver(std::string path) : path_(std::move(path)) {}
  ~JournaldReceiver() override { close(); }

  std::vector<Outcome> deliver(std::span<const Event> batch) override {
    std::vector<Outcome> outcomes;
    for (const Event& event : batch) {
      if (const int error = send(datagram_of(event)); error != 0) {
        close();
        outcomes.push_back({error == EMSGSIZE ? Answer::refused : Answer::again,
                            path_ + ": " + std::strerror(error)});
        if (error != EMSGSIZE) {
          break;
        }
        continue;
      }
      outcomes.push_back({Answer::accepted});
    }
    return outcomes;
  }

 private:
  int send(const std::string& datagram) {
    if (fd_ < 0) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::memcpy(address.sun_path, path_.data(), path_.size());
      fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      // A journal that does not read is waited for, but not for ever.
      const timeval patience{5, 0};
      const int room = 1 << 20;
      (void)::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      (void)::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
      if (fd_ < 0 ||
          ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return errno;
      }
    }
    return ::send(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0 ? errno : 0;
  }
  void close() {
    if (fd_ >= 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }

  std::string path_;
  int fd_ = -1;
};

}  // namespace

MadeReceiver make_journald(const Setup& setup) {
  std::string path = setup.url.path.empty() ? std::string(default_socket) : setup.url.path;
  if (!setup.url.hosts.empty() || path.front() != '/' ||
      path.size() >= sizeof(sockaddr_un::sun_path)) {
    return tl::unexpected(std::string("it is journald: or journald:/path/of/its/socket"));
  }
  return std::make_unique<JournaldReceiver>(std::move(path));
}

}  // namespace whyoom::publish
