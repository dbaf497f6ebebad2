#include "linux/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::linux {
namespace {

using State = HttpHead::State;

TEST(HttpHead, ReadsMethodAndPath) {
  const HttpHead head = parse_http_head("GET /metrics?a=/b HTTP/1.1\r\nHost: x\r\n\r\nmore");
  EXPECT_EQ(head.state, State::good);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/metrics");
  EXPECT_EQ(parse_http_head("HEAD / HTTP/1.0\n\n").state, State::good);
}

TEST(HttpHead, WaitsForItsEnd) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(parse_http_head(whole.substr(0, i)).state, State::unfinished) << i;
  }
}

TEST(HttpHead, TakesNothingElse) {
  for (const char* text :
       {"\n\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.10\r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n", "GET /\x01 HTTP/1.1\r\n\r\n", "GET /\xff HTTP/1.1\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\n\r\n", "G\tT / HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(parse_http_head(text).state, State::bad) << text;
  }
}

TEST(HttpHead, IsBounded) {
  EXPECT_EQ(parse_http_head(std::string(most_http_head, 'a')).state, State::unfinished);
  EXPECT_EQ(parse_http_head(std::string(most_http_head + 1, 'a')).state, State::too_long);
  const std::string late = "GET / HTTP/1.1\r\n" + std::string(most_http_head, 'a') + "\r\n\r\n";
  EXPECT_EQ(parse_http_head(late).state, State::too_long);
}

}  // namespace
}  // namespace whyoom::linux
