#include "host/sysctl_setters.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "host/memory_files_for_test.h"
#include "host/remembered_links.h"
#include "host/sysctl_tree_for_test.h"

namespace whyoom::host {
namespace {

using test::Tree;

std::vector<std::string> setters(Tree& tree) {
  std::vector<std::string> lines;
  for (const auto& setter : find_setters(tree, *SysctlKey::parse("vm.min_free_kbytes"))) {
    lines.push_back(setter.program + " " + setter.file + ":" + std::to_string(setter.line) + " " +
                    setter.text);
  }
  return lines;
}

using List = std::vector<std::string>;

TEST(SysctlSetters, NoneOnAnEmptyHost) {
  Tree tree;
  tree.file("/etc/rc.local", "# sysctl -w vm.min_free_kbytes=1\nvm.min_free_kbytes_other\n");
  EXPECT_EQ(setters(tree), List{});
}

// Of a directory full of units each name is listed and read, and only links are asked where to.
TEST(SysctlSetters, OnlyLinksAreFollowed) {
  class Asked : public MemoryFiles {
   public:
    tl::expected<std::string, FileError> read_link(std::string_view path) override {
      ++asked[std::string(path)];
      return MemoryFiles::read_link(path);
    }
    std::map<std::string, int> asked;
  } files;
  const std::string units = "/etc/systemd/system/";
  files.add(units + "a.service", "ExecStart=sysctl -w vm.min_free_kbytes=1\n");
  files.add(units + "b.wants/x", "");
  files.add_link(units + "b.wants/a.service", "../a.service");
  files.add_link(units + "c.service", "/etc/systemd/system/b.wants/a.service");
  RememberedLinks links(files);
  const auto found = find_setters(links, *SysctlKey::parse("vm.min_free_kbytes"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, units + "a.service");
  EXPECT_FALSE(files.asked.contains(units + "b.wants/x"));
  EXPECT_EQ(files.asked["/etc"], 1);
  EXPECT_EQ(files.asked["/etc/systemd/system"], 1);
  EXPECT_EQ(files.asked[units + "b.wants/a.service"], 1);
}

TEST(SysctlSetters, UnitsThatStartNothingDoNotCount) {
  Tree tree;
  const std::string line = "ExecStart=sysctl -w vm.min_free_kbytes=1\n";
  for (const char* name : {"a.mount", "b.target", "c.timer", "d.slice", "e.service.d/f.conf",
                           "g.socket", "start.sh"}) {
    tree.file(std::string("/etc/systemd/system/") + name, line);
  }
  tree.link("/etc/systemd/system/h.service.d", "/opt/h").file("/opt/h/i.conf", line);
  EXPECT_EQ(setters(tree).size(), 4U);
}

TEST(SysctlSetters, TunedsActiveProfileWithItsParents) {
  Tree tree;
  tree.file("/etc/tuned/active_profile", "mine\n")
      .file("/etc/tuned/mine/tuned.conf",
            "[main]\ninclude=mine\n[tune]\ntype=sysctl\nvm/min_free_kbytes=3\n"
            "[extra]\ntype=script\nscript=${i:PROFILE_DIR}/script.sh\n")
      .file("/etc/tuned/mine/script.sh", "#!/bin/sh\nsysctl -w vm.min_free_kbytes=4\n")
      .file("/usr/lib/tuned/mine/tuned.conf",
            "[main]\nsummary=vm.min_free_kbytes = no\ninclude = base, other\n"
            "[sysctl]\nvm.min_free_kbytes = 2\n#vm.min_free_kbytes=0\n")
      .file("/usr/lib/tuned/profiles/base/tuned.conf", "[sysctl]\nvm.min_free_kbytes=1\n")
      .file("/usr/lib/tuned/unused/tuned.conf", "[sysctl]\nvm.min_free_kbytes=9\n");
  EXPECT_EQ(setters(tree),
            (List{"tuned /usr/lib/tuned/profiles/base/tuned.conf:2 vm.min_free_kbytes=1",
                  "tuned /usr/lib/tuned/mine/tuned.conf:5 vm.min_free_kbytes = 2",
                  "tuned /etc/tuned/mine/tuned.conf:5 vm/min_free_kbytes=3",
                  "tuned /etc/tuned/mine/script.sh:2 sysctl -w vm.min_free_kbytes=4"}));
}

TEST(SysctlSetters, ProfilesThatIncludeEachOtherEnd) {
  Tree tree;
  tree.file("/etc/tuned/active_profile", "a")
      .file("/etc/tuned/a/tuned.conf", "[main]\ninclude=b\n[sysctl]\nvm.min_free_kbytes=1\n")
      .file("/etc/tuned/b/tuned.conf", "[main]\ninclude=a;../b\n");
  EXPECT_EQ(setters(tree), List{"tuned /etc/tuned/a/tuned.conf:4 vm.min_free_kbytes=1"});
}

TEST(SysctlSetters, UnitsAndTheScriptsThatTheyStart) {
  Tree tree;
  tree.link("/lib", "usr/lib")
      .file("/etc/systemd/system/tune.service", "[Service]\nExecStart=-/opt/tune.sh now\n")
      .link("/etc/systemd/system/multi-user.target.wants/tune.service", "../tune.service")
      .file("/opt/tune.sh", "#!/bin/sh\necho 5 > /proc/sys/vm/min_free_kbytes\n")
      .file("/usr/lib/systemd/system/vendor.service",
            "[Service]\nExecStartPre=/sbin/sysctl -w vm.min_free_kbytes=6\n");
  EXPECT_EQ(setters(tree),
            (List{"systemd unit /opt/tune.sh:2 echo 5 > /proc/sys/vm/min_free_kbytes",
                  "systemd unit /usr/lib/systemd/system/vendor.service:2 "
                  "ExecStartPre=/sbin/sysctl -w vm.min_free_kbytes=6"}));
}

TEST(SysctlSetters, ScriptsAndTablesOfOtherPrograms) {
  Tree tree;
  tree.file("/etc/cloud/cloud.cfg.d/99.cfg", "runcmd:\n - sysctl -w vm.min_free_kbytes=1\n")
      .file("/var/lib/cloud/instance/user-data.txt", "  content: vm.min_free_kbytes=1\n")
      .file("/etc/rc.local", "sysctl vm/min_free_kbytes=2\n")
      .file("/etc/cron.d/tune", "@reboot root sysctl -w vm.min_free_kbytes=3\n")
      .file("/usr/lib/tmpfiles.d/t.conf", "w /proc/sys/vm/min_free_kbytes - - - - 4\n")
      .file("/usr/lib/tmpfiles.d/t.txt", "w /proc/sys/vm/min_free_kbytes - - - - 4\n")
      .file("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"sysctl.vm.min_free_kbytes=5\"\n");
  const auto found = setters(tree);
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0],
            "cloud-init /etc/cloud/cloud.cfg.d/99.cfg:2 - sysctl -w vm.min_free_kbytes=1");
  EXPECT_EQ(found[4],
            "tmpfiles.d /usr/lib/tmpfiles.d/t.conf:1 w /proc/sys/vm/min_free_kbytes - - - - 4");
  EXPECT_TRUE(found[5].starts_with("boot loader /etc/default/grub:1 "));
}

}  // namespace
}  // namespace whyoom::host
