#include "linux/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "linux/descriptor.h"
#include "linux/sandbox_for_test.h"
#include "linux/sandbox_parts.h"

namespace whyoom::linux {
namespace {

using namespace test;

// What the kernel says of a child in the sandbox.
struct Seen {
  std::string status;
  std::set<int> descriptors;
  [[nodiscard]] std::string line(std::string_view name) const {
    std::istringstream lines(status);
    for (std::string text; std::getline(lines, text);) {
      if (text.starts_with(std::string(name) + ":")) {
        std::string words = text.substr(name.size() + 1);
        words.erase(0, words.find_first_not_of(" \t"));
        words.erase(words.find_last_not_of(" \t") + 1);
        return words;
      }
    }
    return "no such line";
  }
};

void look_at(const std::string& process, Seen& seen) {
  std::ifstream in(process + "/status");
  seen.status.assign(std::istreambuf_iterator<char>(in), {});
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd", error)) {
    seen.descriptors.insert(std::stoi(entry.path().filename().string()));
  }
}

Seen in_sandbox() {
  Seen seen;
  int wait[2] = {-1, -1};
  int ready[2] = {-1, -1};
  EXPECT_EQ(pipe(wait), 0);
  EXPECT_EQ(pipe(ready), 0);
  const int kept = fcntl(wait[0], F_DUPFD, 50);
  const int left_open = fcntl(wait[0], F_DUPFD, 900);
  const End end = in_child(
      [&] {
        dup2(ready[1], STDOUT_FILENO);
        enter({kept});
        char byte = 0;
        (void)!::write(STDOUT_FILENO, "x", 1);
        (void)!read(kept, &byte, 1);
      },
      [&](pid_t child) {
        char byte = 0;
        EXPECT_EQ(read(ready[0], &byte, 1), 1);
        look_at("/proc/" + std::to_string(child), seen);
        EXPECT_EQ(::write(wait[1], "x", 1), 1);
      });
  EXPECT_EQ(end.status, done) << end.said;
  for (const int fd : {wait[0], wait[1], ready[0], ready[1], kept, left_open}) {
    ::close(fd);
  }
  return seen;
}

TEST_F(Sandbox, TheKernelSaysThatTheRightsAreGone) {
  const Seen seen = in_sandbox();
  EXPECT_EQ(seen.line("NoNewPrivs"), "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_EQ(seen.line(set), "0000000000000000") << set;
  }
  if (can_filter()) {
    EXPECT_EQ(seen.line("Seccomp"), "2");
  }
}

TEST_F(Sandbox, OfRootNothingIsLeft) {
  NEEDS_ROOT();
  const Seen seen = in_sandbox();
  EXPECT_EQ(seen.line("Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(seen.line("Gid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(seen.line("Groups"), "");
  EXPECT_EQ(seen.line("CapBnd"), "0000000000000000");
  EXPECT_EQ(seen.descriptors, (std::set<int>{1, 2, 50}));
}

TEST_F(Sandbox, LandlockAloneForbidsFiles) {
  const End end = in_child([] {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!forbid_files()) {
      _exit(77);
    }
    const bool forbidden = ::open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES &&
                           ::open("/tmp", O_TMPFILE | O_WRONLY, 0600) < 0 && errno == EACCES;
    _exit(forbidden ? done : 1);
  });
  if (end.status == 77) {
    GTEST_SKIP() << "this kernel has no Landlock, or a container forbids it";
  }
  EXPECT_EQ(end.status, done);
}

TEST_F(Sandbox, IdentityAloneKeepsRootsFilesShut) {
  NEEDS_ROOT();
  std::string name = testing::TempDir() + "whyoom-sandbox-XXXXXX";
  const Descriptor secret(mkstemp(name.data()));  // mode 0600
  ASSERT_GE(secret.get(), 0);
  const End end = in_child([&] {
    if (give_up_identity() != 0) {
      _exit(1);
    }
    const bool shut = ::open(name.c_str(), O_RDONLY) < 0 && errno == EACCES;
    _exit(shut && setuid(0) != 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? done : 3);
  });
  unlink(name.c_str());
  EXPECT_EQ(end.status, done);
}

// A container without CAP_SETUID: root stays root, and that is said.
TEST_F(Sandbox, ARootThatStaysRootIsSaid) {
  NEEDS_ROOT();
  const auto without_capabilities = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    syscall(SYS_capset, &header, none);
  };
  const End end = in_child([&] {
    without_capabilities();
    enter();
  });
  EXPECT_EQ(end.status, done);
  EXPECT_EQ(end.said,
            "whyoom: root cannot become another user here (Operation not permitted); it reads as "
            "root\n");
  EXPECT_EQ(in_child([&] {
              without_capabilities();
              _exit(enter_sandbox({}, SandboxChoice::require) ? 1 : done);
            }).status,
            done);
}

void write_to(const char* path, const std::string& text) {
  const Descriptor file(::open(path, O_WRONLY));
  (void)!::write(file.get(), text.data(), text.size());
}

// In a user namespace of one user there is nobody else to become. That is no reason to complain.
TEST_F(Sandbox, AUserNamespaceOfOneUserIsFine) {
  const End end = in_child([] {
    const std::string map = "0 " + std::to_string(geteuid()) + " 1";
    if (unshare(CLONE_NEWUSER) != 0) {
      _exit(77);
    }
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", map);
    if (getuid() != 0) {
      _exit(77);
    }
    enter();
  });
  if (end.status == 77) {
    GTEST_SKIP() << "no user namespaces here";
  }
  EXPECT_EQ(end.status, done);
  EXPECT_EQ(end.said, "");
}

TEST_F(Sandbox, RequiredAndThere) {
  NEEDS_FILTER();
  const End end = in_child([] { _exit(enter_sandbox({}, SandboxChoice::require) ? done : 1); });
  EXPECT_EQ(end.status, can_give_up_identity() ? done : 1);
}

TEST_F(Sandbox, OffIsOff) {
  EXPECT_EQ(in_child([] {
              const bool fine = enter_sandbox({}, SandboxChoice::off).has_value() &&
                                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
                                fcntl(STDIN_FILENO, F_GETFD) >= 0;
              _exit(fine ? done : 1);
            }).status,
            done);
}

}  // namespace
}  // namespace whyoom::linux
