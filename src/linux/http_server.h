// A server of few pages for few clients, single-threaded, each connection for one request. Bounded:
// so many connections (the oldest goes when one more comes), a head of 8 KiB, so many seconds from
// the first to the last byte. No TLS: it is made for the loopback device.
//
// It is its own because the libraries were too much for two pages: Debian's cpp-httplib comes as a
// shared library only, and libevent takes 455 kB of a static program, with the C library's
// resolver.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "linux/descriptor.h"

namespace whyoom::linux {

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string_view type = "text/plain; charset=utf-8";
};

// "127.0.0.1:9753", "[::1]:9753"; port 0 is any that is free. No names. The error is a whole
// sentence.
tl::expected<Descriptor, std::string> listen_at(const std::string& address);
std::string address_of(const Descriptor& listener);  // with the port that it got

// Until `stop` can be read. `page` answers GET of a path; HEAD is the same without the body.
void serve_pages(const Descriptor& listener, const Descriptor& stop,
                 const std::function<HttpAnswer(std::string_view path)>& page);

}  // namespace whyoom::linux
