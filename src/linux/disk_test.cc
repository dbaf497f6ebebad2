#include "linux/disk.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

namespace fs = std::filesystem;
using test::put;
using test::Scratch;

TEST(RealDirectory, no_link_on_the_way_is_followed) {
  const Scratch dir;
  fs::create_directories(dir / "a/b");
  put(dir / "file", "");
  fs::create_directory_symlink("a", dir / "way");
  fs::create_directory_symlink("b", dir / "a/last");
  const auto error = [&](const std::string& path) {
    const auto opened = open_real_directory(path);
    return opened ? 0 : opened.error();
  };
  EXPECT_EQ(error("/"), 0);
  EXPECT_EQ(error(dir / "a/b"), 0);
  for (const char* name : {"way/b", "a/last", "file"}) {
    EXPECT_TRUE(error(dir / name) == ELOOP || error(dir / name) == ENOTDIR) << name;
  }
  EXPECT_EQ(error(dir / "none"), ENOENT);
}

TEST(RealDirectory, one_that_others_can_exchange_is_refused) {
  const Scratch dir;
  fs::create_directories(dir / "a/b");
  const auto error = [&](const std::string& path) {
    const auto opened = open_real_directory(path);
    return opened ? 0 : opened.error();
  };
  const auto with_mode = [&](unsigned mode) {
    EXPECT_EQ(::chmod((dir / "a").c_str(), mode), 0);
    return error(dir / "a/b");
  };
  EXPECT_EQ(with_mode(0755), 0);
  EXPECT_EQ(with_mode(0777), others_hold_it);
  EXPECT_EQ(error(dir / "a"), others_hold_it);
  EXPECT_EQ(with_mode(01777), 0) << "sticky: who does not own a/b cannot rename it";
  if (::geteuid() != 0) {
    GTEST_SKIP() << "SKIPPED: only root can give a directory to others";
  }
  ASSERT_EQ(::chown((dir / "a").c_str(), 0, 0), 0);
  EXPECT_EQ(with_mode(0775), 0) << "the group of root";
  ASSERT_EQ(::chown((dir / "a").c_str(), 0, 1234), 0);
  EXPECT_EQ(with_mode(0775), others_hold_it);
  EXPECT_EQ(with_mode(0755), 0);
  ASSERT_EQ(::chown((dir / "a").c_str(), 1234, 0), 0);
  EXPECT_EQ(with_mode(0755), others_hold_it);
  EXPECT_NE(cannot_change(dir / "a/b/c", others_hold_it).find("namei -l"), std::string::npos);
}

TEST(Disk, missing_directories_are_told_from_the_top) {
  const Scratch dir;
  EXPECT_TRUE(missing_directories(dir.path()).empty());
  EXPECT_EQ(missing_directories(dir / "a/b"), (std::vector<std::string>{dir / "a", dir / "a/b"}));
  put(dir / "file", "");
  EXPECT_TRUE(missing_directories(dir / "file/a").empty()) << "ENOTDIR: nothing that could be made";
}

TEST(Disk, commands_name_the_path_in_one_word) {
  EXPECT_EQ(command_on("df -h {}", "/etc/sysctl.d/10-a_b.conf"),
            "`df -h /etc/sysctl.d/10-a_b.conf`");
  EXPECT_EQ(command_on("df -h {}", "/etc/a b"), "`df -h '/etc/a b'`");
  EXPECT_EQ(command_on("df -h {}", "it's"), "`df -h 'it'\\''s'`");
}

// With its characters escaped it would be the name of another file.
TEST(Disk, commands_do_without_a_path_that_cannot_be_seen) {
  for (const char* path : {"", "/etc/a\nb", "/etc/a\x1b", "/etc/\xff", "-x"}) {
    EXPECT_EQ(command_on("df -h {}", path), "`df -h <path>`");
  }
}

TEST(Disk, names_with_control_characters_are_made_fit) {
  EXPECT_EQ(cannot_change("/etc/a\x1b[2Jb", ELOOP).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace whyoom::linux
