#include "kernel/release.h"

#include <gtest/gtest.h>

namespace whyoom::kernel {
namespace {

TEST(Release, Numbers) {
  EXPECT_EQ(parse_release("6.1.1-arch1-1"), (Release{6, 1, 1, 0}));
  EXPECT_EQ(parse_release("5.4.0-1097-aws"), (Release{5, 4, 0, 0}));
  EXPECT_EQ(parse_release("6.12.117+deb12-cloud-amd64"), (Release{6, 12, 117, 0}));
  EXPECT_EQ(parse_release("5.2.0-rc7"), (Release{5, 2, 0, 0}));
  EXPECT_EQ(parse_release("6.6-rc3"), (Release{6, 6, 0, 0}));
  EXPECT_EQ(parse_release("6.19"), (Release{6, 19, 0, 0}));
  EXPECT_EQ(parse_release("4.18.0+"), (Release{4, 18, 0, 0}));
  EXPECT_EQ(parse_release("2.6.32.69"), (Release{2, 6, 32, 0}));
  EXPECT_EQ(parse_release(" 3.2.27+ #102 PREEMPT"), (Release{3, 2, 27, 0}));
}

TEST(Release, EnterpriseKernels) {
  EXPECT_EQ(parse_release("2.6.32-279.el6.i686"), (Release{2, 6, 32, 6}));
  EXPECT_EQ(parse_release("3.10.0-1062.el7.x86_64"), (Release{3, 10, 0, 7}));
  EXPECT_EQ(parse_release("4.18.0-372.73.1.el8_6.x86_64"), (Release{4, 18, 0, 8}));
  EXPECT_EQ(parse_release("5.14.0-427.el9"), (Release{5, 14, 0, 9}));
  EXPECT_EQ(parse_release("6.12.0-55.9.1.el10_0.x86_64"), (Release{6, 12, 0, 10}));
}

TEST(Release, OtherKernelsForAnEnterpriseSystem) {
  EXPECT_EQ(parse_release("5.4.17-2136.307.3.4.el8uek.x86_64"), (Release{5, 4, 17, 0}));
  EXPECT_EQ(parse_release("4.18.1-1.el8uek"), (Release{4, 18, 1, 0}));
  EXPECT_EQ(parse_release("5.4.1-1.el7.elrepo.x86_64"), (Release{5, 4, 1, 0}));
  EXPECT_EQ(parse_release("2.6.18-398.el5"), (Release{2, 6, 18, 0}));
}

TEST(Release, WhatIsNoRelease) {
  for (const char* text : {"", "x86_64", "6", "6.", ".6.1", "6.x", "-6.1.1", "2023.11.5", "1.2.13",
                           "6.1.", "6.1.1abc", "6.99999999999999999999.1", "6.70000", "#1 SMP"}) {
    EXPECT_FALSE(parse_release(text)) << text;
  }
}

TEST(Release, Order) {
  EXPECT_LT(*parse_release("2.6.31.3"), *parse_release("2.6.32"));
  EXPECT_LT(*parse_release("4.9.154"), *parse_release("4.14.1"));
  EXPECT_TRUE(parse_release("5.10.0")->at_least(5, 9));
  EXPECT_FALSE(parse_release("5.10.0")->at_least(5, 11));
  EXPECT_TRUE(parse_release("6.1")->at_least(5, 11));
}

TEST(Release, SomeNamesTellTheSizeOfAPage) {
  EXPECT_EQ(page_kib_by_name("6.8.0-45-generic-64k"), 64U);
  EXPECT_EQ(page_kib_by_name("5.14.0-427.31.1.el9_4.aarch64+64k"), 64U);
  EXPECT_EQ(page_kib_by_name("4.18.0-553.el8.ppc64le"), 64U);
  EXPECT_EQ(page_kib_by_name("6.12.43+deb13-arm64-16k"), 16U);
  EXPECT_EQ(page_kib_by_name("6.9.12-asahi"), 16U);
  EXPECT_EQ(page_kib_by_name("6.6.51+rpt-rpi-2712"), 16U);
  for (const char* other : {"6.6.51+rpt-rpi-v8", "6.8.0-45-generic", "5.14.0-427.el9.aarch64",
                            "6.1.0-31-powerpc64le", "6.12.43-64kb", ""}) {
    EXPECT_EQ(page_kib_by_name(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace whyoom::kernel
