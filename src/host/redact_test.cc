#include "host/redact.h"

#include <gtest/gtest.h>

namespace whyoom::host {
namespace {

TEST(Redact, OfAccountsOnlyNamesNumbersAndMembers) {
  EXPECT_EQ(
      kept_in_capture("/etc/passwd", "app:hash:1000:100:Ada L.,room 1:/home/ada:/bin/sh\nx\n"),
      "app:x:1000:100::/:\nx:::/:\n");
  EXPECT_EQ(kept_in_capture("/etc/group", "users:hash:100:app,bob\n"), "users:x:100:app,bob\n");
}

TEST(Redact, OfUnitsAndLimitsOnlyLinesThatARuleReads) {
  EXPECT_EQ(kept_in_capture("/etc/systemd/system/web.service",
                            "[Service]\nEnvironment=TOKEN=hunter2\nExecStart=/web --key hunter2\n"
                            "TasksMax=64\n"),
            "[Service]\n\n\nTasksMax=64\n");
  EXPECT_EQ(kept_in_capture("/etc/security/limits.conf", "# ada\n* soft nproc 9\n* soft core 0\n"),
            "\n* soft nproc 9\n* soft core 0\n");
}

}  // namespace
}  // namespace whyoom::host
