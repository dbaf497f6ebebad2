#include "advise/sysctl_edit.h"

#include <gtest/gtest.h>

#include "advise/overlay_files.h"
#include "host/sysctl_tree_for_test.h"

namespace whyoom::advise {
namespace {

using host::test::Tree;
using Kind = SysctlLineEdit::Kind;

Wanted wanted(std::string_view value) {
  return {*host::SysctlKey::parse("vm.min_free_kbytes"), std::string(value)};
}

Tree debian12() {
  Tree tree;
  tree.file("/usr/lib/systemd/systemd-sysctl", "");
  tree.file("/etc/sysctl.conf", "# Kernel settings\nnet.ipv4.ip_forward=1\n");
  tree.link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");
  return tree;
}

SysctlEdit edit(Tree& tree, std::string_view value = "45056") {
  auto result = edit_sysctl_files(tree, wanted(value));
  EXPECT_TRUE(result) << (result ? "" : result.error().str());
  return result ? *result : SysctlEdit{};
}

std::string after(const SysctlEdit& edit, std::string_view path) {
  for (const FileEdit& file : edit.files) {
    if (file.path == path) {
      return file.after.value_or("(removed)");
    }
  }
  return "(unchanged)";
}

// Whatever was done, every program leaves the value.
void expect_decided(const SysctlEdit& edit, std::string_view value) {
  EXPECT_EQ(edit.after.value_after_boot(), value);
  EXPECT_EQ(edit.after.value_after_system(), value);
  EXPECT_EQ(edit.after.value_after_load(), value);
}

// The kernel makes one 0 when the other is written.
TEST(SysctlEdit, ComesAfterALineOfTheOtherUnit) {
  const auto kbytes = [](Tree& tree) {
    return edit_sysctl_files(tree, {*host::SysctlKey::parse("vm.overcommit_kbytes"), "1000000"});
  };
  Tree tree = debian12();
  tree.file("/etc/sysctl.d/zz.conf", "vm.overcommit_ratio = 80\n");
  auto result = kbytes(tree);
  ASSERT_TRUE(result) << result.error().str();
  EXPECT_EQ(after(*result, "/etc/sysctl.d/zz.conf"),
            "vm.overcommit_ratio = 80\nvm.overcommit_kbytes = 1000000\n");
  expect_decided(*result, "1000000");
  // What is there already, before it, does not move to the end when it is said again.
  tree.file("/etc/sysctl.d/a.conf", "vm.overcommit_kbytes = 1000000\n");
  result = kbytes(tree);
  ASSERT_TRUE(result) << result.error().str();
  EXPECT_NE(after(*result, "/etc/sysctl.d/zz.conf").find("# vm.overcommit_ratio"),
            std::string::npos);
  expect_decided(*result, "1000000");
  // A file of a package.
  Tree vendor = debian12();
  vendor.file("/usr/lib/sysctl.d/zz.conf", "vm.overcommit_ratio = 80\n");
  result = kbytes(vendor);
  ASSERT_TRUE(result) << result.error().str();
  expect_decided(*result, "1000000");
}

TEST(SysctlEdit, SaysThatALinkLeadsToWhatPackagesOwn) {
  Tree tree;
  tree.file("/usr/lib/systemd/systemd-sysctl", "").link("/etc/sysctl.d", "/usr/lib/sysctl.d");
  tree.file("/usr/lib/sysctl.d/10-a.conf", "kernel.panic = 10\n");
  const auto result = edit_sysctl_files(tree, wanted("45056"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().str(),
            "/etc/sysctl.d/90-whyoom.conf is /usr/lib/sysctl.d/90-whyoom.conf, where packages and "
            "programs keep their own files; these are not edited");
  // The same of /etc/sysctl.conf: there is another place.
  Tree conf = debian12();
  conf.file("/usr/lib/sysctl.conf", "kernel.panic = 10\n")
      .link("/etc/sysctl.conf", "/usr/lib/sysctl.conf");
  const SysctlEdit edited = edit(conf);
  EXPECT_EQ(edited.files.front().path, "/etc/sysctl.d/90-whyoom.conf");
}

TEST(SysctlEdit, ChangesTheLineThatDecidesAndNothingElse) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.conf", "# a\r\n  vm/min_free_kbytes\t= 1048576\r\nkernel.panic=10");
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/etc/sysctl.conf"),
            "# a\r\n  vm/min_free_kbytes\t= 45056\r\nkernel.panic=10");
  ASSERT_EQ(result.lines.size(), 1U);
  EXPECT_EQ(result.lines[0].kind, Kind::set);
  EXPECT_EQ(result.lines[0].line, 2U);
  EXPECT_EQ(result.lines[0].old_value, "1048576");
  expect_decided(result, "45056");
}

TEST(SysctlEdit, AddsAMissingKeyToSysctlConfWhereTheBootReadsIt) {
  Tree tree = debian12();
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/etc/sysctl.conf"),
            "# Kernel settings\nnet.ipv4.ip_forward=1\nvm.min_free_kbytes = 45056\n");
  expect_decided(result, "45056");
}

TEST(SysctlEdit, MakesADropInWhereTheBootDoesNotReadSysctlConf) {
  Tree tree;
  tree.file("/usr/lib/systemd/systemd-sysctl", "");
  tree.file("/etc/sysctl.conf", "# not read at boot\n");
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/etc/sysctl.conf"), "(unchanged)");
  EXPECT_EQ(after(result, "/etc/sysctl.d/90-whyoom.conf"),
            "# Made by whyoom fix; `whyoom undo` removes it.\nvm.min_free_kbytes = 45056\n");
  ASSERT_EQ(result.lines.size(), 1U);
  EXPECT_TRUE(result.lines[0].new_file);
  expect_decided(result, "45056");
}

TEST(SysctlEdit, CommentsOutWhatSysctlSystemWouldReadLater) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.conf", "vm.min_free_kbytes=2097152\n");
  tree.file("/etc/sysctl.d/zz-last.conf", "vm.min_free_kbytes=1048576\n");
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/etc/sysctl.d/zz-last.conf"), "vm.min_free_kbytes=45056\n");
  EXPECT_EQ(after(result, "/etc/sysctl.conf"), "# vm.min_free_kbytes=2097152\n");
  ASSERT_EQ(result.lines.size(), 2U);
  EXPECT_EQ(result.lines[1].kind, Kind::comment_out);
  expect_decided(result, "45056");
}

TEST(SysctlEdit, LeavesWhatPackagesOwnAndComesAfterIt) {
  Tree tree = debian12();
  tree.file("/usr/lib/sysctl.d/99-zzz-vendor.conf", "vm.min_free_kbytes=1048576\n");
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/usr/lib/sysctl.d/99-zzz-vendor.conf"), "(unchanged)");
  EXPECT_NE(after(result, "/etc/sysctl.d/zz-whyoom.conf"), "(unchanged)");
  expect_decided(result, "45056");
}

TEST(SysctlEdit, WritesTheKeyBesideAGlob) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.d/10-all.conf", "vm.min_free*=1048576\n");
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/etc/sysctl.d/10-all.conf"),
            "vm.min_free*=1048576\nvm.min_free_kbytes = 45056\n");
  expect_decided(result, "45056");
}

TEST(SysctlEdit, FollowsALinkToTheFileThatIsEdited) {
  Tree tree = debian12();
  tree.link("/etc/sysctl.d/60-app.conf", "/opt/app/sysctl.conf");
  tree.file("/opt/app/sysctl.conf", "vm.min_free_kbytes = 1048576");
  EXPECT_EQ(after(edit(tree), "/opt/app/sysctl.conf"), "vm.min_free_kbytes = 45056");
}

TEST(SysctlEdit, DoesNothingWhenEveryProgramAgreesAlready) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.conf", "vm.min_free_kbytes = 0xb000\n");
  EXPECT_TRUE(edit(tree).empty());
}

TEST(SysctlEdit, AnOverriddenLineIsLeftAsItIs) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.d/10-a.conf", "vm.min_free_kbytes=1\n");
  tree.file("/etc/sysctl.d/20-b.conf", "vm.min_free_kbytes=2\n");
  const SysctlEdit result = edit(tree);
  EXPECT_EQ(after(result, "/etc/sysctl.d/10-a.conf"), "(unchanged)");
  EXPECT_EQ(after(result, "/etc/sysctl.d/20-b.conf"), "vm.min_free_kbytes=45056\n");
}

TEST(SysctlEdit, AnExclusionThatComesLaterDoesNotTakeTheLineBack) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.d/zz.conf", "-vm.min_free_kbytes\n");
  expect_decided(edit(tree), "45056");
}

TEST(SysctlEdit, SaysWhyAFileCannotBeEdited) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.conf", std::string("vm.min_free_kbytes=1\0\n", 22));
  const auto result = edit_sysctl_files(tree, wanted("45056"));
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().str().find("/etc/sysctl.conf:1"), std::string::npos);
}

// A directory that cannot be listed the first time: a signal came, the disk stumbled.
class Stumbling : public Tree {
 public:
  explicit Stumbling(std::string_view directory) : Tree(debian12()), directory_(directory) {}
  tl::expected<host::Listing, host::FileError> list(std::string_view path,
                                                    std::size_t most) override {
    if (path == directory_ && !stumbled_) {
      stumbled_ = true;
      return tl::make_unexpected(
          host::FileError{host::FileError::Kind::failed, "Interrupted system call"});
    }
    return Tree::list(path, most);
  }

 private:
  std::string_view directory_;
  bool stumbled_ = false;
};

TEST(SysctlEdit, ChoosesNoLineWithoutADirectoryThatCouldBeReadLater) {
  for (const char* directory : {"/usr/lib/systemd", "/etc/sysctl.d"}) {
    Stumbling tree(directory);
    tree.file("/etc/sysctl.d/50-vm.conf", "vm.min_free_kbytes = 1048576\n");
    const SysctlEdit result = edit(tree);
    EXPECT_EQ(after(result, "/etc/sysctl.d/50-vm.conf"), "vm.min_free_kbytes = 45056\n")
        << directory;
    EXPECT_EQ(after(result, "/etc/sysctl.conf"), "(unchanged)") << directory;
    EXPECT_TRUE(result.before.gaps.empty()) << directory;
  }
}

TEST(SysctlEdit, RefusesWhereAFileThatIsNotReadCouldDecide) {
  const auto why = [](Tree& tree) {
    const auto result = edit_sysctl_files(tree, wanted("45056"));
    return result ? std::string() : result.error().str();
  };
  Tree later = debian12();
  later.file("/etc/sysctl.d/50-a.conf", "vm.min_free_kbytes=1\n");
  later.file("/etc/sysctl.d/60-b.conf", "").deny("/etc/sysctl.d/60-b.conf");
  EXPECT_NE(why(later).find("/etc/sysctl.d/60-b.conf could not be read"), std::string::npos);
  EXPECT_NE(why(later).find("Run this as root"), std::string::npos);
  Tree earlier = debian12();
  earlier.file("/etc/sysctl.d/50-a.conf", "vm.min_free_kbytes=1\n");
  earlier.file("/etc/sysctl.d/40-b.conf", "").deny("/etc/sysctl.d/40-b.conf");
  EXPECT_EQ(why(earlier), "");
  Tree masked = debian12();
  masked.file("/etc/sysctl.d/50-a.conf", "vm.min_free_kbytes=1\n");
  masked.file("/etc/sysctl.d/60-b.conf", "");
  masked.file("/usr/lib/sysctl.d/60-b.conf", "").deny("/usr/lib/sysctl.d/60-b.conf");
  EXPECT_EQ(why(masked), "");
  // sysctl --system and sysctl -p read it last, whatever its name.
  Tree last = debian12();
  last.file("/etc/sysctl.d/zz.conf", "vm.min_free_kbytes=1\n").deny("/etc/sysctl.conf");
  EXPECT_NE(why(last).find("/etc/sysctl.conf could not be read"), std::string::npos);
  Tree folder = debian12();
  folder.file("/run/sysctl.d/x.conf", "").deny("/run/sysctl.d");
  EXPECT_NE(why(folder).find("/run/sysctl.d could not be read"), std::string::npos);
  Tree big = debian12();
  big.file("/etc/sysctl.conf", "#" + std::string(std::size_t{4} << 20U, 'x'));
  EXPECT_NE(why(big).find("/etc/sysctl.conf could not be read"), std::string::npos) << why(big);
}

TEST(SysctlEdit, ReversedAndAppliedGivesTheOldFiles) {
  Tree tree = debian12();
  tree.file("/etc/sysctl.d/zz.conf", "vm.min_free_kbytes=7");
  const SysctlEdit result = edit(tree);
  OverlayFiles files(tree);
  for (const FileEdit& file : result.files) {
    files.put(file.path, file.after);
  }
  for (const FileEdit& file : reversed({result.files, {}}).files) {
    EXPECT_EQ(files.read(file.path).value_or("(none)"), file.before.value_or("(none)"));
    files.put(file.path, file.after);
    EXPECT_EQ(files.read(file.path).value_or("(none)"),
              tree.read(file.path, 1000).value_or("(none)"));
  }
}

TEST(SameSysctlValue, ComparesAsTheKernelDoes) {
  EXPECT_TRUE(same_sysctl_value("0x10", "16"));
  EXPECT_TRUE(same_sysctl_value("256\t256  32", "256 256 32"));
  EXPECT_FALSE(same_sysctl_value("256 256 32", "256 256 33"));
  EXPECT_FALSE(same_sysctl_value("256", "256 256"));
  EXPECT_TRUE(same_sysctl_value("", "\n"));
  EXPECT_FALSE(same_sysctl_value("25 6", "256"));
}

}  // namespace
}  // namespace whyoom::advise
