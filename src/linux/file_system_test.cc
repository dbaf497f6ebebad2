#include "linux/file_system.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

namespace fs = std::filesystem;
using test::get;
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
}

TEST(FileSystem, missing_directories_are_told_from_the_top) {
  const Scratch dir;
  EXPECT_TRUE(missing_directories(dir.path()).empty());
  EXPECT_EQ(missing_directories(dir / "a/b"), (std::vector<std::string>{dir / "a", dir / "a/b"}));
  put(dir / "file", "");
  EXPECT_TRUE(missing_directories(dir / "file/a").empty()) << "ENOTDIR: nothing that could be made";
}

TEST(MoveWithoutReplacing, a_name_that_is_taken_stays) {
  const Scratch dir;
  const Descriptor at(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  put(dir / "a", "a");
  put(dir / "b", "b");
  EXPECT_EQ(move_without_replacing(at.get(), "a", "b"), EEXIST);
  EXPECT_EQ(get(dir / "b"), "b");
  EXPECT_EQ(move_without_replacing(at.get(), "a", "c"), 0);
  EXPECT_EQ(get(dir / "c"), "a");
  EXPECT_EQ(move_without_replacing(at.get(), "a", "d"), ENOENT);
}

}  // namespace
}  // namespace whyoom::linux
