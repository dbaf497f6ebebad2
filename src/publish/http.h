// One request after the other to an HTTP server, over one connection where it stays open.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "publish/receiver.h"

namespace whyoom::publish {

struct HttpAnswer {
  int status = 0;  // 0: there was none, and `error` says why
  std::string body, error;
  std::chrono::milliseconds retry_after{0};  // 0: the server did not say
};

class Http {
 public:
  // TLS is verified against `setup.ca_file`, or what the system trusts; the client shows its
  // certificate if it has one.
  static tl::expected<std::unique_ptr<Http>, std::string> make(const Setup& setup);
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  ~Http();

  // `headers` as "name: value". Redirects are not followed. An empty `body` is a GET.
  HttpAnswer send(const std::string& url, const std::vector<std::string>& headers,
                  std::string_view body);

 private:
  Http(void* handle, const Setup& setup);  // a CURL

  void* handle_;
  Setup setup_;
  HttpAnswer answer_;
  std::array<char, 256> error_{};
};

// A secret is sent over TLS, or to this machine. Empty, or a whole sentence.
std::string secret_in_clear(const Setup& setup, bool tls);

// "503 Service Unavailable: what it says", fit for people.
std::string text_of(const HttpAnswer& answer);

}  // namespace whyoom::publish
