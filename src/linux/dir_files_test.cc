#include "linux/dir_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace whyoom::linux {
namespace {

namespace fs = std::filesystem;
using host::FileError;
using Kind = FileError::Kind;

class Tree {
 public:
  Tree() {
    std::string path = testing::TempDir() + "dir_files_XXXXXX";
    top_ = mkdtemp(path.data());
    fs::create_directories(root() / "proc/sys/vm");
    add("root/proc/meminfo", "MemTotal: 5 kB\n");
    add("root/proc/sys/vm/min_free_kbytes", "67584\n");
    add("secret", "outside\n");
  }
  ~Tree() { fs::remove_all(top_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] fs::path root() const { return top_ / "root"; }
  [[nodiscard]] fs::path top() const { return top_; }
  void add(const std::string& path, const std::string& text) const {
    std::ofstream(top_ / path) << text;
  }
  void link(const std::string& target, const std::string& path) const {
    fs::create_symlink(target, root() / path);
  }

 private:
  fs::path top_;
};

Kind kind(const tl::expected<std::string, FileError>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Kind::failed : result.error().kind;
}

class DirFilesOfACopy : public testing::Test {
 protected:
  Tree tree;
  DirFiles files = std::move(*DirFiles::open(tree.root().string()));
};

TEST_F(DirFilesOfACopy, reads_files_below_its_directory) {
  EXPECT_EQ(files.read("/proc/meminfo").value_or(""), "MemTotal: 5 kB\n");
  EXPECT_EQ(files.read("//proc//./sys/vm/min_free_kbytes").value_or(""), "67584\n");
  EXPECT_EQ(kind(files.read("/proc/vmstat")), Kind::missing);
  EXPECT_EQ(kind(files.read("/proc/meminfo/x")), Kind::missing);
  EXPECT_EQ(kind(files.read("/proc")), Kind::not_a_file);
  EXPECT_EQ(kind(files.read(std::string_view("/proc/mem\0info", 14))), Kind::missing);
}

TEST_F(DirFilesOfACopy, no_path_leads_out) {
  EXPECT_FALSE(files.read("/../secret"));
  EXPECT_FALSE(files.read("/proc/../../secret"));
}

TEST_F(DirFilesOfACopy, links_stay_inside) {
  tree.link("meminfo", "proc/inside");
  tree.link("sys/vm", "proc/vm");
  tree.link("../../secret", "proc/climbs");
  tree.link((tree.top() / "secret").string(), "proc/absolute");
  tree.link("/", "proc/top");
  tree.link("loop", "proc/loop");
  EXPECT_EQ(files.read("/proc/inside").value_or(""), "MemTotal: 5 kB\n");
  EXPECT_EQ(files.read("/proc/vm/min_free_kbytes").value_or(""), "67584\n");
  for (const char* path : {"/proc/climbs", "/proc/absolute", "/proc/loop"}) {
    EXPECT_FALSE(files.read(path)) << path;
  }
  EXPECT_NE(files.read("/proc/top/secret").value_or(""), "outside\n");
  EXPECT_EQ(files.read_link("/proc/inside").value_or(""), "meminfo");
  EXPECT_EQ(files.read_link("/proc/climbs").value_or(""), "../../secret");
  EXPECT_FALSE(files.read_link("/proc/meminfo"));
}

TEST_F(DirFilesOfACopy, an_absolute_link_means_the_same_tree) {
  tree.link("/proc/meminfo", "proc/absolute");
  EXPECT_EQ(files.read("/proc/absolute").value_or(""), "MemTotal: 5 kB\n");
}

TEST_F(DirFilesOfACopy, a_link_that_others_could_have_planted_is_refused_in_proc_too) {
  tree.link("meminfo", "proc/link");
  fs::permissions(tree.root() / "proc", fs::perms(0777));
  EXPECT_EQ(kind(files.read("/proc/link")), Kind::untrusted);
  EXPECT_EQ(files.read("/proc/meminfo").value_or(""), "MemTotal: 5 kB\n");
}

TEST_F(DirFilesOfACopy, a_fifo_is_not_waited_for) {
  ASSERT_EQ(mkfifo((tree.root() / "proc/fifo").c_str(), 0600), 0);
  EXPECT_EQ(kind(files.read("/proc/fifo")), Kind::not_a_file);
  EXPECT_FALSE(files.list("/proc/fifo"));
}

TEST_F(DirFilesOfACopy, lists_names_and_which_are_directories) {
  tree.link("sys", "proc/link");
  auto listing = files.list("/proc");
  ASSERT_TRUE(listing);
  std::sort(listing->entries.begin(), listing->entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  ASSERT_EQ(listing->entries.size(), 3U);
  EXPECT_EQ(listing->entries[0].name, "link");
  EXPECT_FALSE(listing->entries[0].is_directory) << "a tree is not walked twice";
  EXPECT_TRUE(listing->entries[0].may_be_link);
  EXPECT_EQ(listing->entries[1].name, "meminfo");
  EXPECT_FALSE(listing->entries[1].is_directory);
  EXPECT_FALSE(listing->entries[1].may_be_link) << "nobody has to ask";
  EXPECT_TRUE(listing->entries[2].is_directory);
  EXPECT_FALSE(listing->cut);
  EXPECT_TRUE(files.list("/proc", 2)->cut);
  EXPECT_EQ(files.list("/")->entries.size(), 1U);
  EXPECT_EQ(files.list("/nowhere").error().kind, Kind::missing);
}

TEST_F(DirFilesOfACopy, a_large_file_is_read_up_to_a_limit) {
  const std::string text(300000, 'x');
  tree.add("root/big", text);
  EXPECT_EQ(files.read("/big").value_or(""), text);
  EXPECT_EQ(files.read("/big", 300000).value_or(""), text);
  EXPECT_EQ(kind(files.read("/big", 299999)), Kind::too_big);
}

TEST_F(DirFilesOfACopy, more_directories_than_are_remembered) {
  constexpr int count = 200;
  for (int i = 0; i < count; ++i) {
    const std::string name = "deep/a/" + std::to_string(i);
    fs::create_directories(tree.root() / name);
    tree.add("root/" + name + "/file", std::to_string(i));
    tree.link("file", name + "/link");
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < count; ++i) {
      const std::string directory = "/deep/a/" + std::to_string(i);
      EXPECT_EQ(files.list(directory)->entries.size(), 2U);
      EXPECT_EQ(files.read(directory + "/link").value_or(""), std::to_string(i));
      EXPECT_EQ(files.read_link(directory + "/link").value_or(""), "file");
    }
  }
}

TEST_F(DirFilesOfACopy, what_is_no_link) {
  for (const char* path : {"/proc/meminfo", "/proc", "/proc/", "/", "/proc/..", "/proc/."}) {
    EXPECT_EQ(kind(files.read_link(path)), Kind::failed) << path;
  }
  EXPECT_EQ(kind(files.read_link("/proc/nothing")), Kind::missing);
  EXPECT_EQ(kind(files.read_link("/nothing/at/all")), Kind::missing);
  EXPECT_EQ(kind(files.read_link(std::string_view("/proc/mem\0info", 14))), Kind::missing);
}

TEST_F(DirFilesOfACopy, what_may_not_be_read) {
  if (geteuid() == 0) {
    GTEST_SKIP() << "root may read everything";
  }
  fs::permissions(tree.root() / "proc/meminfo", fs::perms::none);
  EXPECT_EQ(kind(files.read("/proc/meminfo")), Kind::denied);
}

TEST(DirFiles, a_directory_that_is_not_there) {
  EXPECT_EQ(DirFiles::open("/nowhere/at/all").error().kind, Kind::missing);
  EXPECT_FALSE(DirFiles::open("/proc/version"));
}

TEST(DirFiles, this_machine) {
  auto files = DirFiles::open("/");
  ASSERT_TRUE(files);
  EXPECT_NE(files->read("/proc/self/stat").value_or("").find("(linux_test)"), std::string::npos);
  EXPECT_EQ(kind(files->read("/dev/null")), Kind::not_a_file);
  EXPECT_EQ(kind(files->read("/proc/999999999/stat")), Kind::missing);
  EXPECT_EQ(files->read_link("/proc/self").value_or(""), std::to_string(getpid()));
}

}  // namespace
}  // namespace whyoom::linux
