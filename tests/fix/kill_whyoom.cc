// Kills `whyoom fix` and `whyoom undo` themselves at each of their system calls that could change
// something, in a private mount and UTS namespace with an /etc and a /var/lib of its own and
// kernel.domainname as the setting. After each kill the files are whole, and `whyoom undo` or
// `whyoom fix --resume` leads to one of the two states.
// Usage: kill_whyoom WHYOOM              status 0: all well, 1: not, 77: cannot be done here
//        kill_whyoom WHYOOM --every-call  at each stop of each call; takes long
#include <cstdio>
#include <functional>
#include <string_view>

#include "judge.h"
#include "machine.h"

namespace whyoom::test {
namespace {

class Trial : public Judge {
 public:
  Trial(std::string program, test::Calls calls)
      : Judge({}),
        calls_(calls),
        fix_{program, "fix", "kernel.domainname=after.example", "--yes"},
        undo_{program, "undo", "--yes"},
        resume_{std::move(program), "fix", "--resume", "--yes"} {
    test::fresh_machine();
    before_ = test::state_of_machine();
    expect(run(fix_) == 0, "fix by itself");
    after_ = test::state_of_machine();
    expect(get(test::running) == "after.example\n", "fix sets the running value");
    expect(get(test::deciding).find("after.example") != std::string::npos, "fix changes the file");
    expect(run(undo_) == 0, "undo by itself");
    expect_same(before_, test::state_of_machine(), "undo gives all back");
  }

  void fixed() {
    test::fresh_machine();
    expect(run(fix_) == 0, "fix by itself");
  }

  void kill_fix(const std::function<void()>& recover) {
    kill("fix", fix_, test::fresh_machine, recover);
  }
  void kill_undo(const std::function<void()>& recover) {
    kill(
        "undo", undo_, [this] { fixed(); }, recover);
  }

  void undo() {
    const auto record = load();
    if (record && record->state != FixState::undone) {
      expect(run(undo_) == 0, "undo after it");
    }
    expect_same(before_, test::state_of_machine(), "undo gives all back");
  }
  void resume() {
    const auto record = load();
    if (record && record->state == FixState::planned) {
      expect(run(resume_) == 0, "fix --resume after it");
    }
    expect_same(record ? after_ : before_, test::state_of_machine(),
                "fix --resume brings all about");
  }

  [[nodiscard]] bool well() const {
    std::printf("%llu runs; interrupted after the journal was written: %llu\n", printed(runs_),
                printed(interrupted_));
    if (interrupted_ == 0) {
      std::printf("no run was interrupted half way: the test does not look where it should\n");
    }
    return wrong() == 0 && interrupted_ > 0;
  }

 private:
  void kill(const char* name, const std::vector<std::string>& command,
            const std::function<void()>& start, const std::function<void()>& recover) {
    std::uint64_t killed = 0;
    for (std::uint64_t stop = 0; !enough(); ++stop) {
      at_ = std::string(name) + " killed at stop " + std::to_string(stop);
      start();
      const auto end = test::run_and_kill(command, stop, calls_);
      ++runs_;
      if (!end.killed) {
        expect(end.status == 0, "the end of the program");
        break;
      }
      ++killed;
      look();
      recover();
    }
    std::printf("%s: %llu runs were killed\n", name, printed(killed));
    expect(killed > 0, "something was killed");
  }

  void look() {
    const auto record = load();
    if (!record) {
      expect_same(before_, test::state_of_machine(), "nothing is changed without a journal");
      return;
    }
    interrupted_ += record->state == FixState::planned || record->state == FixState::undoing;
    for (const fix::Found& file : fix::examine(*record, {}).files) {
      expect(is_old_or_new(file), "each file is the old or the new one");
    }
  }
  int run(const std::vector<std::string>& command) {
    ++runs_;
    return test::run(command);
  }

  test::Calls calls_;
  std::vector<std::string> fix_, undo_, resume_;
  Snapshot before_, after_;
  std::uint64_t runs_ = 0, interrupted_ = 0;
};

}  // namespace
}  // namespace whyoom::test

int main(int argc, char** argv) {
  using namespace whyoom::test;
  const bool every_call = argc == 3 && std::string_view(argv[2]) == "--every-call";
  if (argc != 2 && !every_call) {
    return 2;
  }
  if (run({argv[1], "fix", "--help"}) != 0) {
    return skip("this whyoom has no command `fix`");
  }
  if (!can_trace()) {
    return skip("ptrace is not allowed here");
  }
  if (!enter_namespaces()) {
    return skip("a private mount and UTS namespace cannot be had here");
  }
  Trial trial(argv[1], every_call ? Calls::all : Calls::changing);
  trial.kill_fix([&] { trial.undo(); });
  trial.kill_fix([&] { trial.resume(); });
  trial.kill_undo([&] { trial.undo(); });
  return trial.well() ? 0 : 1;
}
