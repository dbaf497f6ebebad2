#include "fix/apply.h"

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <random>

#include "fix/fix_for_test.h"
#include "fix/replace_file.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

const FixMeta meta{1, {advise::Wanted{key("vm.x"), "2"}}, "whyoom fix vm.x=2"};

class Apply : public WithStore {
 protected:
  void SetUp() override {
    fs::create_directory(dir / "etc");
    fs::create_directories(dir / "sys/vm");
    put(dir / "etc/a.conf", "vm.x = 1\n");
    put(dir / "etc/b.conf", "# b\r\nvm.x=1");
    put(dir / "sys/vm/x", "1\n");
    put(dir / "sys/vm/y", "10\n");
    change.files = {{dir / "etc/a.conf", "vm.x = 1\n", "vm.x = 2\n"},
                    {dir / "etc/b.conf", "# b\r\nvm.x=1", "# b\r\n# vm.x=1"},
                    {dir / "etc/sysctl.d/new/c.conf", std::nullopt, "vm.y = 20\n"}};
    change.running = {{key("vm.x"), "1", "2"}, {key("vm.y"), "10", "20"}};
    before = snapshot(dir.path());
  }
  tl::expected<int, ApplyFailure> do_apply(const ApplyHooks& hooks = {}) {
    auto locked = store();
    return apply(change, locked, meta, hooks);
  }
  FixRecord record(int number = 1) { return store().load(number).value(); }

  advise::Change change;
  linux::test::Snapshot before;
};

TEST_F(Apply, all_is_changed_and_can_be_taken_back) {
  const auto number = do_apply();
  ASSERT_TRUE(number) << number.error().what;
  EXPECT_EQ(*number, 1);
  EXPECT_EQ(get(dir / "etc/a.conf"), "vm.x = 2\n");
  EXPECT_EQ(get(dir / "etc/b.conf"), "# b\r\n# vm.x=1");
  EXPECT_EQ(get(dir / "etc/sysctl.d/new/c.conf"), "vm.y = 20\n");
  EXPECT_EQ(get(dir / "sys/vm/x") + get(dir / "sys/vm/y"), "2\n20\n");
  EXPECT_EQ(snapshot(dir.path()).size(), before.size() + 3);
  EXPECT_EQ(record().state, FixState::applied);
  EXPECT_TRUE(examine(record(), values).all(Standing::updated));

  auto locked = store();
  const auto undone = undo(locked.load(1).value(), locked, {});
  ASSERT_TRUE(undone) << undone.error().what;
  EXPECT_EQ(snapshot(dir.path()), before);
  EXPECT_EQ(locked.load(1)->state, FixState::undone);
  EXPECT_EQ(undo(locked.load(1).value(), locked, {}).error().what, "fix 1 is undone already");
}

TEST_F(Apply, what_the_check_at_the_end_refuses_is_rolled_back) {
  const auto failed =
      do_apply({{}, [] { return tl::unexpected(std::string("the zones say something else")); }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "the zones say something else");
  EXPECT_FALSE(failed.error().refused);
  EXPECT_EQ(failed.error().restored.size(), 5U);
  EXPECT_TRUE(failed.error().left.empty());
  EXPECT_EQ(snapshot(dir.path()), before);
  EXPECT_EQ(record().state, FixState::rolled_back);
}

TEST_F(Apply, a_value_that_is_refused_rolls_back_the_files_too) {
  const auto failed = do_apply({[this](const advise::RunningEdit& edit) {
                                  return edit.after == "20" ? tl::unexpected(std::string("no room"))
                                                            : values.write(edit);
                                },
                                {}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "no room");
  EXPECT_EQ(failed.error().restored.size(), 4U);
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST_F(Apply, a_value_that_was_raised_half_way_is_put_back) {
  const auto failed =
      do_apply({[this](const advise::RunningEdit& edit) {
                  if (edit.after == "20") {
                    (void)values.write({edit.key, edit.before, "15"});
                    return tl::expected<void, std::string>(tl::unexpected(std::string("enough")));
                  }
                  return values.write(edit);
                },
                {}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().restored.size(), 5U);
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST_F(Apply, what_cannot_be_rolled_back_is_told_exactly) {
  const auto failed = do_apply({[this](const advise::RunningEdit& edit) {
                                  return edit.after == "1" ? tl::unexpected(std::string("not now"))
                                                           : values.write(edit);
                                },
                                [&]() -> tl::expected<void, std::string> {
                                  put(dir / "etc/b.conf", "theirs");
                                  return tl::unexpected(std::string("wrong"));
                                }});
  ASSERT_FALSE(failed);
  ASSERT_EQ(failed.error().left.size(), 2U);
  EXPECT_EQ(failed.error().left[0], "vm.x is 2 and not 1 again: not now");
  EXPECT_EQ(failed.error().left[1],
            (dir / "etc/b.conf") +
                " was changed by someone else meanwhile; it is left as it is. What it was before "
                "the fix is in " +
                (var / "fixes/1/before.1"));
  EXPECT_EQ(get(var / "fixes/1/before.1"), "# b\r\nvm.x=1");
  EXPECT_EQ(get(dir / "etc/b.conf"), "theirs");
  EXPECT_EQ(get(dir / "etc/a.conf"), "vm.x = 1\n");
  EXPECT_EQ(record().state, FixState::planned) << "it must not pass for a settled one";
}

TEST_F(Apply, a_plan_for_another_state_of_the_machine_is_refused) {
  const auto refused = [&] {
    const auto failed = do_apply();
    return !failed && failed.error().refused && store().list()->empty();
  };
  change.files[1].before = "something else";
  EXPECT_TRUE(refused());
  change.files[1].before = std::nullopt;
  EXPECT_TRUE(refused());
  change.files[1].before = "# b\r\nvm.x=1";
  change.running[1].before = "11";
  EXPECT_TRUE(refused());
  change.running[1].before = "10";
  change.files.push_back(change.files[0]);
  EXPECT_TRUE(refused());
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST_F(Apply, one_file_that_cannot_be_changed_stops_all_of_it) {
  fs::create_directory(dir / "etc/d.conf");
  change.files.push_back({dir / "etc/d.conf", std::nullopt, "x"});
  before = snapshot(dir.path());
  const auto failed = do_apply();
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().refused);
  EXPECT_EQ(snapshot(dir.path()), before);
  EXPECT_TRUE(store().list()->empty());
}

TEST_F(Apply, undo_refuses_when_a_file_was_changed_since) {
  ASSERT_TRUE(do_apply());
  put(dir / "etc/a.conf", "vm.x = 3\n");
  fs::remove(dir / "etc/sysctl.d/new/c.conf");
  const auto changed = snapshot(dir.path());
  auto locked = store();
  const auto failed = undo(locked.load(1).value(), locked, {});
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().refused);
  ASSERT_EQ(failed.error().changed.size(), 1U) << "a new file that is gone is as it was before";
  EXPECT_EQ(failed.error().changed[0].path, dir / "etc/a.conf");
  EXPECT_EQ(failed.error().changed[0].before, "vm.x = 2\n");
  EXPECT_EQ(failed.error().changed[0].after, "vm.x = 3\n");
  EXPECT_EQ(failed.error().what,
            (dir / "etc/a.conf") + " was changed since fix 1; nothing was changed");
  EXPECT_EQ(snapshot(dir.path()), changed);
  EXPECT_EQ(locked.load(1)->state, FixState::applied);
}

TEST_F(Apply, a_file_that_became_a_link_is_not_written_through) {
  ASSERT_TRUE(do_apply());
  fs::rename(dir / "etc/a.conf", dir / "etc/real");
  fs::create_symlink("real", dir / "etc/a.conf");
  const auto changed = snapshot(dir.path());
  auto locked = store();
  const auto failed = undo(locked.load(1).value(), locked, {});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().what.find("symbolic link"), std::string::npos) << failed.error().what;
  EXPECT_EQ(snapshot(dir.path()), changed);
}

TEST_F(Apply, a_directory_that_others_use_now_stays) {
  ASSERT_TRUE(do_apply());
  put(dir / "etc/sysctl.d/theirs", "");
  auto locked = store();
  ASSERT_TRUE(undo(locked.load(1).value(), locked, {}));
  EXPECT_TRUE(fs::exists(dir / "etc/sysctl.d/theirs"));
  EXPECT_FALSE(fs::exists(dir / "etc/sysctl.d/new"));
}

TEST_F(Apply, an_undo_that_fails_leaves_the_fix_as_it_was) {
  ASSERT_TRUE(do_apply());
  const auto applied = snapshot(dir.path());
  auto locked = store();
  const auto failed =
      undo(locked.load(1).value(), locked, {{}, [] { return tl::unexpected(std::string("no")); }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(snapshot(dir.path()), applied);
  EXPECT_EQ(locked.load(1)->state, FixState::applied);
  EXPECT_TRUE(undo(locked.load(1).value(), locked, {}));
  EXPECT_EQ(snapshot(dir.path()), before);
}

// A fix that ended half way: the journal, and some of the steps.
class Interrupted : public Apply {
 protected:
  void SetUp() override {
    Apply::SetUp();
    ASSERT_TRUE(do_apply());
    applied = snapshot(dir.path());
    auto locked = store();
    ASSERT_TRUE(undo(locked.load(1).value(), locked, {}));
    ASSERT_TRUE(locked.set_state(1, FixState::planned));
    put(dir / "etc/a.conf", "vm.x = 2\n");
    put(dir / "etc/.b.conf.whyoom-1-1", "# b");
    fs::create_directory(dir / "etc/sysctl.d");
    put(dir / "sys/vm/x", "2\n");
    put(dir / "sys/vm/y", "17\n");
  }
  linux::test::Snapshot applied;
};

TEST_F(Interrupted, what_stands_there_is_told) {
  const Examination found = examine(record(), values);
  ASSERT_EQ(found.files.size(), 3U);
  EXPECT_EQ(found.files[0].standing, Standing::updated);
  EXPECT_EQ(found.files[1].standing, Standing::old);
  EXPECT_EQ(found.files[2].standing, Standing::old);
  EXPECT_EQ(found.values[0].standing, Standing::updated);
  EXPECT_EQ(found.values[1].standing, Standing::changed);
  EXPECT_EQ(found.values[1].now, "17");
}

TEST_F(Interrupted, it_can_be_finished) {
  auto locked = store();
  const auto done = finish(locked.load(1).value(), locked, {});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(snapshot(dir.path()), applied);
  EXPECT_EQ(locked.load(1)->state, FixState::applied);
  EXPECT_TRUE(finish(locked.load(1).value(), locked, {}).error().refused);
}

TEST_F(Interrupted, it_can_be_taken_back) {
  auto locked = store();
  const auto done = undo(locked.load(1).value(), locked, {});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST_F(Interrupted, an_undo_can_be_interrupted_too) {
  auto locked = store();
  ASSERT_TRUE(locked.set_state(1, FixState::undoing));
  EXPECT_TRUE(finish(locked.load(1).value(), locked, {}).error().refused);
  ASSERT_TRUE(undo(locked.load(1).value(), locked, {}));
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST_F(Interrupted, a_finish_that_fails_takes_back_all_of_the_fix) {
  auto locked = store();
  const auto failed = finish(locked.load(1).value(), locked,
                             {{}, [] { return tl::unexpected(std::string("wrong")); }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "wrong");
  EXPECT_EQ(failed.error().restored.size(), 5U);
  EXPECT_EQ(snapshot(dir.path()), before);
  EXPECT_EQ(locked.load(1)->state, FixState::rolled_back);
}

TEST_F(Interrupted, the_next_fix_waits_for_a_decision) {
  const auto failed = do_apply();
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().refused);
  EXPECT_NE(failed.error().what.find("fix 1 (vm.x) was interrupted"), std::string::npos);
  EXPECT_EQ(store().list()->size(), 1U);
}

TEST_F(Apply, a_value_that_was_on_its_way_is_whyooms_own) {
  put(dir / "sys/vm/min_free_kbytes", "1000\n");
  change.running = {{key("vm.min_free_kbytes"), "1000", "9000"}, {key("vm.y"), "10", "20"}};
  ASSERT_TRUE(do_apply());
  put(dir / "sys/vm/min_free_kbytes", "4000\n");
  put(dir / "sys/vm/y", "15\n");
  const auto standing_of = [&](std::size_t i) {
    return examine(record(), values).values[i].standing;
  };
  EXPECT_EQ(standing_of(0), Standing::changed);
  for (const FixState interrupted : {FixState::planned, FixState::undoing}) {
    ASSERT_TRUE(store().set_state(1, interrupted));
    EXPECT_EQ(standing_of(0), Standing::torn);
    EXPECT_EQ(standing_of(1), Standing::changed) << "set in one write";
  }
  put(dir / "sys/vm/min_free_kbytes", "9001\n");
  EXPECT_EQ(standing_of(0), Standing::changed);
}

TEST_F(Apply, a_file_with_two_names_that_was_half_written_is_mended) {
  const std::string old_text = std::string(9000, 'o') + "\n";
  const std::string new_text = std::string(9000, 'n') + "\n";
  put(dir / "etc/a.conf", old_text);
  fs::create_hard_link(dir / "etc/a.conf", dir / "etc/same");
  before = snapshot(dir.path());
  change.files = {{dir / "etc/a.conf", old_text, new_text}};
  ASSERT_TRUE(do_apply());
  EXPECT_EQ(get(dir / "etc/same"), new_text);
  for (const bool forward : {true, false}) {
    auto locked = store();
    ASSERT_TRUE(locked.set_state(1, FixState::planned));
    put(dir / "etc/a.conf", new_text.substr(0, 4096) + old_text.substr(4096));
    EXPECT_EQ(examine(locked.load(1).value(), values).files[0].standing, Standing::torn);
    ASSERT_TRUE(forward ? finish(locked.load(1).value(), locked, {})
                        : undo(locked.load(1).value(), locked, {}));
    EXPECT_EQ(get(dir / "etc/same"), forward ? new_text : old_text);
  }
  EXPECT_EQ(snapshot(dir.path()), before);
}

// Killed anywhere in writing in place, on the way there or back, also when one of the two names is
// gone by now: both ways out lead to the end.
TEST_F(Apply, any_state_between_the_two_of_a_file_with_two_names_is_mended) {
  const std::string longer = std::string(9000, 'o') + "\n";
  const std::string shorter = std::string(5000, 'n') + "\n";
  for (const bool grows : {false, true}) {
    const std::string& old_text = grows ? shorter : longer;
    const std::string& new_text = grows ? longer : shorter;
    const std::string path = dir / (grows ? "etc/grows.conf" : "etc/shrinks.conf");
    put(path, old_text);
    fs::create_hard_link(path, path + "-too");
    change = {{{path, old_text, new_text}}, {}};
    const int number = do_apply().value();
    for (const std::string& half :
         {shorter + longer.substr(shorter.size()), longer.substr(0, shorter.size()),
          longer.substr(0, 7000), shorter.substr(0, 700) + longer.substr(700, 8000)}) {
      for (const FixState state : {FixState::planned, FixState::undoing}) {
        for (const bool forward : {true, false}) {
          auto locked = store();
          ASSERT_TRUE(locked.set_state(number, state));
          put(path, half);
          EXPECT_EQ(examine(locked.load(number).value(), values).files[0].standing, Standing::torn);
          const bool finishes = forward && state == FixState::planned;
          const auto done = finishes ? finish(locked.load(number).value(), locked, {})
                                     : undo(locked.load(number).value(), locked, {});
          ASSERT_TRUE(done) << done.error().what;
          EXPECT_EQ(get(path + "-too"), finishes ? new_text : old_text);
        }
      }
    }
    auto locked = store();
    ASSERT_TRUE(locked.set_state(number, FixState::undoing));
    put(path, longer.substr(0, 7000));
    fs::remove(path + "-too");
    ASSERT_TRUE(undo(locked.load(number).value(), locked, {}));
    EXPECT_EQ(get(path), old_text);
  }
}

TEST_F(Apply, what_is_written_to_an_old_file_meanwhile_takes_the_fix_back) {
  linux::Descriptor theirs(::open((dir / "etc/a.conf").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const auto failed = do_apply({{},
                                [&]() -> tl::expected<void, std::string> {
                                  (void)!::write(theirs.get(), "vm.z = 3\n", 9);
                                  theirs.close();
                                  return {};
                                },
                                {}});
  ASSERT_FALSE(failed);
  EXPECT_FALSE(failed.error().refused) << "its exit status is 3";
  EXPECT_EQ(failed.error().what,
            (dir / "etc/a.conf") + " was changed by someone else meanwhile; it is left as it is");
  EXPECT_TRUE(failed.error().left.empty());
  EXPECT_EQ(get(dir / "etc/a.conf"), "vm.x = 1\nvm.z = 3\n");
  fs::remove(dir / "etc/a.conf");
  put(dir / "etc/a.conf", "vm.x = 1\n");
  EXPECT_EQ(snapshot(dir.path()), before);
  EXPECT_EQ(record().state, FixState::rolled_back);
}

TEST_F(Interrupted, anothers_text_in_a_leftover_is_kept_and_named) {
  put(dir / "etc/.b.conf.whyoom-1-1", "theirs");
  std::string told;
  auto locked = store();
  const auto done = undo(locked.load(1).value(), locked,
                         {{}, {}, [&](const std::string& what) { told += what + "\n"; }});
  ASSERT_TRUE(done) << done.error().what;
  const std::string kept = dir / "etc/b.conf.kept-by-whyoom-1-1";
  EXPECT_EQ(get(kept), "theirs");
  EXPECT_NE(told.find(kept), std::string::npos) << told;
  fs::remove(kept);
  EXPECT_EQ(snapshot(dir.path()), before);
}

// Random changes of a random tree: applied and undone they are the identity, as they are when the
// check at the end refuses them.
class Generated {
 public:
  Generated(std::uint32_t seed, const std::string& top) : random_(seed), top_(top) {
    fs::create_directory(top + "/d");
    fs::create_directories(top + "/sys/vm");
    const std::uint32_t count = 1 + pick(5);
    for (std::uint32_t i = 0; i < count; ++i) {
      file(i);
    }
    const std::uint32_t values = pick(3);
    for (std::uint32_t i = 0; i < values; ++i) {
      const std::string name = "v" + std::to_string(i);
      const std::string now = std::to_string(pick(1000));
      put(top + "/sys/vm/" + name, now + "\n");
      change.running.push_back({key("vm." + name), now, std::to_string(pick(1000))});
    }
  }
  advise::Change change;

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  std::string text() {
    std::string text(pick(8) == 0 ? 4096U * (1 + pick(3)) + pick(5) : pick(200), ' ');
    for (char& c : text) {
      c = pick(10) == 0 ? '\n' : static_cast<char>(pick(256));
    }
    return text;
  }

  void file(std::uint32_t index) {
    const std::string name = "/f" + std::to_string(index);
    const std::uint32_t kind = pick(6);
    advise::FileEdit edit{top_ + (pick(2) == 0 ? "" : "/d") + name, text(), text()};
    if (kind == 0) {
      edit.path = top_ + "/new" + std::to_string(pick(2)) + "/deep" + name;
      edit.before.reset();
    } else {
      put(edit.path, *edit.before);
      ::chmod(edit.path.c_str(), 0600U | pick(0200));
      ::setxattr(edit.path.c_str(), "user.x", "1", pick(2), 0);
      if (::geteuid() == 0) {
        (void)!::lchown(edit.path.c_str(), pick(3), pick(3));
      }
    }
    if (kind == 1) {
      edit.after.reset();
    }
    if (kind == 2) {
      fs::create_hard_link(edit.path, edit.path + "-too");
    }
    if (kind == 3) {
      edit.after = edit.before;
    }
    change.files.push_back(std::move(edit));
  }

  std::mt19937 random_;
  std::string top_;
};

TEST(ApplyProperty, apply_then_undo_is_the_identity) {
  constexpr std::uint32_t trees = 300;
  const Scratch base;
  std::size_t changed = 0;
  for (std::uint32_t seed = 0; seed < trees; ++seed) {
    SCOPED_TRACE(seed);
    const std::string top = base / std::to_string(seed);
    fs::create_directory(top);
    const Generated tree(seed, top);
    const auto before = snapshot(top);
    auto store = FixStore::open_locked({base / "store", RunningValues(top + "/sys")}, 1);
    ASSERT_TRUE(store);
    const auto refused =
        apply(tree.change, *store, meta, {{}, [] { return tl::unexpected(std::string("no")); }});
    ASSERT_FALSE(refused);
    ASSERT_TRUE(refused.error().left.empty());
    ASSERT_EQ(linux::test::difference(before, snapshot(top)), "");
    const auto number = apply(tree.change, *store, meta, {});
    ASSERT_TRUE(number) << number.error().what;
    for (const advise::FileEdit& file : tree.change.files) {
      ASSERT_EQ(linux::read_real_file(file.path).value(), file.after);
    }
    changed += snapshot(top) != before ? 1U : 0U;
    const auto undone = undo(store->load(*number).value(), *store, {});
    ASSERT_TRUE(undone) << undone.error().what;
    ASSERT_EQ(linux::test::difference(before, snapshot(top)), "");
    fs::remove_all(base / "store");
  }
  EXPECT_GT(changed, trees * 3 / 4);
}

}  // namespace
}  // namespace whyoom::fix
