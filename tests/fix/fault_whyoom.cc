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

#include "fix/apply.h"
#include "kill_at_syscall.h"
#include "linux/capture_file.h"
#include "machine.h"

namespace {

namespace fs = std::filesystem;
namespace linux = whyoom::linux;
namespace test = whyoom::test;
using fix::FixState;
using fix::Standing;
using linux::test::difference;
using linux::test::get;
using linux::test::Snapshot;
using test::Disturbance;
using test::Stop;

constexpr int skipped = 77;
constexpr std::size_t most_complaints = 8;
constexpr std::array errors{ENOSPC, EIO, EROFS, EINTR};
constexpr const char* told = "/var/lib/told";
constexpr const char* captures = "/var/lib/captures";

int skip(const char* why) {
  std::printf("SKIPPED: %s\n", why);
  return skipped;
}

bool is_put_aside(const std::string& path) {
  return path.find(".whyoom-") != std::string::npos ||
         path.find(".kept-by-whyoom-") != std::string::npos;
}

class Campaign {
 public:
  Campaign(const std::string& program, const std::string& host, std::uint32_t seed)
      : random_(seed) {
    commands_["fix"] = {program, "fix", "kernel.domainname=after.example", "--yes"};
    commands_["undo"] = {program, "undo", "--yes"};
    commands_["resume"] = {program, "fix", "--resume", "--yes"};
    commands_["capture"] = {program, "capture", "--root",
                            host,    "-o",      std::string(captures) + "/c.tar.zst"};
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
    for (std::uint64_t round = 0; round < kills + failures && wrong_ < most_complaints;) {
      if (pick(4) == 0) {
        capture(round++ < kills);
        continue;
      }
      test::fresh_machine();
      for (std::uint64_t goes = 1 + pick(3); goes > 0 && round < kills + failures; --goes) {
        const std::string command = next_command();
        if (command == "fix") {
          fs::remove_all("/var/lib/whyoom");
        }
        const auto end = disturbed(command, round++ < kills);
        look(end);
      }
      go_on();
    }
  }

  [[nodiscard]] bool well() const {
    for (const auto& [what, count] : counts_) {
      std::printf("%s: %llu\n", what.c_str(), static_cast<unsigned long long>(count));
    }
    return wrong_ == 0;
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % std::max<std::uint64_t>(below, 1); }

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
    fs::remove(told);
    const auto end =
        test::run_disturbed(commands_[command], test::Calls::changing, told, [&](const Stop& stop) {
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
          " (call " + std::to_string(number) + ")" +
          (end.killed ? ", killed" : ", ended with " + std::to_string(end.status));
    expect(end.killed || end.status == 0 || end.status == 2 || end.status == 3,
           "it ends with a status of its own");
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
        there && get(told).find(path + " could not be removed") != std::string::npos;
    expect(end.killed || there == (end.status == 0 || stayed),
           "there is a capture when it says so");
    expect(end.killed || end.status == 0 || !get(told).empty(), "it says what failed");
    expect(!there ||
               linux::open_capture(linux::open_inputs({path}, linux::SandboxChoice::off)->front())
                   .has_value(),
           "a capture with its name is whole");
    for (const auto& entry : fs::directory_iterator(captures)) {
      const std::string name = entry.path().string();
      expect(name == path || end.killed || get(told).find(name) != std::string::npos,
             "what is left is named", name + "\n");
    }
  }

  // What a person would do next.
  std::string next_command() {
    const auto record = load();
    if (!record || record->state == FixState::rolled_back || record->state == FixState::undone) {
      return "fix";
    }
    return record->state == FixState::planned && pick(2) == 0 ? "resume" : "undo";
  }

  void look(const test::KillEnd& end) {
    const std::string said = get(told);
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
        expect(file.standing == Standing::old || file.standing == Standing::updated,
               "each file is the old or the new one");
      }
    }
    const bool is_old =
        !record || record->state == FixState::undone || record->state == FixState::rolled_back;
    if (is_old || record->state == FixState::applied) {
      const std::string wrong = difference(is_old ? before_ : after_, now);
      expect(wrong.empty(), "the machine is as the journal says", wrong);
    }
  }

  void go_on() {
    at_ += ", then what is left to do";
    for (std::string command = next_command(); command != "fix"; command = next_command()) {
      fs::remove(told);
      const int status = test::run(commands_[command], told);
      expect(status == 0, "a way leads on", command + ": " + get(told));
      if (status != 0) {
        break;
      }
    }
    const std::string wrong = difference(before_, test::state_of_machine());
    expect(wrong.empty(), "the way back leads to the end", wrong);
  }

  tl::expected<fix::FixRecord, std::string> load() {
    const auto store = fix::FixStore::open({});
    if (!store) {
      return tl::unexpected(store.error());
    }
    const auto records = store->list();
    expect(records && records->size() <= 1 && (records->empty() || (*records)[0].damage.empty()),
           "the journal can be read");
    return store->load(1);
  }
  void expect(bool fine, const char* what, const std::string& more = {}) {
    if (!fine && ++wrong_ <= most_complaints) {
      std::printf("%s: not so: %s\n%ssaid: %s\n", at_.c_str(), what, more.c_str(),
                  get(told).c_str());
    }
  }

  std::map<std::string, std::vector<std::string>> commands_;
  std::map<std::string, std::uint64_t> stops_, counts_;
  std::string at_;
  Snapshot before_, after_;
  std::mt19937 random_;
  std::uint64_t wrong_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  if (!test::can_trace() || !test::can_fail_calls()) {
    return skip("ptrace is not allowed here, or cannot let a call fail");
  }
  if (!test::enter_namespaces()) {
    return skip("a private mount and UTS namespace cannot be had here");
  }
  const auto number = [&](int index, std::uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  Campaign campaign(argv[1], argv[2], static_cast<std::uint32_t>(number(5, 20261128)));
  campaign.run(number(3, 40), number(4, 60));
  return campaign.well() ? 0 : 1;
}
