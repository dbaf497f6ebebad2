#include "publish/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace whyoom::publish {
namespace {

constexpr std::size_t most_answer = std::size_t{16} << 20U;
constexpr long connect_ms = 10'000, whole_ms = 30'000;

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  (void)::curl_easy_setopt(handle, option, value);
}

}  // namespace

Http::Http(void* handle, const Setup& setup) : handle_(handle), setup_(setup) {
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle_, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  set(handle_, CURLOPT_TIMEOUT_MS, whole_ms);
  set(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(handle_, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle_, CURLOPT_SSL_VERIFYHOST, 2L);
  set(handle_, CURLOPT_USERAGENT, "whyoom-publish/" WHYOOM_VERSION);
  if (!setup_.ca_file.empty()) {
    set(handle_, CURLOPT_CAINFO, setup_.ca_file.c_str());
    set(handle_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!setup_.credentials.cert.empty()) {
    set(handle_, CURLOPT_SSLCERT, setup_.credentials.cert.c_str());
    set(handle_, CURLOPT_SSLKEY, setup_.credentials.key.c_str());
  }
  static_assert(sizeof error_ == CURL_ERROR_SIZE);
  set(handle_, CURLOPT_ERRORBUFFER, error_.data());
  set(
      handle_, CURLOPT_WRITEFUNCTION,
      +[](char* bytes, std::size_t size, std::size_t count, void* self) {
        auto& body = static_cast<Http*>(self)->answer_.body;
        const std::size_t all = size * count;
        if (body.size() + all > most_answer) {
          return std::size_t{0};
        }
        body.append(bytes, all);
        return all;
      });
  set(handle_, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(
      handle_, CURLOPT_XFERINFOFUNCTION,
      +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<Http*>(self)->setup_.go_on() ? 0 : 1;
      });
  set(handle_, CURLOPT_XFERINFODATA, static_cast<void*>(this));
  set(handle_, CURLOPT_NOPROGRESS, 0L);
}

Http::~Http() { ::curl_easy_cleanup(handle_); }

HttpAnswer Http::send(const std::string& url, const std::vector<std::string>& headers,
                      std::string_view body) {
  answer_ = {};
  error_[0] = '\0';
  curl_slist* list = ::curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : headers) {
    list = ::curl_slist_append(list, header.c_str());
  }
  set(handle_, CURLOPT_URL, url.c_str());
  set(handle_, CURLOPT_HTTPHEADER, list);
  if (body.empty()) {
    set(handle_, CURLOPT_HTTPGET, 1L);
  } else {
    set(handle_, CURLOPT_POST, 1L);
    set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(handle_, CURLOPT_POSTFIELDS, body.data());
  }
  const CURLcode done = ::curl_easy_perform(handle_);
  set(handle_, CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  ::curl_slist_free_all(list);
  if (done != CURLE_OK) {
    answer_.body.clear();
    answer_.error = error_[0] != '\0' ? error_.data() : ::curl_easy_strerror(done);
    return std::move(answer_);
  }
  long status = 0;
  (void)::curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  if (::curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
    answer_.retry_after = std::chrono::seconds(std::min<curl_off_t>(seconds, 86'400));
  }
  return std::move(answer_);
}

tl::expected<std::unique_ptr<Http>, std::string> Http::make(const Setup& setup) {
  static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* handle = ready == CURLE_OK ? ::curl_easy_init() : nullptr;
  if (handle == nullptr) {
    return tl::unexpected(std::string("libcurl could not be started"));
  }
  return std::unique_ptr<Http>(new Http(handle, setup));
}

std::string secret_in_clear(const Setup& setup, bool tls) {
  if (tls || !setup.credentials.any_secret() ||
      std::ranges::all_of(setup.url.hosts, [](const auto& host) { return is_loopback(host); })) {
    return {};
  }
  return "credentials are not sent without TLS; take the URL with TLS (--help has it)";
}

std::string text_of(const HttpAnswer& answer) {
  if (answer.status == 0) {
    return answer.error;
  }
  std::string text = "HTTP status " + std::to_string(answer.status);
  if (!answer.body.empty()) {
    text += ": " + answer.body.substr(0, 300);
  }
  return text;
}

}  // namespace whyoom::publish
