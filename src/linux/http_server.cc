#include "linux/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text.h"
#include "linux/clock.h"
#include "linux/file_system.h"
#include "linux/http_head.h"

namespace whyoom::linux {
namespace {

constexpr std::size_t most_connections = 16;
constexpr std::uint64_t longest_ms = 10'000;

std::uint64_t now_ms() { return clock_ms(CLOCK_MONOTONIC); }

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_storage room;
};

// Its size, 0 when the text is no address.
socklen_t parse_address(const std::string& text, Address& address) {
  std::memset(&address, 0, sizeof address);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return 0;
  }
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) {
    return 0;
  }
  const std::string host = text.substr(0, colon);
  if (::inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(*port);
    return sizeof address.v4;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
      ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(*port);
    return sizeof address.v6;
  }
  return 0;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Service Unavailable";
  }
}

std::string text_of(const HttpAnswer& answer, bool with_body) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text.append(reason(answer.status)).append("\r\nContent-Type: ").append(answer.type);
  text += "\r\nContent-Length: " + std::to_string(answer.body.size());
  text += answer.status == 405 ? "\r\nAllow: GET, HEAD" : "";
  text += "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
  return with_body ? text + answer.body : text;
}

using Page = std::function<HttpAnswer(std::string_view path)>;

class Connection {
 public:
  explicit Connection(Descriptor socket) : socket_(std::move(socket)), since_ms_(now_ms()) {}

  [[nodiscard]] pollfd wanted() const {
    return {socket_.get(), static_cast<short>(state_ == State::sending ? POLLOUT : POLLIN), 0};
  }
  [[nodiscard]] std::uint64_t until_ms() const { return since_ms_ + longest_ms; }
  // False: it is over.
  bool go_on(const Page& page);

 private:
  // `leaving`: all is sent; what the other side still sends is read until it has understood, as a
  // socket that is closed with bytes in it takes the answer back.
  enum class State : std::uint8_t { reading, sending, leaving };
  bool read(const Page& page);
  bool send();
  void answer(const Page& page);

  Descriptor socket_;
  std::uint64_t since_ms_;
  State state_ = State::reading;
  std::string head_, out_;
  std::size_t sent_ = 0;
};

void Connection::answer(const Page& page) {
  const HttpHead head = parse_http_head(head_);
  const bool is_head = head.method == "HEAD";
  switch (head.state) {
    case HttpHead::State::unfinished:
      return;
    case HttpHead::State::bad:
      out_ = text_of({400, "This is no HTTP request.\n"}, true);
      break;
    case HttpHead::State::too_long:
      out_ = text_of({431, "The request is too long.\n"}, true);
      break;
    case HttpHead::State::good:
      out_ = text_of(is_head || head.method == "GET" ? page(head.path)
                                                     : HttpAnswer{405, "Only GET and HEAD.\n"},
                     !is_head);
      break;
  }
  state_ = State::sending;
}

bool Connection::read(const Page& page) {
  std::array<char, 4096> room;
  const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
  if (got < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  if (got == 0) {
    return false;
  }
  if (state_ == State::reading) {
    head_.append(room.data(), static_cast<std::size_t>(got));
    answer(page);
  }
  return state_ != State::sending || send();
}

bool Connection::send() {
  const ssize_t got = ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
  if (got < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  sent_ += static_cast<std::size_t>(got);
  if (sent_ == out_.size()) {
    out_ = {};
    state_ = State::leaving;
    return ::shutdown(socket_.get(), SHUT_WR) == 0;
  }
  return true;
}

bool Connection::go_on(const Page& page) { return state_ == State::sending ? send() : read(page); }

}  // namespace

tl::expected<Descriptor, std::string> listen_at(const std::string& text) {
  Address address{};
  const socklen_t size = parse_address(text, address);
  if (size == 0) {
    return tl::unexpected("--listen: \"" + printable(text) +
                          "\" is no address with a port, like 127.0.0.1:9753 or [::1]:9753");
  }
  Descriptor socket(::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  if (socket.get() < 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(socket.get(), &address.any, size) != 0 || ::listen(socket.get(), 64) != 0) {
    return tl::unexpected("it cannot listen at " + printable(text) + ": " + errno_text(errno));
  }
  return socket;
}

std::string address_of(const Descriptor& listener) {
  Address address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getsockname(listener.get(), &address.any, &size) != 0) {
    return {};
  }
  const bool v4 = address.any.sa_family == AF_INET;
  const void* host = v4 ? static_cast<const void*>(&address.v4.sin_addr) : &address.v6.sin6_addr;
  if (::inet_ntop(address.any.sa_family, host, text.data(), text.size()) == nullptr) {
    return {};
  }
  const std::string port = std::to_string(ntohs(v4 ? address.v4.sin_port : address.v6.sin6_port));
  return v4 ? std::string(text.data()) + ":" + port : "[" + std::string(text.data()) + "]:" + port;
}

void serve_pages(const Descriptor& listener, const Descriptor& stop, const Page& page) {
  std::vector<Connection> connections;  // the oldest first
  std::vector<pollfd> wanted;
  for (;;) {
    wanted.assign({{stop.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}});
    int wait_ms = -1;
    for (const Connection& each : connections) {
      wanted.push_back(each.wanted());
    }
    if (!connections.empty()) {
      const std::uint64_t until = connections.front().until_ms(), now = now_ms();
      wait_ms = static_cast<int>(until - std::min(until, now)) + 1;
    }
    if (::poll(wanted.data(), wanted.size(), wait_ms) < 0 && errno != EINTR) {
      return;
    }
    if (wanted[0].revents != 0) {
      return;
    }
    std::vector<Connection> going_on;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const bool ready = wanted[i + 2].revents != 0;
      if ((!ready || connections[i].go_on(page)) && connections[i].until_ms() > now_ms()) {
        going_on.push_back(std::move(connections[i]));
      }
    }
    connections = std::move(going_on);
    if (wanted[1].revents != 0) {
      Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (socket.get() >= 0) {
        if (connections.size() == most_connections) {
          connections.erase(connections.begin());
        }
        connections.emplace_back(std::move(socket));
      }
    }
  }
}

}  // namespace whyoom::linux
