#include "host/sysctl_path.h"

#include <gtest/gtest.h>

#include <array>

#include "host/sysctl_tree_for_test.h"

namespace whyoom::host {
namespace {

using Fate = SysctlSetting::Fate;
using test::Tree;

Tree debian() {
  Tree tree;
  tree.file("/usr/lib/systemd/systemd-sysctl", "ELF").link("/lib", "usr/lib");
  return tree;
}

SysctlHistory ask(Tree& tree, std::string_view command_line = {}) {
  return find_sysctl(tree, *SysctlKey::parse("vm.min_free_kbytes"), command_line);
}

TEST(SysctlPath, NoFileSetsIt) {
  Tree tree = debian();
  const auto history = ask(tree);
  EXPECT_EQ(history.key, "vm.min_free_kbytes");
  EXPECT_EQ(history.value_after_boot(), std::nullopt);
  EXPECT_EQ(history.value_after_system(), std::nullopt);
  EXPECT_TRUE(history.boot.settings.empty());
  EXPECT_TRUE(history.gaps.empty());
}

TEST(SysctlPath, BootAndSystemDifferOverSysctlConf) {
  Tree tree = debian();
  tree.file("/etc/sysctl.conf", "# x\nvm.min_free_kbytes = 1\n")
      .link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")
      .file("/etc/sysctl.d/zz-last.conf", "vm/min_free_kbytes=2\n");
  const auto history = ask(tree);
  EXPECT_EQ(history.value_after_boot(), "2");
  EXPECT_EQ(history.value_after_system(), "1");
  EXPECT_EQ(history.value_after_load(), "1");
  ASSERT_EQ(history.boot.settings.size(), 2U);
  const auto& first = history.boot.settings[0];
  EXPECT_EQ(first.file, "/etc/sysctl.d/99-sysctl.conf");
  EXPECT_EQ(first.real, "/etc/sysctl.conf");
  EXPECT_EQ(first.line, 2U);
  EXPECT_EQ(first.fate, Fate::overridden);
  EXPECT_EQ(history.system.winning()->file, "/etc/sysctl.conf");
}

TEST(SysctlPath, SeveralKeysAtOnceAreAsEachAlone) {
  Tree tree = debian();
  tree.file("/etc/sysctl.conf", "vm.min_free_kbytes = 1\nvm.nr_hugepages = 3\n")
      .file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes = 2\n")
      .file("/etc/sysctl.d/closed.conf", "")
      .deny("/etc/sysctl.d/closed.conf");
  const std::array keys = {*SysctlKey::parse("vm.min_free_kbytes"),
                           *SysctlKey::parse("vm.nr_hugepages")};
  const auto histories = find_sysctl(tree, keys, "sysctl.vm.nr_hugepages=4");
  ASSERT_EQ(histories.size(), 2U);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto alone = find_sysctl(tree, keys[i], "sysctl.vm.nr_hugepages=4");
    EXPECT_EQ(histories[i].key, alone.key);
    EXPECT_EQ(histories[i].command_line, alone.command_line);
    EXPECT_EQ(histories[i].value_after_boot(), alone.value_after_boot());
    EXPECT_EQ(histories[i].value_after_system(), alone.value_after_system());
    ASSERT_EQ(histories[i].gaps.size(), 1U);
    EXPECT_EQ(histories[i].gaps[0].path, alone.gaps.at(0).path);
  }
  EXPECT_EQ(histories[0].value_after_boot(), "2");
  EXPECT_EQ(histories[1].value_after_boot(), "4");
}

using OpenPaths = std::vector<std::string>;

OpenPaths open_paths(const SysctlHistory& history) {
  OpenPaths paths;
  for (const SysctlOpenLine& open : history.open) {
    paths.push_back(open.path + " " + open.who + " " + open.file + ":" + std::to_string(open.line));
  }
  return paths;
}

TEST(SysctlPath, WhoElseCanWriteWhatDecides) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes = 1\n")
      .file("/srv/app/b.conf", "\nvm.min_free_kbytes = 2\n")
      .link("/etc/sysctl.d/b.conf", "/srv/app/b.conf")
      .status("/etc/sysctl.d/a.conf", {0, 0, 0666, false})
      .status("/srv/app", {33, 0, 0755, false})
      .status("/srv", {0, 0, 0755, false});
  // a.conf does not decide.
  EXPECT_EQ(open_paths(ask(tree)), (OpenPaths{"/srv/app user 33 /srv/app/b.conf:2"}));
  // The file itself, the directory where the link lies, and what lies above.
  tree.status("/srv/app/b.conf", {0, 33, 0664, false})
      .status("/etc/sysctl.d", {0, 50, 0775, false});
  EXPECT_EQ(open_paths(ask(tree)), (OpenPaths{"/srv/app/b.conf group 33 /srv/app/b.conf:2",
                                              "/etc/sysctl.d group 50 /srv/app/b.conf:2"}));
}

TEST(SysctlPath, ADirectoryThatIsSearchedCountsWithoutALine) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.swappiness = 1\n")
      .status("/etc/sysctl.d/a.conf", {0, 0, 0666, false})
      .status("/etc/sysctl.d", {0, 0, 01777, false})
      .status("/etc", {0, 0, 0775, true});
  EXPECT_EQ(open_paths(ask(tree)), (OpenPaths{"/etc/sysctl.d everybody /etc/sysctl.d:0"}));
  tree.status("/etc/sysctl.d", {0, 0, 0775, true})
      .status("/usr/local/lib", {0, 50, 0775, false})
      .status("/usr/local/lib/sysctl.d", {0, 0, 0755, false});
  EXPECT_EQ(open_paths(ask(tree)),
            (OpenPaths{"/etc/sysctl.d whoever its access control list names /etc/sysctl.d:0"}));
}

TEST(SysctlPath, RootsOwnFilesAndUnknownOnesAreNotOpen) {
  Tree tree = debian();
  tree.file("/etc/sysctl.conf", "vm.min_free_kbytes = 1\n");
  EXPECT_TRUE(ask(tree).open.empty());
  tree.status("/etc/sysctl.conf", {0, 0, 0664, false}).status("/etc", {0, 0, 0755, true});
  EXPECT_TRUE(ask(tree).open.empty());
}

TEST(SysctlPath, SysctlConfIsNotReadAtBootWithoutTheLink) {
  Tree tree = debian();
  tree.file("/etc/sysctl.conf", "vm.min_free_kbytes = 1\n");
  const auto history = ask(tree);
  EXPECT_EQ(history.value_after_boot(), std::nullopt);
  EXPECT_EQ(history.value_after_system(), "1");
  ASSERT_EQ(history.boot.settings.size(), 1U);
  EXPECT_EQ(history.boot.settings[0].fate, Fate::not_read);
}

TEST(SysctlPath, HigherDirectoriesMaskByName) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/50-a.conf", "# empty\n")
      .file("/usr/lib/sysctl.d/50-a.conf", "vm.min_free_kbytes=1\n")
      .file("/run/sysctl.d/60-b.conf", "vm.min_free_kbytes=2\n")
      .file("/usr/local/lib/sysctl.d/60-b.conf", "vm.min_free_kbytes=3\n")
      .link("/etc/sysctl.d/70-c.conf", "/dev/null")
      .file("/usr/lib/sysctl.d/70-c.conf", "vm.min_free_kbytes=4\n")
      .file("/etc/sysctl.d/README", "vm.min_free_kbytes=5\n");
  const auto history = ask(tree);
  for (const auto* answer : {&history.boot, &history.system}) {
    ASSERT_EQ(answer->settings.size(), 4U);
    EXPECT_EQ(answer->winning()->value, "2");
    EXPECT_EQ(answer->settings[1].fate, Fate::masked);
    EXPECT_EQ(answer->settings[1].file, "/usr/lib/sysctl.d/50-a.conf");
  }
  EXPECT_EQ(history.load.winning(), nullptr);
  EXPECT_EQ(history.load.settings[0].fate, Fate::not_read);
}

TEST(SysctlPath, LibApartFromUsrIsLast) {
  Tree tree;
  tree.file("/lib/systemd/systemd-sysctl", "ELF")
      .file("/lib/sysctl.d/a.conf", "vm.min_free_kbytes=1\n")
      .file("/usr/lib/sysctl.d/a.conf", "vm.min_free_kbytes=2\n");
  const auto history = ask(tree);
  EXPECT_EQ(history.boot_reader, SysctlBoot::systemd_sysctl);
  EXPECT_EQ(history.value_after_boot(), "2");
  EXPECT_EQ(history.boot.settings.size(), 2U);
}

TEST(SysctlPath, LinkedDirectoriesAndLoops) {
  Tree tree = debian();
  tree.link("/etc/sysctl.d", "/data/sysctl")
      .file("/data/sysctl/a.conf", "vm.min_free_kbytes=1\n")
      .link("/data/sysctl/loop.conf", "loop.conf")
      .link("/data/sysctl/gone.conf", "/nowhere");
  const auto history = ask(tree);
  EXPECT_EQ(history.boot.winning()->file, "/etc/sysctl.d/a.conf");
  EXPECT_EQ(history.boot.winning()->real, "/data/sysctl/a.conf");
  ASSERT_EQ(history.gaps.size(), 1U);
  EXPECT_EQ(history.gaps[0].path, "/etc/sysctl.d/loop.conf");
}

TEST(SysctlPath, SaysWhatItCouldNotRead) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=1\n").deny("/etc/sysctl.d/a.conf");
  const auto history = ask(tree);
  ASSERT_EQ(history.gaps.size(), 1U);
  EXPECT_EQ(history.gaps[0].error.kind, FileError::Kind::denied);
}

TEST(SysctlPath, SaysThatAFileIsTooBig) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "#" + std::string(std::size_t{4} << 20U, 'x'))
      .file("/usr/lib/sysctl.d/a.conf", "")
      .deny("/usr/lib/sysctl.d/a.conf");
  const auto history = ask(tree);
  ASSERT_EQ(history.gaps.size(), 2U);
  EXPECT_EQ(history.gaps[0].path, "/etc/sysctl.d/a.conf");
  EXPECT_EQ(history.gaps[0].error.kind, FileError::Kind::too_big);
  EXPECT_FALSE(history.gaps[0].masked);
  EXPECT_TRUE(history.gaps[1].masked);
}

// It decides who reads the files at boot.
TEST(SysctlPath, SaysThatItCouldNotLookForSystemd) {
  Tree tree = debian();
  tree.deny("/usr/lib/systemd");
  const auto history = ask(tree);
  ASSERT_EQ(history.gaps.size(), 1U);
  EXPECT_EQ(history.gaps[0].path, "/usr/lib/systemd");
}

TEST(SysctlPath, ALineOfTheKeyWinsOverGlobs) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=1\n")
      .file("/etc/sysctl.d/b.conf", "vm.min_*=2\n");
  const auto history = ask(tree);
  EXPECT_EQ(history.value_after_boot(), "1");
  EXPECT_EQ(history.value_after_system(), "1");
  EXPECT_EQ(history.boot.settings[1].fate, Fate::excluded);
  EXPECT_TRUE(history.boot.settings[1].glob);
}

TEST(SysctlPath, AnExclusionTakesBackAnAssignmentForSystemdOnly) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=1\n-vm.min_free_kbytes\n");
  const auto history = ask(tree);
  EXPECT_EQ(history.value_after_boot(), std::nullopt);
  EXPECT_EQ(history.boot.settings[0].fate, Fate::excluded);
  EXPECT_EQ(history.value_after_system(), "1");
}

TEST(SysctlPath, TheSameGlobAgainKeepsItsPlaceForSystemd) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_*=1\nvm.min_f*=2\nvm.min_*=1\n");
  const auto history = ask(tree);
  EXPECT_EQ(history.value_after_boot(), "2");
  EXPECT_EQ(history.value_after_system(), "1");
}

TEST(SysctlPath, ARefusedValueLeavesTheOneBefore) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=1\nvm.min_free_kbytes=64M\n");
  const auto history = ask(tree, "quiet sysctl.vm.min_free_kbytes=7");
  // procps writes each line in turn, systemd only the last.
  EXPECT_EQ(history.value_after_system(), "1");
  EXPECT_EQ(history.system.settings[1].fate, Fate::rejected);
  EXPECT_EQ(history.boot.winning(), nullptr);
  EXPECT_EQ(history.value_after_boot(), "7");
}

TEST(SysctlPath, HiddenFilesAndNamesThatAreGlobs) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/.h.conf", "vm.min_free_kbytes=1\n");
  EXPECT_EQ(ask(tree).value_after_boot(), std::nullopt);
  EXPECT_EQ(ask(tree).value_after_system(), "1");
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=2\n")
      .file("/etc/sysctl.d/[a].conf", "vm.min_free_kbytes=3\n");
  EXPECT_EQ(ask(tree).value_after_boot(), "2");
  EXPECT_EQ(ask(tree).value_after_system(), "2");
  EXPECT_EQ(ask(tree).system.settings.back().fate, Fate::not_read);
}

TEST(SysctlPath, WhoReadsAtBoot) {
  Tree without;
  without.file("/etc/sysctl.conf", "vm.min_free_kbytes=1\n");
  EXPECT_EQ(ask(without).boot_reader, SysctlBoot::procps_system);
  EXPECT_EQ(ask(without).value_after_boot(), "1");
  Tree masked = debian();
  masked.link("/etc/systemd/system/systemd-sysctl.service", "/dev/null")
      .file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=1\n");
  EXPECT_EQ(ask(masked).boot_reader, SysctlBoot::nothing);
  EXPECT_EQ(ask(masked).value_after_boot(), std::nullopt);
  EXPECT_EQ(ask(masked).value_after_system(), "1");
}

TEST(SysctlPath, AMaskCountsInEachDirectoryOfUnits) {
  for (const char* directory : {"/etc/systemd/system.control", "/usr/local/lib/systemd/system"}) {
    Tree tree = debian();
    tree.link(directory + std::string("/systemd-sysctl.service"), "/dev/null");
    EXPECT_EQ(ask(tree).boot_reader, SysctlBoot::nothing) << directory;
  }
  // But not below a unit of its own.
  Tree tree = debian();
  tree.link("/usr/local/lib/systemd/system/systemd-sysctl.service", "/dev/null")
      .file("/etc/systemd/system/systemd-sysctl.service",
            "[Service]\nExecStart=/lib/systemd/systemd-sysctl\n");
  EXPECT_EQ(ask(tree).boot_reader, SysctlBoot::systemd_sysctl);
  EXPECT_EQ(ask(tree).other_command, "");
}

TEST(SysctlPath, AUnitThatRunsSomethingElseIsTold) {
  const std::string unit = "/etc/systemd/system/systemd-sysctl.service";
  const std::string drop_in = unit + ".d/x.conf";
  const auto told = [](const std::string& path, const std::string& text) {
    Tree tree = debian();
    tree.file("/usr/lib/systemd/system/systemd-sysctl.service",
              "[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n");
    tree.file(path, text);
    return ask(tree).other_command;
  };
  EXPECT_EQ(told(unit, "[Service]\nType=oneshot\nExecStart=/bin/true\n"), unit);
  EXPECT_EQ(told(unit, "[Service]\nExecStart=-/lib/systemd/systemd-sysctl\n"), "");
  EXPECT_EQ(told(unit, "[Service]\n ExecStart = /lib/systemd/systemd-sysctl a.conf\n"), unit);
  EXPECT_EQ(told(unit, "[Unit]\nDescription=x\n"), "") << "of a capture, which leaves lines out";
  EXPECT_EQ(told(drop_in, "[Service]\nExecStart=\nExecStart=/bin/true\n"), drop_in);
  EXPECT_EQ(told(drop_in, "[Service]\nExecStart=\nExecStart=@/lib/systemd/systemd-sysctl\n"), "");
  EXPECT_EQ(told(drop_in, "[Service]\nExecStartPre=/bin/true\nExecStart=/bin/true\n"), "");
}

TEST(SysctlPath, TheCommandLineCanMaskTheReader) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.min_free_kbytes=1\n");
  for (const char* line : {"ro systemd.mask=systemd-sysctl.service quiet\n",
                           "systemd.mask=x.service systemd.mask=systemd-sysctl"}) {
    const auto history = ask(tree, line);
    EXPECT_TRUE(history.masked_by_command_line) << line;
    EXPECT_EQ(history.value_after_boot(), "1") << "of a boot without it";
  }
  for (const char* line :
       {"", "systemd.mask=systemd-sysctl.timer", "rd.systemd.mask=systemd-sysctl"}) {
    EXPECT_FALSE(ask(tree, line).masked_by_command_line) << line;
  }
}

// The kernel makes one 0 when the other is written.
TEST(SysctlPath, ALineOfTheOtherUnitDecidesToo) {
  const auto of = [](Tree& tree, std::string_view key) {
    return find_sysctl(tree, *SysctlKey::parse(key));
  };
  Tree tree = debian();
  tree.file("/etc/sysctl.d/a.conf", "vm.overcommit_kbytes = 1000\nvm.dirty_bytes = 100000\n")
      .file("/etc/sysctl.d/b.conf", "vm.overcommit_ratio = 80\nvm.dirty_ratio = 101\n")
      .file("/etc/sysctl.d/c.conf", "vm.dirty_background_ratio = 5\n")
      .file("/etc/sysctl.d/d.conf", "vm.dirty_background_bytes = 1\n");
  const auto lost = of(tree, "vm.overcommit_kbytes");
  EXPECT_EQ(lost.value_after_boot(), "0");
  EXPECT_EQ(lost.value_after_system(), "0");
  ASSERT_NE(lost.boot.winning(), nullptr);
  EXPECT_EQ(lost.boot.winning()->file, "/etc/sysctl.d/b.conf");
  EXPECT_EQ(lost.boot.winning()->through, "vm.overcommit_ratio");
  EXPECT_EQ(of(tree, "vm.overcommit_ratio").value_after_boot(), "80");
  EXPECT_EQ(of(tree, "vm.dirty_bytes").value_after_boot(), "100000") << "101 is refused";
  EXPECT_EQ(of(tree, "vm.dirty_background_ratio").value_after_boot(), "0");
  EXPECT_EQ(of(tree, "vm.dirty_background_bytes").value_after_boot(), "1");
  // systemd leaves a key with the same value again at its old place.
  tree.file("/etc/sysctl.d/e.conf", "vm.overcommit_kbytes = 1000\n");
  EXPECT_EQ(of(tree, "vm.overcommit_kbytes").value_after_boot(), "0");
  EXPECT_EQ(of(tree, "vm.overcommit_kbytes").value_after_system(), "1000");
}

TEST(SysctlPath, TheCredentialIsReadLastAtBoot) {
  Tree tree = debian();
  tree.file("/etc/sysctl.d/zz.conf", "vm.min_free_kbytes=1\n")
      .file("/etc/credstore/sysctl.extra", "vm.min_free_kbytes=2\n");
  EXPECT_EQ(ask(tree).value_after_boot(), "2");
  EXPECT_EQ(ask(tree).value_after_system(), "1");
}

TEST(SysctlPath, CommandLine) {
  const auto value = [](std::string_view line) {
    return sysctl_of_command_line(line, *SysctlKey::parse("vm.min_free_kbytes"));
  };
  EXPECT_EQ(value("ro sysctl.vm.min_free_kbytes=1 quiet\n"), "1");
  EXPECT_EQ(value("sysctl.vm.min_free_kbytes=1 sysctl/vm/min_free_kbytes=2"), "2");
  EXPECT_EQ(value("sysctl.vm.min_free_kbytes=1 sysctl.vm.min_free_kbytes=2G"), "1");
  EXPECT_EQ(value("\"sysctl.vm.min_free_kbytes=3\""), "3");
  EXPECT_EQ(value("x=\"a sysctl.vm.min_free_kbytes=4 b\""), std::nullopt);
  EXPECT_EQ(value("sysctl.vm.min_free_kbytes=\"5 6\""), "5 6");
  EXPECT_EQ(value("-- sysctl.vm.min_free_kbytes=1"), std::nullopt);
  EXPECT_EQ(value("vm.min_free_kbytes=1 sysctl.vm.min_free_kbytes="), std::nullopt);
  EXPECT_EQ(value(""), std::nullopt);
}

TEST(SysctlPath, ManyGlobsStayCheap) {
  Tree tree = debian();
  std::string text;
  for (int i = 0; i < 40000; ++i) {
    text += "vm.min_*[s" + std::string(1, static_cast<char>('a' + i % 18)) + std::to_string(i) +
            "]=" + std::to_string(i) + "\n";
  }
  tree.file("/etc/sysctl.d/a.conf", text);
  EXPECT_EQ(ask(tree).value_after_boot(), "39999");
}

}  // namespace
}  // namespace whyoom::host
