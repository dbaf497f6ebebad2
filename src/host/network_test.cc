#include "host/network.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace whyoom::host {
namespace {

Maybe<Pages> sockstat(std::string_view text) { return parse_sockstat(Lines(text, 3, nullptr)); }
Maybe<std::uint64_t> neighbours(std::string_view text) {
  return parse_neighbours(Lines(text, 3, nullptr));
}

TEST(Network, MemoryOfTcpSockets) {
  const auto pages = sockstat(
      "sockets: used 812\nTCP: inuse 640 orphan 2 tw 31 alloc 655 mem 22900\nUDP: inuse 4 mem 3\n");
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->value, Pages(22900));
  EXPECT_EQ(pages->at.line, 2U);
  EXPECT_FALSE(sockstat("UDP: inuse 4 mem 3\n"));
  EXPECT_FALSE(sockstat("TCP: inuse 640 orphan\n"));
  EXPECT_FALSE(sockstat("TCP: inuse 640 orphan 2 tw 31 alloc 655 mem x\n"));
  EXPECT_FALSE(sockstat(""));
}

TEST(Network, Neighbours) {
  EXPECT_EQ(neighbours("entries  allocs\n0000012c  00001f20\n0000012c 0\n")->value, 300U);
  EXPECT_FALSE(neighbours("entries  allocs\n"));
  EXPECT_FALSE(neighbours("entries  allocs\n12z 0\n"));
  EXPECT_FALSE(neighbours("0000012c  00001f20\n"));
}

}  // namespace
}  // namespace whyoom::host
