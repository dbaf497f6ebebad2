#include "host/posted_prompt.h"

#include <gtest/gtest.h>

namespace whyoom::host {
namespace {

TEST(PostedPrompt, OfAnotherHost) {
  EXPECT_TRUE(is_of_other_host("root@web9:~# free -m\n", "db1"));
  EXPECT_TRUE(is_of_other_host("x\n> [admin@web9 ~]$ sysctl vm.min_free_kbytes\n", "db1"));
  EXPECT_FALSE(is_of_other_host("root@web9:~# free -m\nroot@db1:~# free -m\n", "db1"));
  EXPECT_FALSE(is_of_other_host("root@DB1.example.org:/# free -m", "db1"));
  EXPECT_FALSE(is_of_other_host("root@web9:~# free -m", "")) << "the log names none";
}

TEST(PostedPrompt, IsNoAddress) {
  EXPECT_FALSE(is_of_other_host("bob@example.org wrote\n", "db1"));
  EXPECT_FALSE(is_of_other_host("From: <bob@web9> $\n", "db1"));
  EXPECT_FALSE(is_of_other_host("# free -m\n$ sysctl -a\n@web9:~#\n", "db1"));
}

}  // namespace
}  // namespace whyoom::host
