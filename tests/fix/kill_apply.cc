// Kills apply, undo and finish at each of their system calls that could change something, and looks
// at what is left: every file is whole, and both ways out lead to one of the two states, with
// nothing left over.
// Usage: kill_apply APPLY_PROGRAM             status 0: all well, 1: not, 77: cannot be done here
//        kill_apply --self-test APPLY_PROGRAM  a careless program must be found out
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string_view>

#include "judge.h"
#include "scenario.h"

namespace whyoom::test {
namespace {

class Trial : public Judge {
 public:
  Trial(std::string program, const std::string& scratch)
      : Judge(Scenario(scratch).store),
        program_(std::move(program)),
        scratch_(scratch),
        scenario_(scratch) {
    scenario_.make();
    before_ = snapshot(scenario_.top);
    expect(run("apply"), "apply by itself");
    after_ = snapshot(scenario_.top);
    expect(before_ != after_, "apply changes something");
  }

  // Kills `command` at each stop from a fresh start, then looks and recovers. At the entry of a
  // call all is as it was at the exit of the one before, so one way out has both, the others the
  // entries.
  enum class At : std::uint8_t { entries_and_exits, entries };
  void kill(const char* command, At which, const std::function<void()>& start,
            const std::function<void()>& recover) {
    const std::uint64_t step = which == At::entries ? 2 : 1;
    std::uint64_t killed = 0;
    for (std::uint64_t stop = 0;; stop += step) {
      at_ = std::string(command) + " killed at stop " + std::to_string(stop);
      start();
      const auto end =
          test::run_and_kill({program_, command, scratch_}, stop, test::Calls::changing);
      ++runs_;
      if (!end.killed) {
        expect(end.status == 0 && end.stops <= stop, "the end of the program");
        break;
      }
      ++killed;
      look();
      recover();
    }
    std::printf("%s: %llu runs were killed\n", command, printed(killed));
    expect(killed > 0, "something was killed");
  }

  // Without a record nothing may have been touched.
  void look() {
    const auto record = load();
    const Snapshot now = snapshot(scenario_.top);
    if (!record) {
      ++untouched_;
      expect(difference(before_, now).empty(), "nothing is changed without a journal");
      return;
    }
    const auto found = fix::examine(*record, scenario_.store.values);
    for (const fix::Found& file : found.files) {
      ++standings_[static_cast<std::size_t>(file.standing)];
      expect(is_old_or_new(file) || file.standing == Standing::torn,
             "each file is the old or the new one");
    }
    expect(get(scenario_.top + "/etc/hard.conf") == get(scenario_.top + "/etc/hard-too"),
           "hard links are one file");
  }

  void undo() {
    const auto record = load();
    if (record && record->state != FixState::undone && record->state != FixState::rolled_back) {
      expect(run("undo"), "undo after it");
      expect(load()->state == FixState::undone, "the record is one of an undone fix");
    }
    expect_same(before_, snapshot(scenario_.top), "undo gives all back");
  }

  void finish() {
    const auto record = load();
    if (record && (record->state == FixState::undoing || record->state == FixState::undone)) {
      undo();
      return;
    }
    if (record && record->state == FixState::planned) {
      expect(run("finish"), "finish after it");
      expect(load()->state == FixState::applied, "the record is one of an applied fix");
    }
    expect_same(record ? after_ : before_, snapshot(scenario_.top), "finish brings all about");
  }

  // The way back is killed too, at a stop by chance; then it is gone once more.
  void undo_twice() {
    if (load()) {
      (void)test::run_and_kill({program_, "undo", scratch_}, random_() % 500,
                               test::Calls::changing);
      ++runs_;
      look();
    }
    undo();
  }

  void fresh() { scenario_.make(); }
  void applied() {
    scenario_.make();
    expect(run("apply"), "apply by itself");
  }
  // As after a crash in the middle.
  void half() {
    applied();
    auto store = fix::FixStore::open_locked(scenario_.store, 1);
    expect(store && store->set_state(1, FixState::planned), "half a fix");
    put(scenario_.change.files[0].path, *scenario_.change.files[0].before);
    put(scenario_.store.values.place(scenario_.change.running[1].key), "\n");
    std::filesystem::remove_all(scenario_.top + "/etc/new.d");
  }

  [[nodiscard]] bool well() const {
    std::printf(
        "%llu runs; nothing touched yet in %llu; files found: %llu old, %llu new, %llu"
        " half written with two names\n",
        printed(runs_), printed(untouched_), printed(standings_[0]), printed(standings_[1]),
        printed(standings_[2]));
    const bool all_seen = standings_[0] > 0 && standings_[1] > 0 && standings_[2] > 0;
    if (!all_seen) {
      std::printf("not each of these states came up: the test does not look where it should\n");
    }
    return wrong() == 0 && all_seen;
  }

 private:
  bool run(const char* command) {
    ++runs_;
    return test::run({program_, command, scratch_}) == 0;
  }

  std::string program_, scratch_;
  test::Scenario scenario_;
  Snapshot before_, after_;
  std::mt19937 random_{20260101};
  std::uint64_t runs_ = 0, untouched_ = 0;
  std::array<std::uint64_t, 5> standings_{};
};

}  // namespace
}  // namespace whyoom::test

int main(int argc, char** argv) {
  using namespace whyoom::test;
  const bool self_test = argc == 3 && std::string_view(argv[1]) == "--self-test";
  if (argc != 2 && !self_test) {
    return 2;
  }
  if (!can_trace()) {
    return skip("ptrace is not allowed here");
  }
  const whyoom::linux::test::Scratch scratch;
  Trial trial(argv[argc - 1], scratch.path());
  const auto fresh = [&] { trial.fresh(); };
  const auto undo = [&] { trial.undo(); };
  const auto finish = [&] { trial.finish(); };
  if (self_test) {
    trial.quietly();
    trial.kill("careless", Trial::At::entries_and_exits, fresh, undo);
    std::printf("a careless program: %llu complaints\n", printed(trial.wrong()));
    return trial.wrong() > 0 ? 0 : 1;
  }
  trial.kill("apply", Trial::At::entries_and_exits, fresh, undo);
  trial.kill("apply", Trial::At::entries, fresh, finish);
  trial.kill("apply", Trial::At::entries, fresh, [&] { trial.undo_twice(); });
  trial.kill(
      "undo", Trial::At::entries, [&] { trial.applied(); }, undo);
  trial.kill(
      "finish", Trial::At::entries, [&] { trial.half(); }, finish);
  trial.kill(
      "finish", Trial::At::entries, [&] { trial.half(); }, undo);
  return trial.well() ? 0 : 1;
}
