// The head of an HTTP/1.x request (RFC 9112), as much of it as a server of two pages has to
// understand: the method and the path. Anything may come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace whyoom::linux {

inline constexpr std::size_t most_http_head = 8192;

struct HttpHead {
  enum class State : std::uint8_t {
    unfinished,  // more of it is to come
    good,
    bad,       // 400
    too_long,  // 431
  };
  State state = State::unfinished;
  std::string_view method, path;  // the path without the query
};
HttpHead parse_http_head(std::string_view bytes);

}  // namespace whyoom::linux
