// The tree that kill_apply and apply_program agree on: each kind of file that a fix can meet.
#pragma once

#include <filesystem>
#include <string>

#include "advise/change.h"
#include "fix/store.h"
#include "linux/tree_for_test.h"

namespace whyoom::test {

struct Scenario {
  explicit Scenario(const std::string& scratch) : top(scratch + "/tree"), store{} {
    store.path = scratch + "/store";
    store.values = fix::RunningValues(top + "/sys");
    const auto file = [this](const char* name) { return top + "/" + name; };
    change.files = {{file("etc/plain.conf"), "vm.x = 1\r\n# no end", "vm.x = 2\r\n# no end"},
                    {file("etc/real/target.conf"), "vm.x = 1\n", "# vm.x = 1\n"},
                    {file("etc/hard.conf"), std::string(9000, 'o'), std::string(5000, 'n')},
                    {file("etc/new.d/deep/x.conf"), std::nullopt, "vm.y = 20\n"},
                    {file("etc/gone.conf"), std::string("go\0ne", 5), std::nullopt}};
    change.running = {{linux::test::key("vm.x"), "1", "2"}, {linux::test::key("vm.y"), "10", "20"}};
  }

  void make() const {
    namespace fs = std::filesystem;
    fs::remove_all(top);
    fs::remove_all(store.path);
    fs::create_directories(top + "/etc/real");
    fs::create_directories(top + "/sys/vm");
    for (const advise::FileEdit& file : change.files) {
      if (file.before) {
        linux::test::put(file.path, *file.before);
        fs::permissions(file.path, fs::perms(0640));
      }
    }
    fs::create_symlink("real/target.conf", top + "/etc/link.conf");
    fs::create_hard_link(top + "/etc/hard.conf", top + "/etc/hard-too");
    for (const advise::RunningEdit& value : change.running) {
      linux::test::put(store.values.place(value.key), value.before + "\n");
    }
  }

  std::string top;
  fix::StoreOptions store;
  advise::Change change;
};

}  // namespace whyoom::test
