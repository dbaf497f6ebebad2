// Apply on disks that are full or read-only, each in a private mount namespace.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "fix/apply.h"
#include "fix/fix_for_test.h"

namespace whyoom::fix {
namespace {

const FixMeta fault_meta{1, {advise::Wanted{key("vm.x"), "2"}}, "whyoom fix vm.x=2"};

class DiskFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      GTEST_SKIP() << "a private mount namespace cannot be had here: " << std::strerror(errno);
    }
    for (const char* name : {"etc", "sys", "var"}) {
      fs::create_directory(dir / name);
    }
  }
  void TearDown() override {
    for (const char* name : {"etc/a.conf", "etc", "sys", "var"}) {
      ::umount2((dir / name).c_str(), MNT_DETACH);
    }
  }
  void mount_small(const std::string& name) {
    ASSERT_EQ(::mount("none", (dir / name).c_str(), "tmpfs", 0, "size=64k,mode=700"), 0);
  }
  void fill() { ASSERT_EQ(put_until_full(dir / "etc/full"), ENOSPC); }
  static int put_until_full(const std::string& path) {
    const linux::Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const std::string block(512, 'x');
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
    return errno;
  }
  void make_read_only(const std::string& name) {
    const std::string path = dir / name;
    ASSERT_EQ(::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(::mount("none", path.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  }
  void files() {
    put(dir / "etc/a.conf", "old\n");
    put(dir / "etc/b.conf", std::string(5000, 'b'));
    fs::create_directories(dir / "sys/vm");
    put(dir / "sys/vm/x", "1\n");
    change.files = {{dir / "etc/a.conf", "old\n", "new\n"},
                    {dir / "etc/b.conf", std::string(5000, 'b'), std::string(9000, 'c')}};
    change.running = {{key("vm.x"), "1", "2"}};
  }
  // Refused, with a sentence that has `text`, and all as before.
  void expect_refused(const std::string& text) {
    const auto before = snapshot(dir.path());
    auto store = FixStore::open_locked(options, 1);
    if (!store) {
      EXPECT_NE(store.error().find(text), std::string::npos) << store.error();
    } else {
      const auto failed = apply(change, *store, fault_meta, {});
      ASSERT_FALSE(failed);
      EXPECT_TRUE(failed.error().refused);
      EXPECT_NE(failed.error().what.find(text), std::string::npos) << failed.error().what;
      EXPECT_TRUE(store->list()->empty());
      fs::remove_all(options.path);
    }
    EXPECT_EQ(linux::test::difference(before, snapshot(dir.path())), "");
  }
  void expect_identity() {
    const auto before = snapshot(dir.path());
    auto store = FixStore::open_locked(options, 1);
    ASSERT_TRUE(store) << store.error();
    const auto number = apply(change, *store, fault_meta, {});
    ASSERT_TRUE(number) << number.error().what;
    const auto undone = undo(store->load(*number).value(), *store, {});
    ASSERT_TRUE(undone) << undone.error().what;
    fs::remove_all(options.path);
    EXPECT_EQ(linux::test::difference(before, snapshot(dir.path())), "");
  }

  Scratch dir{linux::test::scratch_base(true)};
  const StoreOptions options{dir / "var/fixes", RunningValues(dir / "sys")};
  advise::Change change;
};

TEST_F(DiskFaults, no_space_for_the_files) {
  mount_small("etc");
  files();
  fill();
  expect_refused("no space is left. Free some first: `df -h ");
  fs::remove(dir / "etc/full");
  expect_identity();
}

TEST_F(DiskFaults, no_space_for_a_longer_file_with_two_names) {
  mount_small("etc");
  files();
  fs::create_hard_link(dir / "etc/b.conf", dir / "etc/same");
  change.files.erase(change.files.begin());
  fill();
  expect_refused("no space is left");
  fs::remove(dir / "etc/full");
  expect_identity();
}

TEST_F(DiskFaults, no_inode_for_a_temporary_file) {
  ASSERT_EQ(::mount("none", (dir / "etc").c_str(), "tmpfs", 0, "nr_inodes=3"), 0);
  files();
  expect_refused("`df -i ");
}

TEST_F(DiskFaults, no_space_for_the_journal) {
  files();
  mount_small("var");
  ASSERT_EQ(put_until_full(dir / "var/full"), ENOSPC);
  expect_refused("no space is left. Free some first");
}

// Each size of the space that is left stops the journal somewhere else.
TEST_F(DiskFaults, space_that_ends_anywhere_in_the_journal) {
  files();
  mount_small("var");
  int refused = 0;
  for (int pages = 0; pages <= 16; ++pages) {
    std::error_code ignored;
    fs::remove_all(options.path, ignored);
    put(dir / "var/full", std::string(4096U * static_cast<unsigned>(16 - pages), 'x'));
    auto store = FixStore::open_locked(options, 1);
    ASSERT_TRUE(store) << store.error();
    const auto before = snapshot(dir / "etc");
    const auto done = apply(change, *store, fault_meta, {});
    if (!done) {
      ++refused;
      EXPECT_EQ(linux::test::difference(before, snapshot(dir / "etc")), "");
      EXPECT_EQ(get(dir / "sys/vm/x"), "1\n");
      ASSERT_TRUE(done.error().refused) << done.error().what;
      continue;
    }
    EXPECT_GT(pages, 3);
    ASSERT_TRUE(undo(store->load(*done).value(), *store, {})) << pages;
    EXPECT_EQ(linux::test::difference(before, snapshot(dir / "etc")), "");
  }
  EXPECT_GE(refused, 4);
  EXPECT_LT(refused, 17);
}

TEST_F(DiskFaults, read_only_files) {
  files();
  make_read_only("etc");
  expect_refused("the file system is read-only");
}

TEST_F(DiskFaults, read_only_journal) {
  files();
  make_read_only("var");
  expect_refused("the file system is read-only");
}

TEST_F(DiskFaults, read_only_proc_sys) {
  files();
  make_read_only("sys");
  expect_refused("vm.x cannot be set: /proc/sys is read-only here, as in a container");
}

TEST_F(DiskFaults, a_file_that_is_mounted_by_itself_is_written_in_place) {
  files();
  put(dir / "outside", "old\n");
  ASSERT_EQ(
      ::mount((dir / "outside").c_str(), (dir / "etc/a.conf").c_str(), nullptr, MS_BIND, nullptr),
      0);
  auto store = FixStore::open_locked(options, 1);
  ASSERT_TRUE(store);
  const auto number = apply(change, *store, fault_meta, {});
  ASSERT_TRUE(number) << number.error().what;
  EXPECT_EQ(get(dir / "outside"), "new\n");
  ASSERT_TRUE(undo(store->load(*number).value(), *store, {}));
  EXPECT_EQ(get(dir / "outside"), "old\n");
}

}  // namespace
}  // namespace whyoom::fix
