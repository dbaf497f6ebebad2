#include "linux/running_value.h"

#include <gtest/gtest.h>

#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

using test::get;
using test::put;
using test::Scratch;

TEST(RunningValue, it_is_written_and_read_back) {
  const Scratch dir;
  put(dir / "value", "1048576\n");
  EXPECT_TRUE(write_running({"vm.x", dir / "value", "1048576", "67584"}));
  EXPECT_EQ(get(dir / "value"), "67584\n");
  EXPECT_EQ(read_running(dir / "value").value(), "67584");
}

TEST(RunningValue, what_the_kernel_refuses_is_told) {
  const advise::RunningEdit edit{"vm.min_free_kbytes", "/proc/sys/vm/min_free_kbytes", "", "-5"};
  const auto refused = write_running(edit);
  ASSERT_FALSE(refused);
  if (::geteuid() == 0) {
    EXPECT_EQ(refused.error().find("vm.min_free_kbytes cannot be set: "), 0U) << refused.error();
  }
  EXPECT_NE(refused.error().find(::access(edit.path.c_str(), W_OK) == 0 ? "the kernel refuses"
                                 : ::geteuid() == 0                     ? "read-only"
                                                                        : "Run this as root"),
            std::string::npos)
      << refused.error();
}

TEST(RunningValue, a_key_that_this_kernel_lacks_is_told) {
  const advise::RunningEdit edit{"vm.no_such", "/proc/sys/vm/no_such", "", "1"};
  ASSERT_FALSE(can_write_running(edit));
  EXPECT_EQ(can_write_running(edit).error(),
            "vm.no_such cannot be set: this kernel has no /proc/sys/vm/no_such");
  EXPECT_FALSE(read_running(edit.path));
}

TEST(RunningValue, a_value_that_is_not_kept_is_told) {
  const advise::RunningEdit edit{"x", "/dev/null", "", "1"};
  ASSERT_FALSE(write_running(edit));
  EXPECT_NE(write_running(edit).error().find("keeps another value"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::linux
