// Disturbs `whyoom fix`, `undo`, `fix --resume` and `capture` themselves by chance: kills them and
// lets the calls fail that could change something (fault_apply has all others, too). After each run
// the machine is old or new or on the way, a way leads on, and a capture has its name only whole.
// Usage: fault_whyoom WHYOOM HOST [KILLS ERRORS [SEED]]   HOST: a copy of a host, to capture
// Status 0: all well, 1: not, 77: cannot be done here
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

#include "judge.h"
#include "linux/capture_file.h"
#include "machine.h"

namespace whyoom::test {
namespace {

constexpr std::array errors{ENOSPC, EIO, EROFS, EINTR};
constexpr const char* captures = "/var/lib/captures";

class Campaign : public ChanceJudge {
 public:
  Campaign(const std::string& program, const std::string& host, std::uint32_t seed)
      : ChanceJudge({}, "/var/lib/told", seed) {
    commands_["fix"] = {program, "fix", "kernel.domainname=after.example", "--yes"};
    commands_["undo"] = {program, "undo", "--yes"};
    commands_["resume"] = {program, "fix", "--resume", "--yes"};
    commands_["capture"] = {program, "capture", "--root",
                            host,    "-o",      std::string(captures) + "/c.tar.gz"};
    test::fresh_machine();
    before_ = test::state_of_machine();
    count_stops("fix");
    after_ = test::state_of_machine();
    count_stops("undo");
    expect(difference(before_, test::state_of_machine()).empty(), "undo gives all back");
    stops_["resume"] = stops_["fix"];
    fs::create_directory(captures);
    count_stops("capture");
  }

  void run(std::uint64_t kills, std::uint64_t failures) {
    for (std::uint64_t round = 0; round < kills + failures && !enough();) {
      if (pick(4) == 0) {
        capture(round++ < kills);
        continue;
      }
      test::fresh_machine();
      for (std::uint64_t goes = 1 + pick(3); goes > 0 && round < kills + failures; --goes) {
        const std::string command = next_command("fix", "resume");
        if (command == "fix") {
          fs::remove_all("/var/lib/whyoom");
        }
        const auto end = disturbed(command, round++ < kills);
        look(end);
      }
      go_on();
    }
  }

 private:
  void count_stops(const std::string& command) {
    at_ = command;
    const auto end = test::run_disturbed(commands_[command], test::Calls::changing, {},
                                         [](const Stop&) { return Disturbance{}; });
    stops_[command] = end.stops;
    expect(end.status == 0 && end.stops > 0, "it goes through by itself");
  }

  test::KillEnd disturbed(const std::string& command, bool kill) {
    const std::uint64_t from = pick(stops_[command]);
    const int error = errors[pick(errors.size())];
    const bool shorten = !kill && pick(5) == 0;
    const bool for_ever = !kill && error != EINTR && pick(5) == 0;
    bool begun = false;
    std::uint64_t number = 0;
    fs::remove(told());
    const auto end = test::run_disturbed(
        commands_[command], test::Calls::changing, told(), [&](const Stop& stop) {
          const bool fits = kill || (shorten ? test::is_write(stop) : test::is_file_call(stop));
          if (stop.index < from || !fits || (begun && !for_ever)) {
            return Disturbance{};
          }
          number = begun ? number : stop.number;
          begun = true;
          return kill      ? Disturbance{Disturbance::Kind::kill}
                 : shorten ? Disturbance{Disturbance::Kind::shorten}
                           : Disturbance{Disturbance::Kind::fail, error};
        });
    const std::string kind = kill      ? "kills"
                             : shorten ? "short writes"
                                       : "errors " + std::to_string(error);
    ++counts_[command + ", " + kind];
    at_ = command + ", " + kind + " from " + std::to_string(from) + (for_ever ? " on" : "") +
          " (call " + std::to_string(number) + ")" + ", " + how(end);
    expect_own_end(end);
    return end;
  }

  void capture(bool kill) {
    fs::remove_all(captures);
    fs::create_directories(captures);
    const auto end = disturbed("capture", kill);
    const std::string path = commands_["capture"].back();
    const bool there = fs::exists(path);
    // One that could not be removed either is named.
    const bool stayed =
        there && get(told()).find(path + " could not be removed") != std::string::npos;
    expect(end.killed || there == (end.status == 0 || stayed),
           "there is a capture when it says so");
    expect(end.killed || end.status == 0 || !get(told()).empty(), "it says what failed");
    expect(!there ||
               linux::open_capture(linux::open_inputs({path}, linux::SandboxChoice::off)->front())
                   .has_value(),
           "a capture with its name is whole");
    for (const auto& entry : fs::directory_iterator(captures)) {
      const std::string name = entry.path().string();
      expect(name == path || end.killed || get(told()).find(name) != std::string::npos,
             "what is left is named", name + "\n");
    }
  }

  void look(const test::KillEnd& end) {
    const std::string said = get(told());
    Snapshot now = test::state_of_machine();
    for (auto file = now.begin(); file != now.end();) {
      const bool aside = is_put_aside(file->first);
      if (aside && !end.killed) {
        expect(said.find(fs::path(file->first).filename()) != std::string::npos,
               "what was put aside is named", file->first + "\n");
        fs::remove("/etc/" + file->first);
      }
      file = aside ? now.erase(file) : std::next(file);
    }
    const auto record = load();
    if (record) {
      for (const fix::Found& file : fix::examine(*record, {}).files) {
        expect(is_old_or_new(file), "each file is the old or the new one");
      }
    }
    const bool is_old =
        !record || record->state == FixState::undone || record->state == FixState::rolled_back;
    if (is_old || record->state == FixState::applied) {
      expect_same(is_old ? before_ : after_, now, "the machine is as the journal says");
    }
  }

  void go_on() {
    at_ += ", then what is left to do";
    for (std::string command = next_command("fix", "resume"); command != "fix";
         command = next_command("fix", "resume")) {
      fs::remove(told());
      const int status = test::run(commands_[command], told());
      expect(status == 0, "a way leads on", command + ": " + get(told()));
      if (status != 0) {
        break;
      }
    }
    expect_same(before_, test::state_of_machine(), "the way back leads to the end");
  }

  std::map<std::string, std::vector<std::string>> commands_;
  Snapshot before_, after_;
};

}  // namespace
}  // namespace whyoom::test

int main(int argc, char** argv) {
  using namespace whyoom::test;
  if (argc < 3) {
    return 2;
  }
  if (!can_trace() || !can_fail_calls()) {
    return skip("ptrace is not allowed here, or cannot let a call fail");
  }
  if (!enter_namespaces()) {
    return skip("a private mount and UTS namespace cannot be had here");
  }
  Campaign campaign(argv[1], argv[2],
                    static_cast<std::uint32_t>(number_at(argc, argv, 5, 20261128)));
  campaign.run(number_at(argc, argv, 3, 40), number_at(argc, argv, 4, 60));
  return campaign.well() ? 0 : 1;
}
