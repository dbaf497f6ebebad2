#include "linux/workers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "linux/sandbox_for_test.h"

namespace whyoom::linux {
namespace {

TEST(Workers, DoesEveryJobBeforeItIsGone) {
  std::atomic<int> done = 0;
  {
    Workers workers;
    workers.start(3);
    ASSERT_EQ(workers.count(), 3U);
    for (int i = 0; i < 1000; ++i) {
      workers.run([&done] { ++done; });
    }
  }
  EXPECT_EQ(done, 1000);
}

TEST(Workers, OneAloneKeepsTheOrder) {
  std::string order;
  {
    Workers workers;
    workers.start(1);
    for (char job = 'a'; job <= 'z'; ++job) {
      workers.run([&order, job] { order += job; });
    }
  }
  EXPECT_EQ(order, "abcdefghijklmnopqrstuvwxyz");
}

TEST(Workers, NoneAreNone) {
  const Workers never_started;
  EXPECT_EQ(never_started.count(), 0U);
  EXPECT_GE(Workers::processors(), 1U);
}

class WorkersInSandbox : public test::Sandbox {};

// `job` in a thread that was made before the rights were given up; then the end of all of it.
void work_in_sandbox(const std::function<void()>& job) {
  auto workers = std::make_unique<Workers>();
  if (!enter_sandbox({}, SandboxChoice::automatic, [&] { workers->start(4); })) {
    _exit(1);
  }
  workers->run(job);
  workers.reset();
}

TEST_F(WorkersInSandbox, AThreadIsUnderTheFilterToo) {
  NEEDS_FILTER();
  const test::End end =
      test::in_child([] { work_in_sandbox([] { (void)!::access("/etc/passwd", R_OK); }); });
  EXPECT_EQ(end.status, 2);
  EXPECT_TRUE(end.said.starts_with("whyoom: stopped by its own sandbox")) << end.said;
}

// glibc opens a file where a thread's own heap becomes smaller.
TEST_F(WorkersInSandbox, MemoryAndExceptionsWorkInThreads) {
  NEEDS_FILTER();
  const test::End end = test::in_child([] {
    work_in_sandbox([] {
      for (int round = 0; round < 3; ++round) {
        std::vector<std::unique_ptr<std::string>> much;
        for (std::size_t i = 0; i < 400; ++i) {
          much.push_back(std::make_unique<std::string>(100'000, 'x'));
        }
      }
      try {
        throw std::string("caught");
      } catch (const std::string& text) {
        (void)!::write(STDERR_FILENO, text.data(), text.size());
      }
    });
  });
  EXPECT_EQ(end.status, test::done);
  EXPECT_EQ(end.said, "caught");
}

}  // namespace
}  // namespace whyoom::linux
