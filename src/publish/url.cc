#include "publish/url.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::publish {
namespace {

constexpr std::size_t longest = 2048;

bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

}  // namespace

tl::expected<Url, std::string> parse_url(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return tl::unexpected("\"" + printable(text.substr(0, 200)) + "\": " + std::string(why));
  };
  if (text.size() > longest ||
      !std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; })) {
    return wrong("this is no URL");
  }
  if (text.find('@') != std::string_view::npos) {
    // Not shown again: it may hold a password.
    return tl::unexpected(std::string(
        "a URL is for everybody to see: put user and password into a file and give --credentials "
        "FILE"));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return wrong("a URL begins with stdout:, journald:, otlp+https:, k8s:, kafka: or nats:");
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    return wrong("a URL here has no ? and no #");
  }
  Url url;
  url.text = text;
  url.scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 1);
  if (!rest.starts_with("//")) {
    url.path = rest;
    return url;
  }
  rest.remove_prefix(2);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view hosts = rest.substr(0, slash);
  url.path = rest.substr(slash);
  while (true) {
    const std::size_t comma = std::min(hosts.find(','), hosts.size());
    if (!is_host(hosts.substr(0, comma))) {
      return wrong("a host is missing, or is none");
    }
    url.hosts.emplace_back(hosts.substr(0, comma));
    if (comma == hosts.size()) {
      return url;
    }
    hosts.remove_prefix(comma + 1);
  }
}

bool is_loopback(std::string_view host) {
  for (const std::string_view own : {"localhost", "127.0.0.1", "[::1]"}) {
    if (host == own || (host.starts_with(own) && host.substr(own.size()).starts_with(':'))) {
      return true;
    }
  }
  return false;
}

}  // namespace whyoom::publish
