#include "fix/running_value.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "fix/fix_for_test.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

TEST(RunningValue, it_is_written_and_read_back) {
  const Scratch dir;
  fs::create_directory(dir / "vm");
  put(dir / "vm/x", "1048576\n");
  const RunningValues values(dir.path());
  EXPECT_TRUE(values.write({key("vm.x"), "1048576", "67584"}));
  EXPECT_EQ(get(dir / "vm/x"), "67584\n");
  EXPECT_EQ(values.read(key("vm.x")).value(), "67584");
}

TEST(RunningValue, what_the_kernel_refuses_is_told) {
  const advise::RunningEdit edit{key("vm.min_free_kbytes"), "", "-5"};
  const auto refused = RunningValues().write(edit);
  ASSERT_FALSE(refused);
  if (::geteuid() == 0) {
    EXPECT_EQ(refused.error().find("vm.min_free_kbytes cannot be set: "), 0U) << refused.error();
  }
  EXPECT_NE(refused.error().find(::access(edit.key.file().c_str(), W_OK) == 0 ? "the kernel refuses"
                                 : ::geteuid() == 0                           ? "read-only"
                                                                              : "Run this as root"),
            std::string::npos)
      << refused.error();
}

TEST(RunningValue, a_key_that_this_kernel_lacks_is_told) {
  const advise::RunningEdit edit{key("vm.no_such"), "", "1"};
  ASSERT_FALSE(RunningValues().can_write(edit));
  EXPECT_EQ(RunningValues().can_write(edit).error(),
            "vm.no_such cannot be set: this kernel has no /proc/sys/vm/no_such");
  EXPECT_FALSE(RunningValues().read(edit.key));
}

TEST(RunningValue, no_link_is_followed_and_nothing_is_made) {
  const Scratch dir;
  fs::create_directory(dir / "sys");
  fs::create_directory(dir / "sys/vm");
  put(dir / "victim", "secret\n");
  fs::create_symlink("../../victim", dir / "sys/vm/link");
  fs::create_symlink("..", dir / "sys/up");
  fs::create_directory(dir / "sys/vm/directory");
  ASSERT_EQ(::mkfifo((dir / "sys/vm/fifo").c_str(), 0600), 0);
  const RunningValues values(dir / "sys");
  for (const char* name : {"vm.link", "up.victim", "vm.directory", "vm.fifo", "vm.none"}) {
    EXPECT_FALSE(values.read(key(name))) << name;
    EXPECT_FALSE(values.can_write({key(name), "", "x"})) << name;
    EXPECT_FALSE(values.write({key(name), "", "x"})) << name;
  }
  EXPECT_EQ(get(dir / "victim"), "secret\n");
  EXPECT_FALSE(fs::exists(dir / "sys/vm/none"));
}

TEST(RunningValue, walking_refuses_what_the_kernel_call_refuses) {
  const Scratch dir;
  fs::create_directories(dir / "sys/vm");
  put(dir / "victim", "secret\n");
  put(dir / "sys/vm/x", "1\n");
  fs::create_symlink("../../victim", dir / "sys/vm/link");
  fs::create_symlink("..", dir / "sys/up");
  const linux::Descriptor root(::open((dir / "sys").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const bool by_walking : {false, true}) {
    const auto opens = [&](const char* path) {
      return linux::Descriptor(linux::open_strictly_below(root.get(), path, O_RDONLY, by_walking))
                 .get() >= 0;
    };
    EXPECT_TRUE(opens("vm/x")) << by_walking;
    for (const char* path : {"vm/link", "up/victim", "../victim", "vm/../../victim", "", ".."}) {
      EXPECT_FALSE(opens(path)) << path << " " << by_walking;
    }
  }
}

TEST(RunningValue, what_is_mounted_over_a_value_is_not_written) {
  const Scratch dir;
  fs::create_directories(dir / "sys/vm");
  put(dir / "victim", "secret\n");
  put(dir / "sys/vm/x", "1\n");
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount((dir / "victim").c_str(), (dir / "sys/vm/x").c_str(), nullptr, MS_BIND, nullptr) !=
          0) {
    GTEST_SKIP() << "no mount namespace can be made here";
  }
  const advise::RunningEdit edit{key("vm.x"), "1", "2"};
  const auto refused = RunningValues(dir / "sys").write(edit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(),
            "vm.x cannot be set: something else is mounted there, as in a container. Do this on "
            "the host");
  EXPECT_EQ(get(dir / "victim"), "secret\n");
  ::umount2((dir / "sys/vm/x").c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace whyoom::fix
