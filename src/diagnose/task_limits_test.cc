#include "diagnose/task_limits.h"

#include <gtest/gtest.h>

#include "host/host.h"

namespace whyoom::diagnose {
namespace {

TEST(TaskLimits, ThreadsAreCountedByProcessWhereTheHostHasNoCount) {
  host::Host host;
  EXPECT_EQ(thread_count(host), std::nullopt);
  host.processes.all.resize(3);
  host.processes.all[1].threads = 4;
  EXPECT_EQ(thread_count(host), 6U) << "a process whose threads are not known has one";
}

}  // namespace
}  // namespace whyoom::diagnose
