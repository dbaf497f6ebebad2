#include "linux/disk.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

namespace fs = std::filesystem;
using test::put;
using test::Scratch;

class RealDirectory : public ::testing::TestWithParam<bool> {};

TEST_P(RealDirectory, no_link_on_the_way_is_followed) {
  const Scratch dir;
  fs::create_directories(dir / "a/b");
  put(dir / "file", "");
  fs::create_directory_symlink("a", dir / "way");
  fs::create_directory_symlink("b", dir / "a/last");
  const auto error = [&](const std::string& path) {
    const auto opened = open_real_directory(path, GetParam());
    return opened ? 0 : opened.error();
  };
  EXPECT_EQ(error("/"), 0);
  EXPECT_EQ(error(dir / "a/b"), 0);
  for (const char* name : {"way/b", "a/last", "file"}) {
    EXPECT_TRUE(error(dir / name) == ELOOP || error(dir / name) == ENOTDIR) << name;
  }
  EXPECT_EQ(error(dir / "none"), ENOENT);
}

INSTANTIATE_TEST_SUITE_P(Ways, RealDirectory, ::testing::Bool());

TEST(Disk, missing_directories_are_told_from_the_top) {
  const Scratch dir;
  EXPECT_TRUE(missing_directories(dir.path()).empty());
  EXPECT_EQ(missing_directories(dir / "a/b"), (std::vector<std::string>{dir / "a", dir / "a/b"}));
  put(dir / "file", "");
  EXPECT_TRUE(missing_directories(dir / "file/a").empty()) << "ENOTDIR: nothing that could be made";
}

TEST(Disk, words_of_a_shell) {
  EXPECT_EQ(shell_word("/etc/sysctl.d/10-a_b.conf"), "/etc/sysctl.d/10-a_b.conf");
  EXPECT_EQ(shell_word("/etc/a b"), "'/etc/a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Disk, names_with_control_characters_are_made_fit) {
  EXPECT_EQ(cannot_change("/etc/a\x1b[2Jb", ELOOP).find('\x1b'), std::string::npos);
  EXPECT_EQ(shell_word("a\nb").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace whyoom::linux
