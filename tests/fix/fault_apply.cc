// Disturbs apply, undo and finish by chance: kills them, lets system calls fail, and lets somebody
// else write to a file at that moment. After each run every file is the old or the new one, or was
// kept beside and named; the journal can be read; and a way leads on to one of the two states.
// Usage: fault_apply APPLY_PROGRAM [KILLS ERRORS EDITS [SEED]]
// Status 0: all well, 1: not, 77: cannot be done here
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string_view>

#include "judge.h"
#include "scenario.h"

namespace whyoom::test {
namespace {

constexpr std::string_view theirs = "# written by somebody else\n";
constexpr std::array errors{ENOSPC, EIO, EROFS, EINTR, EDQUOT, EACCES};

// The files that stand for running values may lack the end of the line: the kernel has none.
Snapshot without_ends(Snapshot all) {
  for (auto& [path, text] : all) {
    text = path.starts_with("sys/") ? text.substr(0, text.find_last_not_of('\n') + 1) : text;
  }
  return all;
}

// As it should be, and as it is.
std::string difference_of_values(const Snapshot& wanted, const Snapshot& found) {
  const Snapshot should = without_ends(wanted);
  const Snapshot is = without_ends(found);
  const std::string missed = difference(should, is);
  return missed.empty() ? missed : missed + "is:\n" + difference(is, should);
}

class Campaign : public ChanceJudge {
 public:
  Campaign(std::string program, const std::string& scratch, std::uint32_t seed)
      : ChanceJudge(Scenario(scratch).store, scratch + "/told", seed),
        program_(std::move(program)),
        scratch_(scratch),
        scenario_(scratch) {
    scenario_.make();
    before_ = snapshot(scenario_.top);
    for (const char* command : {"apply", "undo"}) {
      const auto end = test::run_disturbed({program_, command, scratch_}, test::Calls::entries,
                                           told(), [](const Stop&) { return Disturbance{}; });
      stops_[command] = end.stops;
      expect(end.status == 0 && end.stops > 0, "it goes through by itself");
      (std::string_view(command) == "apply" ? after_ : undone_) = snapshot(scenario_.top);
    }
    stops_["finish"] = stops_["apply"];
    expect(difference_of_values(before_, undone_).empty(), "undo gives all back");
  }

  // One to three disturbed runs on one tree, then the way on.
  void kills(std::uint64_t count) {
    for (std::uint64_t round = 0; round < count && !enough();) {
      start();
      for (std::uint64_t goes = 1 + pick(3); goes > 0 && round < count; --goes, ++round) {
        const std::string command = next_command("apply", "finish");
        const std::uint64_t at = pick(stops_[command]);
        disturbed(command, "killed at " + std::to_string(at), [at](const Stop& stop) {
          return Disturbance{stop.index == at ? Disturbance::Kind::kill : Disturbance::Kind::none};
        });
      }
      go_on();
    }
  }

  void failures(std::uint64_t count) {
    for (std::uint64_t round = 0; round < count && !enough();) {
      start();
      for (std::uint64_t goes = 1 + pick(3); goes > 0 && round < count; --goes, ++round) {
        one_failure(next_command("apply", "finish"));
      }
      go_on();
    }
  }

  // Somebody else writes, at times while a call fails, or the program is killed soon after.
  void edits(std::uint64_t count) {
    for (std::uint64_t round = 0; round < count && !enough(); ++round) {
      start();
      one_edit(next_command("apply", "finish"));
    }
  }

 private:
  void expect_same_values(const Snapshot& wanted, const Snapshot& found, const char* what) {
    const std::string wrong = difference_of_values(wanted, found);
    expect(wrong.empty(), what, wrong);
  }

  void start() {
    scenario_.make();
    from_applied_ = pick(3) == 0;
    if (from_applied_) {
      expect(run("apply") == 0, "apply by itself");
    }
  }

  void disturbed(const std::string& command, const std::string& with,
                 const std::function<Disturbance(const Stop&)>& disturb) {
    at_ = command + " " + with;
    fs::remove(told());
    if (command == "apply") {
      fs::remove_all(scenario_.store.path);  // so that the number is 1
    }
    const auto end =
        test::run_disturbed({program_, command, scratch_}, test::Calls::entries, told(), disturb);
    at_ += ", " + how(end);
    ++counts_[command + ", " + how(end)];
    expect_own_end(end);
    look(command, end);
  }

  void look(const std::string& command, const test::KillEnd& end) {
    Snapshot now = snapshot(scenario_.top);
    drop_named(now, end.killed);
    const auto record = load();
    if (!record) {
      expect_same_values(before_, now, "nothing is changed without a journal");
      return;
    }
    for (const fix::Found& file : fix::examine(*record, scenario_.store.values).files) {
      expect(is_old_or_new(file) || file.standing == Standing::torn,
             "each file is the old or the new one");
    }
    if (end.killed) {
      return;
    }
    const bool to_new = command != "undo";
    if (end.status == 0) {
      expect(record->state == (to_new ? FixState::applied : FixState::undone), "the journal tells");
    }
    if (record->state == FixState::applied) {
      expect_same_values(after_, now, "all of an applied fix is new");
    }
    if (record->state == FixState::undone || record->state == FixState::rolled_back) {
      expect_same_values(before_, now, "all is old again");
    }
  }

  // What was left and is named on standard error is seen to by a person.
  void drop_named(Snapshot& now, bool killed) {
    const std::string said = get(told());
    for (auto file = now.rbegin(); file != now.rend(); ++file) {
      const fs::path path = fs::path(scenario_.top) / file->first;
      const bool aside = is_put_aside(file->first);
      const bool named =
          said.find(aside ? path.filename().string() : path.string() + ",") != std::string::npos;
      const bool made = fs::is_directory(path) && !before_.contains(file->first);
      if (aside && !killed) {
        expect(named, "what was put aside is named", file->first + "\n");
      }
      if (!killed && named && (aside || (made && fs::is_empty(path)))) {
        fs::remove(path);
        remove_made(path.parent_path());
        ++counts_["files and directories that were left and named"];
      }
    }
    now = snapshot(scenario_.top);
    std::erase_if(now, [](const auto& file) { return is_put_aside(file.first); });
  }

  // The directories of the fix in which nothing else was left.
  void remove_made(fs::path directory) {
    while (!before_.contains(directory.lexically_relative(scenario_.top)) &&
           directory != scenario_.top && fs::is_empty(directory)) {
      fs::remove(directory);
      directory = directory.parent_path();
    }
  }

  void go_on() {
    at_ += ", then what is left to do";
    for (int go = 0; go < 3; ++go) {
      const std::string command = next_command("apply", "finish");
      if (command == "apply") {
        break;
      }
      fs::remove(told());
      expect(run(command.c_str()) == 0, "a way leads on", command + ": " + get(told()));
    }
    expect_same_values(before_, snapshot(scenario_.top), "the way back leads to the end");
  }

  void one_failure(const std::string& command) {
    const std::uint64_t from = pick(stops_[command]);
    const bool shorten = pick(5) == 0;
    const int error = errors[pick(errors.size())];
    // Once, this kind of call from then on, or all. A signal does not interrupt each call for ever.
    const std::uint64_t mode = pick(error == EINTR && !shorten ? 3 : 5);
    bool begun = false;
    std::uint64_t number = 0;
    const auto disturb = [&](const Stop& stop) {
      const bool fits = shorten ? test::is_write(stop) : test::is_file_call(stop);
      if (stop.index < from || !fits) {
        return Disturbance{};
      }
      const bool goes_on = begun && (mode == 3 || (mode == 4 && stop.number == number));
      if (begun && !goes_on) {
        return Disturbance{};
      }
      number = begun ? number : stop.number;
      begun = true;
      return shorten ? Disturbance{Disturbance::Kind::shorten, 0}
                     : Disturbance{Disturbance::Kind::fail, error};
    };
    disturbed(command,
              (shorten ? std::string("short") : "errno " + std::to_string(error)) + " from " +
                  std::to_string(from) + " on, mode " + std::to_string(mode),
              disturb);
    ++counts_[shorten ? "short writes" : std::string(linux_name(error))];
  }

  static const char* linux_name(int error) {
    switch (error) {
      case ENOSPC:
        return "ENOSPC";
      case EIO:
        return "EIO";
      case EROFS:
        return "EROFS";
      case EINTR:
        return "EINTR";
      case EDQUOT:
        return "EDQUOT";
      default:
        return "EACCES";
    }
  }

  void one_edit(const std::string& command) {
    // Not the one that is written in place: what is written there in the same instant is not seen.
    constexpr std::array<std::size_t, 4> files{0, 1, 3, 4};
    const std::string path = scenario_.change.files[files[pick(files.size())]].path;
    const std::uint64_t at = pick(stops_[command]);
    const std::uint64_t way = pick(3);
    const std::uint64_t also = pick(4);
    const std::uint64_t later = at + 1 + pick(12);
    const int held = way == 0 ? ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    bool wrote = false;
    const auto disturb = [&](const Stop& stop) {
      if (stop.index == at) {
        wrote = edit(path, way, held);
      }
      if (stop.index >= later && also == 1) {
        return Disturbance{Disturbance::Kind::kill};
      }
      const bool renames = stop.entry && stop.number == SYS_renameat2 && stop.index > at;
      return Disturbance{renames && also == 2 ? Disturbance::Kind::fail : Disturbance::Kind::none,
                         EIO};
    };
    at_ = command + ", " + path + " edited at " + std::to_string(at) + " in way " +
          std::to_string(way) + ", then " + std::to_string(also);
    fs::remove(told());
    const auto end =
        test::run_disturbed({program_, command, scratch_}, test::Calls::entries, told(), disturb);
    at_ += ", " + how(end);
    expect_theirs(wrote, path, end.killed);
    ++counts_["edits by others, " + how(end)];
    if (end.killed) {
      const std::string then = next_command("apply", "finish");
      if (then != "apply") {
        fs::remove(told());
        (void)run(then.c_str());
        expect_theirs(wrote, path, false);
      }
    }
  }

  static bool edit(const std::string& path, std::uint64_t way, int held) {
    if (way == 0) {
      const bool wrote = held >= 0 && ::write(held, theirs.data(), theirs.size()) > 0;
      ::close(held);
      return wrote;
    }
    if (!fs::exists(fs::path(path).parent_path())) {
      return false;
    }
    put(way == 1 ? path + ".swp" : path, std::string(theirs));
    if (way == 1) {
      fs::rename(path + ".swp", path);
    }
    return true;
  }

  // Under its name, or in a file that was named.
  void expect_theirs(bool wrote, const std::string& path, bool killed) {
    if (!wrote) {
      return;
    }
    bool found = get(path).ends_with(theirs);
    const std::string said = get(told());
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path())) {
      const std::string name = entry.path().filename().string();
      if (!found && is_put_aside(name) && get(entry.path()).ends_with(theirs)) {
        found = killed || said.find(name) != std::string::npos;
        ++counts_["texts of others that were kept beside"];
      }
    }
    expect(found, "what somebody else wrote is there", said);
  }

  int run(const char* command) {
    if (std::string_view(command) == "apply") {
      fs::remove_all(scenario_.store.path);
    }
    return test::run({program_, command, scratch_}, told());
  }

  std::string program_, scratch_;
  Scenario scenario_;
  Snapshot before_, after_, undone_;
  bool from_applied_ = false;
};

}  // namespace
}  // namespace whyoom::test

int main(int argc, char** argv) {
  using namespace whyoom::test;
  if (argc < 2) {
    return 2;
  }
  if (!can_trace() || !can_fail_calls()) {
    return skip("ptrace is not allowed here, or cannot let a call fail");
  }
  const whyoom::linux::test::Scratch scratch;
  Campaign campaign(argv[1], scratch.path(),
                    static_cast<std::uint32_t>(number_at(argc, argv, 5, 20261128)));
  campaign.kills(number_at(argc, argv, 2, 100));
  campaign.failures(number_at(argc, argv, 3, 200));
  campaign.edits(number_at(argc, argv, 4, 200));
  return campaign.well() ? 0 : 1;
}
