// What kill_apply, kill_whyoom, fault_apply and fault_whyoom share: they do something to a fix, and
// what is not as it should be then is counted and told.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <string>

#include "fix/apply.h"
#include "kill_at_syscall.h"
#include "linux/tree_for_test.h"

namespace whyoom::test {

namespace fs = std::filesystem;
using fix::FixState;
using fix::Standing;
using linux::test::difference;
using linux::test::get;
using linux::test::put;
using linux::test::snapshot;
using linux::test::Snapshot;

inline constexpr int skipped = 77;
inline int skip(const char* why) {
  std::printf("SKIPPED: %s\n", why);
  return skipped;
}

inline unsigned long long printed(std::uint64_t number) { return number; }  // by %llu

inline bool is_put_aside(const std::string& path) {
  return path.find(".whyoom-") != std::string::npos ||
         path.find(".kept-by-whyoom-") != std::string::npos;
}

inline bool is_old_or_new(const fix::Found& file) {
  return file.standing == Standing::old || file.standing == Standing::updated;
}

class Judge {
 public:
  // `told`: the file with what the program said on standard error; empty: there is none.
  Judge(fix::StoreOptions store, std::string told = {}, std::uint64_t most_complaints = 5)
      : store_(std::move(store)), told_(std::move(told)), most_complaints_(most_complaints) {}

  [[nodiscard]] std::uint64_t wrong() const { return wrong_; }
  void quietly() { quiet_ = true; }

 protected:
  [[nodiscard]] const std::string& told() const { return told_; }
  [[nodiscard]] bool enough() const { return wrong_ >= most_complaints_; }

  void expect(bool fine, const char* what, const std::string& more = {}) {
    if (!fine && ++wrong_ <= most_complaints_ && !quiet_) {
      std::printf("%s: not so: %s\n%s", at_.c_str(), what, more.c_str());
      if (!told_.empty()) {
        std::printf("said: %s\n", get(told_).c_str());
      }
    }
  }
  void expect_same(const Snapshot& wanted, const Snapshot& found, const char* what) {
    const std::string wrong = difference(wanted, found);
    expect(wrong.empty(), what, wrong);
  }
  // The record of the one fix that there can be.
  tl::expected<fix::FixRecord, std::string> load() {
    const auto store = fix::FixStore::open(store_);
    if (!store) {
      expect(false, "the journal can be opened", store.error() + "\n");
      return tl::unexpected(store.error());
    }
    const auto records = store->list();
    expect(records && records->size() <= 1 && (records->empty() || (*records)[0].damage.empty()),
           "the journal can be read");
    return store->load(1);
  }
  void expect_own_end(const KillEnd& end) {
    expect(end.killed || end.status == 0 || end.status == 2 || end.status == 3,
           "it ends with a status of its own");
  }

  std::string at_ = "at the start";

 private:
  fix::StoreOptions store_;
  std::string told_;
  std::uint64_t most_complaints_;
  std::uint64_t wrong_ = 0;
  bool quiet_ = false;
};

// One that acts by chance.
class ChanceJudge : public Judge {
 public:
  ChanceJudge(fix::StoreOptions store, std::string told, std::uint32_t seed)
      : Judge(std::move(store), std::move(told), 8), random_(seed) {}

  [[nodiscard]] bool well() const {
    for (const auto& [what, count] : counts_) {
      std::printf("%s: %llu\n", what.c_str(), printed(count));
    }
    return wrong() == 0;
  }

 protected:
  std::uint64_t pick(std::uint64_t below) { return random_() % std::max<std::uint64_t>(below, 1); }

  // What a person would do next; `first`: the command that makes a fix, `finish`: that ends one.
  std::string next_command(const char* first, const char* finish) {
    const auto record = load();
    if (!record || record->state == FixState::rolled_back || record->state == FixState::undone) {
      return first;
    }
    return record->state == FixState::planned && pick(2) == 0 ? finish : "undo";
  }
  static std::string how(const KillEnd& end) {
    return end.killed ? "killed" : "ended with " + std::to_string(end.status);
  }

  std::map<std::string, std::uint64_t> stops_, counts_;

 private:
  std::mt19937 random_;
};

// A number of the command line.
inline std::uint64_t number_at(int argc, char** argv, int index, std::uint64_t otherwise) {
  return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
}

}  // namespace whyoom::test
