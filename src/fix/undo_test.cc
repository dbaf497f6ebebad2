// What an undo gives back beside the contents of files: values that the kernel ties together, and
// what somebody changed since.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fix/apply.h"
#include "fix/fix_for_test.h"

namespace whyoom::fix {
namespace {

class Undo : public WithStore {
 protected:
  void SetUp() override {
    fs::create_directory(dir / "etc");
    fs::create_directories(dir / "sys/vm");
    put(dir / "etc/a.conf", "vm.x = 1\n");
    put(dir / "sys/vm/dirty_bytes", "0\n");
    put(dir / "sys/vm/dirty_ratio", "20\n");
  }

  const FixMeta meta{1, {advise::Wanted{key("vm.dirty_bytes"), "100000000"}}, "whyoom fix"};
};

// As the kernel: one of them makes the other 0, and does not take a 0 itself.
TEST_F(Undo, OfOneOfTwoUnitsGivesTheOtherBack) {
  const auto kernel = [this](const advise::RunningEdit& edit) {
    if (edit.after == "0") {
      return tl::expected<void, std::string>(tl::unexpected(std::string("Invalid argument")));
    }
    put(dir / (edit.key == "vm.dirty_bytes" ? "sys/vm/dirty_ratio" : "sys/vm/dirty_bytes"), "0\n");
    return values.write(edit);
  };
  advise::Change change;
  change.running = {{key("vm.dirty_bytes"), "0", "100000000"}, {key("vm.dirty_ratio"), "20", "0"}};
  auto locked = store();
  const auto refused = apply(
      change, locked, meta, {kernel, [] { return tl::unexpected(std::string("not as planned")); }});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().left.empty());
  EXPECT_EQ(get(dir / "sys/vm/dirty_bytes") + get(dir / "sys/vm/dirty_ratio"), "0\n20\n");
  const auto number = apply(change, locked, meta, {kernel, {}});
  ASSERT_TRUE(number) << number.error().what;
  EXPECT_EQ(get(dir / "sys/vm/dirty_bytes") + get(dir / "sys/vm/dirty_ratio"), "100000000\n0\n");
  const auto undone = undo(locked.load(*number).value(), locked, {kernel, {}});
  ASSERT_TRUE(undone) << undone.error().what;
  EXPECT_EQ(get(dir / "sys/vm/dirty_bytes") + get(dir / "sys/vm/dirty_ratio"), "0\n20\n");
}

TEST_F(Undo, LeavesAModeThatWasChangedSinceAndKnowsOfIt) {
  advise::Change change;
  change.files = {{dir / "etc/a.conf", "vm.x = 1\n", "vm.x = 2\n"},
                  {dir / "etc/new.conf", std::nullopt, "vm.x = 2\n"}};
  auto locked = store();
  const auto number = apply(change, locked, meta, {});
  ASSERT_TRUE(number) << number.error().what;
  const auto other = [&](std::size_t i) {
    return examine(locked.load(*number).value(), values).files[i].other_attributes;
  };
  EXPECT_FALSE(other(0));
  EXPECT_FALSE(other(1));
  ASSERT_EQ(::chmod((dir / "etc/a.conf").c_str(), 0600), 0);
  ASSERT_EQ(::chmod((dir / "etc/new.conf").c_str(), 0600), 0);
  EXPECT_TRUE(other(0));
  EXPECT_FALSE(other(1)) << "it is removed";
  ASSERT_TRUE(undo(locked.load(*number).value(), locked, {}));
  struct stat status {};
  ASSERT_EQ(::stat((dir / "etc/a.conf").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

}  // namespace
}  // namespace whyoom::fix
