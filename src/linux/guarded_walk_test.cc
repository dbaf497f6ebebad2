// What somebody besides root plants is not followed, and what he can write is told. Who may write
// is tried with the bits for everybody where the test runs as a user, and with owners too as root.
#include "linux/guarded_walk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "linux/dir_files.h"
#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

using host::FileError;
using test::fs::create_hard_link;
using test::fs::create_symlink;
using Kind = FileError::Kind;
using test::put;

class GuardedWalk : public testing::Test {
 protected:
  void SetUp() override {
    ::chmod(top_.path().c_str(), 0755);
    test::fs::create_directories(top_ / "var/log");
    test::fs::create_directories(top_ / "var/crash/1");
    put(top_ / "secret", "secret\n");
    put(top_ / "var/log/kern.log", "log\n");
    ::chmod((top_ / "secret").c_str(), 0600);
    ::chmod((top_ / "var/log/kern.log").c_str(), 0640);
    for (const char* path : {"var", "var/log", "var/crash", "var/crash/1"}) {
      ::chmod((top_ / path).c_str(), 0755);
    }
  }
  void mode(const std::string& path, mode_t bits) {
    ASSERT_EQ(::chmod((top_ / path).c_str(), bits), 0);
  }
  void own(const std::string& path, uid_t uid, gid_t gid) {
    ASSERT_EQ(::lchown((top_ / path).c_str(), uid, gid), 0);
  }
  DirFiles files() { return std::move(*DirFiles::open(top_.path())); }
  std::string doubt(const std::string& path) {
    const auto file = files().open_file(path);
    return file ? file->doubt : "not read: " + file.error().text;
  }
  FileError refusal(const std::string& path) {
    auto files = this->files();
    const auto text = files.read(path);
    EXPECT_FALSE(text) << path << ": " << text.value_or("");
    const auto file = files.open_file(path);
    EXPECT_FALSE(file) << path;
    EXPECT_TRUE(file || text || file.error().text == text.error().text);
    return text ? FileError() : text.error();
  }

  test::Scratch top_;
};

#define NEEDS_ROOT()                                                     \
  if (::geteuid() != 0) {                                                \
    GTEST_SKIP() << "SKIPPED: needs root, to give files to other users"; \
  }

TEST_F(GuardedWalk, links_in_roots_own_directories_are_followed) {
  create_symlink("../../secret", top_ / "var/log/climbs");
  create_symlink("/secret", top_ / "var/log/absolute");
  create_symlink("log", top_ / "var/directory");
  create_symlink("../../../../../secret", top_ / "var/log/beyond");  // the top is its own parent
  auto files = this->files();
  for (const char* path : {"/var/log/climbs", "/var/log/absolute", "/var/log/beyond"}) {
    EXPECT_EQ(files.read(path).value_or("-"), "secret\n") << path;
  }
  EXPECT_EQ(files.read("/var/directory/kern.log").value_or("-"), "log\n");
  EXPECT_EQ(files.read_link("/var/log/absolute").value_or("-"), "/secret");
  EXPECT_TRUE(files.list("/var/directory"));
}

TEST_F(GuardedWalk, a_link_that_anybody_could_plant_is_refused) {
  for (const mode_t bits : {0777, 01777}) {
    mode("var/crash/1", bits);
    test::fs::remove(top_ / "var/crash/1/dmesg.1");
    test::fs::remove(top_ / "var/crash/1/to");
    create_symlink("/secret", top_ / "var/crash/1/dmesg.1");
    create_symlink("/var/log", top_ / "var/crash/1/to");
    EXPECT_EQ(refusal("/var/crash/1/dmesg.1").kind, Kind::untrusted);
    EXPECT_EQ(refusal("/var/crash/1/dmesg.1").text,
              "dmesg.1 is a symbolic link in /var/crash/1, where everybody can write");
    EXPECT_EQ(refusal("/var/crash/1/to/kern.log").kind, Kind::untrusted);
    auto files = this->files();
    EXPECT_EQ(files.read_link("/var/crash/1/dmesg.1").error().kind, Kind::untrusted);
    EXPECT_EQ(files.list("/var/crash/1/to").error().kind, Kind::untrusted);
    EXPECT_FALSE(files.open_directory("/var/crash/1/to"));
    EXPECT_FALSE(files.status("/var/crash/1/to/kern.log"));
  }
}

TEST_F(GuardedWalk, roots_link_leads_into_a_directory_where_links_are_refused) {
  mode("var/crash", 0777);
  create_symlink("crash", top_ / "var/own");
  create_symlink("/secret", top_ / "var/crash/dmesg");
  EXPECT_EQ(refusal("/var/own/dmesg").kind, Kind::untrusted);
}

TEST_F(GuardedWalk, a_second_name_that_anybody_could_make_is_refused) {
  create_hard_link(top_ / "secret", top_ / "var/crash/1/dmesg.1");
  EXPECT_EQ(files().read("/var/crash/1/dmesg.1").value_or("-"), "secret\n");
  mode("var/crash/1", 01777);
  EXPECT_EQ(refusal("/var/crash/1/dmesg.1").kind, Kind::untrusted);
  EXPECT_NE(refusal("/var/crash/1/dmesg.1").text.find("hard link"), std::string::npos);
  test::fs::remove(top_ / "secret");
  EXPECT_EQ(files().read("/var/crash/1/dmesg.1").value_or("-"), "secret\n");  // one name again
}

TEST_F(GuardedWalk, in_proc_of_a_copy_a_second_name_is_looked_at_too) {
  test::fs::create_directories(top_ / "proc");
  ::chmod((top_ / "proc").c_str(), 0755);
  create_hard_link(top_ / "secret", top_ / "proc/meminfo");
  EXPECT_EQ(files().read("/proc/meminfo").value_or("-"), "secret\n");
  mode("proc", 0777);
  EXPECT_EQ(files().read("/proc/meminfo").error().kind, Kind::untrusted);
}

TEST_F(GuardedWalk, what_another_user_plants_is_refused) {
  NEEDS_ROOT();
  own("var/crash/1", 1000, 1000);
  create_symlink("/secret", top_ / "var/crash/1/dmesg.1");
  create_hard_link(top_ / "secret", top_ / "var/crash/1/dmesg.2");
  EXPECT_EQ(refusal("/var/crash/1/dmesg.1").text,
            "dmesg.1 is a symbolic link in /var/crash/1, where user 1000 can write");
  EXPECT_EQ(refusal("/var/crash/1/dmesg.2").kind, Kind::untrusted);
  // A second name of his own file gives nothing away: backups are made so.
  put(top_ / "var/crash/1/dmesg.3", "his\n");
  own("var/crash/1/dmesg.3", 1000, 1000);
  create_hard_link(top_ / "var/crash/1/dmesg.3", top_ / "var/crash/1/dmesg.4");
  EXPECT_EQ(files().read("/var/crash/1/dmesg.4").value_or("-"), "his\n");
}

TEST_F(GuardedWalk, a_group_that_writes_logs_may_not_plant_links) {
  NEEDS_ROOT();
  test::fs::create_directories(top_ / "etc");
  ::chmod((top_ / "etc").c_str(), 0755);
  put(top_ / "etc/passwd", "root:x:0:0::/:/bin/sh\nsyslog:x:104:110::/:/bin/false\n");
  put(top_ / "etc/group", "root:x:0:\nsyslog:x:110:\nusers:x:100:\n");
  own("var/log", 0, 110);
  mode("var/log", 0775);
  own("var/log/kern.log", 104, 4);
  EXPECT_EQ(doubt("/var/log/kern.log"), "");
  create_symlink("/secret", top_ / "var/log/dmesg");
  create_hard_link(top_ / "secret", top_ / "var/log/dmesg.0");
  EXPECT_EQ(refusal("/var/log/dmesg").text,
            "dmesg is a symbolic link in /var/log, where group 110 can write");
  EXPECT_EQ(refusal("/var/log/dmesg.0").kind, Kind::untrusted);
  own("var/log", 0, 100);
  EXPECT_EQ(doubt("/var/log/kern.log"), "group 100 can write its directory /var/log");
}

TEST_F(GuardedWalk, who_else_can_write_a_log_is_told) {
  EXPECT_EQ(doubt("/var/log/kern.log"), "");
  mode("var/log/kern.log", 0666);
  EXPECT_EQ(doubt("/var/log/kern.log"), "everybody can write it");
  mode("var/log/kern.log", 0644);
  mode("var", 0777);
  EXPECT_EQ(doubt("/var/log/kern.log"), "everybody can write its directory /var");
  mode("var", 01777);  // nobody moves what is another's
  EXPECT_EQ(doubt("/var/log/kern.log"), "");
}

TEST_F(GuardedWalk, a_log_of_another_user_is_told) {
  NEEDS_ROOT();
  mode("var/log", 01777);
  own("var/log/kern.log", 1000, 1000);
  EXPECT_EQ(doubt("/var/log/kern.log"), "user 1000 can write it");
  own("var/log/kern.log", 0, 1000);
  mode("var/log/kern.log", 0664);
  EXPECT_EQ(doubt("/var/log/kern.log"), "group 1000 can write it");
  own("var/log/kern.log", 0, 0);
  EXPECT_EQ(doubt("/var/log/kern.log"), "");
  own("var/log", 1000, 0);
  EXPECT_EQ(doubt("/var/log/kern.log"), "user 1000 can write its directory /var/log");
}

// A copy of nothing but the logs has no table of users.
TEST_F(GuardedWalk, system_users_of_a_copy_without_a_table) {
  NEEDS_ROOT();
  own("var/log/kern.log", 104, 4);
  EXPECT_EQ(doubt("/var/log/kern.log"), "");
  test::fs::create_directories(top_ / "etc");
  ::chmod((top_ / "etc").c_str(), 0755);
  put(top_ / "etc/passwd", "root:x:0:0::/:/bin/sh\nwww-data:x:104:110::/:/bin/false\n");
  EXPECT_EQ(doubt("/var/log/kern.log"), "user 104 can write it");
}

TEST_F(GuardedWalk, the_owner_of_a_copy_counts_as_root) {
  NEEDS_ROOT();
  for (const auto& entry : test::fs::recursive_directory_iterator(top_.path())) {
    ASSERT_EQ(::chown(entry.path().c_str(), 1000, 1000), 0);
  }
  ASSERT_EQ(::chown(top_.path().c_str(), 1000, 1000), 0);
  create_symlink("kern.log", top_ / "var/log/messages");
  EXPECT_EQ(doubt("/var/log/messages"), "");
  EXPECT_EQ(files().status("/var/log")->uid, 0U);
  // But a name of what is not his is no copy.
  put(top_ / "roots", "roots\n");
  create_hard_link(top_ / "roots", top_ / "var/log/dmesg");
  EXPECT_EQ(refusal("/var/log/dmesg").kind, Kind::untrusted);
}

// With a list the bits of the group are its mask, whoever the group is.
TEST_F(GuardedWalk, an_access_control_list_is_seen) {
  struct Acl {
    posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
    std::array<posix_acl_xattr_entry, 5> entries{{{ACL_USER_OBJ, 6, ~0U},
                                                  {ACL_USER, 6, 1000},
                                                  {ACL_GROUP_OBJ, 4, ~0U},
                                                  {ACL_MASK, 6, ~0U},
                                                  {ACL_OTHER, 4, ~0U}}};
  } const acl;
  std::array<char, sizeof(posix_acl_xattr_header) + 5 * sizeof(posix_acl_xattr_entry)> bytes{};
  std::memcpy(bytes.data(), &acl.header, sizeof acl.header);
  std::memcpy(bytes.data() + sizeof acl.header, acl.entries.data(),
              5 * sizeof(posix_acl_xattr_entry));
  if (::setxattr((top_ / "var/log/kern.log").c_str(), "system.posix_acl_access", bytes.data(),
                 bytes.size(), 0) != 0) {
    GTEST_SKIP() << "SKIPPED: no access control lists on this file system";
  }
  EXPECT_EQ(doubt("/var/log/kern.log"), "whoever its access control list names can write it");
  EXPECT_TRUE(files().status("/var/log/kern.log")->acl);
}

TEST_F(GuardedWalk, no_fifo_is_waited_for_and_no_device_is_opened) {
  ASSERT_EQ(::mkfifo((top_ / "var/log/syslog").c_str(), 0644), 0);
  EXPECT_EQ(refusal("/var/log/syslog").kind, Kind::not_a_file);
  EXPECT_EQ(refusal("/var/log").kind, Kind::not_a_file);
  EXPECT_FALSE(files().list("/var/log/syslog"));
  if (::mknod((top_ / "var/log/messages").c_str(), S_IFCHR | 0666, ::makedev(1, 5)) == 0) {
    EXPECT_EQ(refusal("/var/log/messages").kind, Kind::not_a_file);
  }
}

TEST_F(GuardedWalk, loops_and_what_is_not_there) {
  create_symlink("loop", top_ / "var/log/loop");
  EXPECT_EQ(refusal("/var/log/loop").kind, Kind::failed);
  EXPECT_EQ(refusal("/var/log/nothing").kind, Kind::missing);
  EXPECT_EQ(refusal("/var/log/kern.log/x").kind, Kind::missing);
  EXPECT_EQ(files().read(std::string_view("/var/log/kern.log\0x", 19)).error().kind, Kind::missing);
}

TEST_F(GuardedWalk, owner_and_mode_are_told) {
  mode("var/log/kern.log", 0664);
  const auto status = files().status("/var/log/kern.log");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->mode, 0664U);
  EXPECT_EQ(status->uid, 0U);  // the copy's owner counts as root
  EXPECT_FALSE(status->acl);
  mode("var/log", 01777);
  EXPECT_EQ(files().status("/var/log")->mode, 01777U);
  EXPECT_EQ(files().status("/nothing").error().kind, Kind::missing);
}

// Somebody swaps the file for a link and back while it is read.
TEST_F(GuardedWalk, a_swap_at_the_last_moment_gives_nothing_away) {
  mode("var/crash/1", 0777);
  const std::string name = top_ / "var/crash/1/dmesg.1";
  const std::string fine = top_ / "var/crash/1/fine";
  const std::string link = top_ / "var/crash/1/link";
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      put(fine, "fine\n");
      ::rename(fine.c_str(), name.c_str());
      create_symlink("/secret", link);
      ::rename(link.c_str(), name.c_str());
    }
  });
  auto files = this->files();
  unsigned read = 0;
  unsigned refused = 0;
  for (unsigned i = 0; i < 200'000 && (i < 5000 || read == 0 || refused == 0); ++i) {
    const auto text = files.read("/var/crash/1/dmesg.1");
    if (text) {
      ++read;
      EXPECT_TRUE(*text == "fine\n" || text->empty()) << *text;
    } else {
      ++refused;
    }
  }
  done = true;
  swapper.join();
  EXPECT_GT(read, 0U);
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace whyoom::linux
