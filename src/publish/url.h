// Where events go: otlp+https://host:4318, kafka://a:9092,b:9092/topic, stdout:
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace whyoom::publish {

struct Url {
  std::string scheme;              // without the colon
  std::vector<std::string> hosts;  // "name" or "name:port", "[::1]:port"
  std::string path;  // with its slash; empty: none. Without hosts all behind the colon
  std::string text;  // as it was given
};

// The error is a whole sentence. A URL is seen by everybody (ps): one with a password is refused.
tl::expected<Url, std::string> parse_url(std::string_view text);

// Nobody else's network is on the way.
bool is_loopback(std::string_view host);

}  // namespace whyoom::publish
