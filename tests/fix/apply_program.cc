// The program that kill_apply kills. Usage: apply_program apply|undo|finish|careless SCRATCH
#include <cstdio>
#include <fstream>
#include <string_view>

#include "fix/apply.h"
#include "scenario.h"

namespace {

namespace fix = whyoom::fix;
namespace linux = whyoom::linux;

// What apply must not be: no journal, and each file is emptied before it is written.
int careless(const whyoom::advise::Change& change) {
  for (const whyoom::advise::FileEdit& file : change.files) {
    if (file.before && file.after) {
      std::ofstream(file.path, std::ios::binary) << *file.after;
    }
  }
  return 0;
}

int say(const fix::ApplyFailure& failure) {
  std::fprintf(stderr, "%s\n", failure.what.c_str());
  for (const std::string& left : failure.left) {
    std::fprintf(stderr, "not put back: %s\n", left.c_str());
  }
  return failure.refused ? 2 : 3;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  const std::string_view what = argv[1];
  const whyoom::test::Scenario scenario(argv[2]);
  if (what == "careless") {
    return careless(scenario.change);
  }
  auto store = fix::FixStore::open_locked(scenario.store, 1);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().c_str());
    return 2;
  }
  const fix::ApplyHooks hooks{
      {}, {}, [](const std::string& told) { std::fprintf(stderr, "%s\n", told.c_str()); }};
  if (what == "apply") {
    const auto done = fix::apply(
        scenario.change, *store,
        {1, {whyoom::advise::Wanted{linux::test::key("vm.x"), "2"}}, "apply_program"}, hooks);
    return done ? 0 : say(done.error());
  }
  const auto record = store->load(1);
  if (!record) {
    std::fprintf(stderr, "%s\n", record.error().c_str());
    return 2;
  }
  const auto done =
      what == "undo" ? fix::undo(*record, *store, hooks) : fix::finish(*record, *store, hooks);
  return done ? 0 : say(done.error());
}
