// Only for tests: what happens in a process that can be given up.
#pragma once

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "linux/sandbox.h"
#include "linux/sandbox_parts.h"

namespace whyoom::linux::test {

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
#ifndef WHYOOM_SANDBOX
    GTEST_SKIP() << "this build has no sandbox";
#endif
  }
};

constexpr int done = 42;  // a child that came to its end

struct End {
  int status = -1;  // when it ended by itself
  int signal = 0;
  std::string said;  // on standard error
};

// Runs `what` in a child; `meanwhile` gets the child's number while it runs.
inline End in_child(const std::function<void()>& what,
                    const std::function<void(pid_t)>& meanwhile = nullptr) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    what();
    _exit(done);
  }
  ::close(ends[1]);
  if (meanwhile) {
    meanwhile(child);
  }
  End end;
  char buffer[512];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    end.said.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return end;
}

inline void enter(std::vector<int> inputs = {}) {
  if (!enter_sandbox(std::move(inputs), SandboxChoice::automatic)) {
    _exit(1);
  }
}

// Whether a filter can be had here at all.
inline bool can_filter() {
  static const bool can = in_child([] {
                            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                            _exit(filter_system_calls() == 0 ? done : 1);
                          }).status == done;
  return can;
}

// Not in a user namespace of one user, nor where root lacks CAP_SETUID.
inline bool can_give_up_identity() {
  static const bool can =
      in_child([] { _exit(give_up_identity() == 0 ? done : 1); }).status == done;
  return can;
}

#define NEEDS_ROOT()                                                                \
  if (geteuid() != 0 || !can_give_up_identity()) {                                  \
    GTEST_SKIP() << "only root, where it can become somebody else, has it to lose"; \
  }                                                                                 \
  static_assert(true)

#define NEEDS_FILTER()                                                             \
  if (!::whyoom::linux::test::can_filter()) {                                      \
    GTEST_SKIP() << "no filter of system calls in this build, or on this machine"; \
  }                                                                                \
  static_assert(true)

}  // namespace whyoom::linux::test
