#include "render/whatif.h"

#include <gtest/gtest.h>

#include "host/read_host.h"
#include "host/tree_for_test.h"
#include "memory/host_state.h"
#include "memory/settings.h"
#include "render/layout.h"
#include "render/test_samples.h"
#include "render/vendors.h"

namespace whyoom::render {
namespace {

using memory::Fate;
using memory::RequestChange;
using memory::WhatIf;

// The host of the documents, whose vm.min_free_kbytes is half of its RAM.
class WhatIfText : public testing::Test {
 protected:
  WhatIf what_if(std::string_view assignment) {
    memory::Settings settings;
    EXPECT_TRUE(memory::apply_setting(settings, assignment, machine_));
    return memory::what_if(machine_, settings);
  }

  [[nodiscard]] std::string text(const WhatIf& what_if,
                                 const diagnose::Event* event = nullptr) const {
    const WhatIfView view{
        .machine = machine_, .what_if = what_if, .event = event, .kills_from = {}, .gaps = {}};
    return to_text(what_if_document(view), {.width = 200});
  }

  host::MemoryFiles files_ = host::test::example_host();
  host::Host host_ = host::read_host(files_);
  memory::HostState state_ = memory::state_of(host_);
  memory::Machine& machine_ = state_.machine;
};

bool holds(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

// Of 11264 pages DMA has 3840 of 247588, DMA32 243748; low is 1/4 more, high 1/2.
TEST_F(WhatIfText, OnAHost) {
  const std::vector<host::Gap> gaps{
      {host::FileError::Kind::missing, "/proc/vmstat", Message("/proc/vmstat is not there"),
       Message("kills are not known")},
      {host::FileError::Kind::missing, "/proc/sys/vm", Message("/proc/sys/vm is not there"),
       Message("settings are not known")}};
  WhatIf change = what_if("vm.min_free_kbytes=default");
  change.assumptions = {Message("the free memory stays")};
  const WhatIfView view{.machine = machine_,
                        .what_if = change,
                        .kills_from = state_.kills_from,
                        .gaps = gaps,
                        .about = " on web-3"};
  EXPECT_EQ(to_text(what_if_document(view), {.width = 80}),
            R"(whyoom whatif on web-3

What if vm.min_free_kbytes were 45056 (it was 495176)?
An ordinary request passes, as it does now.

  free, out of its reach  487 MiB  ->  47.7 MiB
  free, within its reach  440 MiB  ->   880 MiB

  zone                             before      after
  DMA    usable by the request   15232 kB   15232 kB
         needs more than         11488 kB    4504 kB
         min                      7680 kB     696 kB
         low                      9600 kB     868 kB
         high                    11520 kB    1040 kB
  DMA32  usable by the request  934692 kB  934692 kB
         needs more than        487496 kB   44356 kB
         min                    487496 kB   44356 kB
         low                    609368 kB   55444 kB
         high                   731240 kB   66532 kB

As this host is now, the kernel starts to kill when vm.min_free_kbytes reaches
949420 (927 MiB).
assumed: the free memory stays
not read: /proc/sys/vm is not there: settings are not known
)") << "and nothing that is not computed with";
}

TEST_F(WhatIfText, WhatChangesNothingHasNoTables) {
  EXPECT_EQ(text(what_if("memory.max=67108864")),
            "What if memory.max were 64 MiB?\nIt changes nothing: the request did not fail at the "
            "limit of a cgroup: memory.max changes nothing.\n");
}

TEST_F(WhatIfText, SizesAreForPeople) {
  EXPECT_TRUE(holds(text(what_if("ram=+4G")), "What if ram were 4.94 GiB (it was 967 MiB)?\n"));
}

TEST_F(WhatIfText, AnswersForTheRequest) {
  WhatIf change = what_if("vm.min_free_kbytes=default");
  const auto event = sample::min_free_event();
  struct Row {
    bool before, after;
    const char* of_host;
    const char* of_event;
  };
  for (const Row& row : {
           Row{false, false, "An ordinary request fails, as it does now.\n",
               "This request would still have failed.\n"},
           Row{false, true, "An ordinary request passes; now it fails.\n",
               "This request would have passed.\n"},
           Row{true, false, "An ordinary request would fail; now it passes.\n",
               "This request would have failed.\n"},
           Row{true, true, "An ordinary request passes, as it does now.\n",
               "This request passes with either: it did not fail in the zones shown here.\n"},
       }) {
    change.request = RequestChange{row.before, row.after};
    EXPECT_TRUE(holds(text(change), row.of_host)) << text(change);
    EXPECT_TRUE(holds(text(change, event.get()), row.of_event)) << text(change, event.get());
  }
  change.request.reset();
  EXPECT_TRUE(
      holds(text(change), "An ordinary request: the evidence does not tell whether it passes.\n"));
  EXPECT_TRUE(text(change, event.get())
                  .starts_with("dmesg.log:412-491 [6.580963] out of memory, killed hog"))
      << text(change, event.get());
}

TEST_F(WhatIfText, SaysWhatTheKernelDoesWhenARequestFails) {
  WhatIf change = what_if("vm.panic_on_oom=1");
  EXPECT_TRUE(holds(text(change),
                    "When a request like this fails, the kernel panics; before: the "
                    "kernel kills a process.\n"))
      << text(change);
  change.request.reset();
  change.fate_after = Fate::kill;
  change.fate_before.reset();
  EXPECT_TRUE(holds(text(change), "When a request like this fails, the kernel kills a process.\n"));
  EXPECT_FALSE(holds(text(change), "does not tell"));
}

TEST_F(WhatIfText, AsksForEachSettingAndSaysWhatItWas) {
  WhatIf change = what_if("vm.min_free_kbytes=default");
  change.settings = {{"vm.a", "1", "2"}, {"vm.b", std::nullopt, "\x1b[31m3"}};
  EXPECT_TRUE(text(change).starts_with("What if vm.a were 2 (it was 1), vm.b were \\x1b[31m3?\n"))
      << text(change);
}

TEST_F(WhatIfText, NodesAreNamedWhereThereAreSeveral) {
  WhatIf change = what_if("vm.min_free_kbytes=default");
  change.zones[1].node = 1;
  change.zones[1].before.boost = Pages(256);
  change.zones[1].eligible = false;
  change.zones[1].after = change.zones[1].before;
  change.zones[1].after.boost = Pages(0);
  const std::string shown = text(change);
  EXPECT_TRUE(holds(shown, "  DMA (node 0) ")) << shown;
  // What the request may not use is shown where it changes, and its marks.
  EXPECT_TRUE(holds(shown, "\n  DMA32 (node 1)    boost                  1024 kB       0 kB\n"))
      << shown;
}

TEST_F(WhatIfText, TwelveZonesAreShown) {
  WhatIf change = what_if("vm.min_free_kbytes=default");
  const memory::ZoneChange zone = change.zones[1];
  change.zones.assign(12, zone);
  EXPECT_FALSE(holds(text(change), "more zones"));
  change.zones.push_back(zone);
  EXPECT_TRUE(holds(text(change), "  more zones in --format json\n"));
  change.zones.clear();
  EXPECT_FALSE(holds(text(change), "out of its reach"));
}

TEST_F(WhatIfText, SaysWhenTheKernelItselfRunsShortFirst) {
  const WhatIf change = what_if("vm.min_free_kbytes=default");
  const WhatIfView view{.machine = machine_,
                        .what_if = change,
                        .kills_from = memory::OomThreshold{KiB(2048), true},
                        .gaps = {}};
  EXPECT_TRUE(holds(to_text(what_if_document(view), {.width = 200}),
                    "reaches 2048 (2 MiB), at a request of the kernel itself.\n"));
}

TEST_F(WhatIfText, Json) {
  WhatIf change = what_if("vm.min_free_kbytes=default");
  change.settings.push_back({"vm.lowmem_reserve_ratio", std::nullopt, "256 256"});
  change.fate_before = Fate::kill;
  change.fate_after = Fate::panic;
  const auto event = sample::min_free_event();
  const WhatIfView view{.machine = machine_,
                        .what_if = change,
                        .event = event.get(),
                        .kills_from = state_.kills_from,
                        .gaps = {}};
  const std::string json = json_what_if(view);
  for (const std::string_view part : {
           R"("event": {
    "file": "dmesg.log",
    "first_line": 412,
    "last_line": 491
  },
  "settings": {
    "vm.min_free_kbytes": {
      "before": 495176,
      "after": 45056
    },
    "vm.lowmem_reserve_ratio": {
      "before": null,
      "after": "256 256"
    }
  },)",
           R"("name": "DMA32",
      "managed": 998391808,
      "eligible": true,
      "before": {
        "min": 499195904,
        "low": 623992832,
        "high": 748789760,
        "promo": 873586688,
        "boost": 0,
        "lowmem_reserve": 0,
        "usable": 957124608,
        "needed": 499195904
      },)",
           R"("request": {
    "passes_before": true,
    "passes_after": true
  },
  "on_failure": {
    "before": "kill",
    "after": "panic"
  },
  "kills_from": {
    "key": "vm.min_free_kbytes",
    "value": 949420
  },)",
       }) {
    EXPECT_TRUE(holds(json, part)) << part << "\nin\n" << json;
  }
  // An older kernel has no such mark; of a host there is no event.
  machine_.rules.promo = false;
  const std::string old =
      json_what_if({.machine = machine_, .what_if = change, .kills_from = {}, .gaps = {}});
  EXPECT_TRUE(holds(old, R"("promo": null,)"));
  EXPECT_TRUE(holds(old, R"("event": null,)"));
  EXPECT_TRUE(holds(old, R"("kills_from": null,)"));
}

// 1 % of 990352 kB are 9903 kB; 1 GiB, less a fifth, and half as much again for memstate.
TEST_F(WhatIfText, VendorsContradictEachOther) {
  const auto vendors = memory::vendors_on(machine_);
  const std::string shown = to_text(vendors_document(machine_, vendors), {.width = 80});
  EXPECT_TRUE(shown.starts_with(
      R"(vm.min_free_kbytes is 495176 kB.

  who                               allows here   takes at most  now
  the kernel                           45056 kB        47.7 MiB  outside
  Tencent Cloud                   up to 9903 kB        13.4 MiB  outside
  AWS (ENA)                 9903 kB to 29710 kB        32.7 MiB  outside
  Broadcom (Greenplum)                 29710 kB        32.7 MiB  outside
  Red Hat                        up to 49517 kB        52.1 MiB  outside
  Oracle, support                     524288 kB         516 MiB  outside
  Oracle, memstate      838856 kB to 1572855 kB  928 MiB, kills  outside
)")) << shown;
  EXPECT_TRUE(holds(shown, "\nBroadcom (Greenplum): 3 % of RAM\n")) << shown;
}

TEST_F(WhatIfText, VendorsOnAMachineThatIsNotKnown) {
  const memory::Machine nothing;
  const std::string shown =
      to_text(vendors_document(nothing, memory::vendors_on(nothing)), {.width = 80});
  EXPECT_TRUE(shown.starts_with("vm.min_free_kbytes is not known.\n")) << shown;
  EXPECT_TRUE(holds(shown, "\n  Red Hat                         ?\n")) << shown;
  EXPECT_FALSE(holds(shown, "outside"));

  static constexpr memory::VendorRule rule{"X", "at least 1 MiB", "a book"};
  memory::VendorView view;
  view.rule = &rule;
  view.least = KiB(1024);
  view.kept = true;
  const std::string from = to_text(vendors_document(nothing, {&view, 1}), {.width = 80});
  EXPECT_TRUE(holds(from, "  X    from 1024 kB                 within\n")) << from;
  EXPECT_TRUE(holds(from, "\nX: at least 1 MiB (a book)\n")) << from;
}

TEST_F(WhatIfText, JsonOfVendors) {
  const std::string json = json_vendors(machine_, memory::vendors_on(machine_));
  EXPECT_TRUE(json.starts_with(R"({
  "schema": "whyoom/1",
  "key": "vm.min_free_kbytes",
  "value": 495176,
  "vendors": [
    {
      "who": "the kernel",)"))
      << json;
  EXPECT_TRUE(holds(json, R"("least": null,
      "most": 9903,
      "kept": false,
      "at_least": null,
      "at_most": {
        "out_of_reach": {
          "before": 510959616,
          "after": 14032896)"))
      << json;
  EXPECT_TRUE(holds(json_vendors(memory::Machine(), {}), R"("value": null,
  "vendors": [])"));
}

}  // namespace
}  // namespace whyoom::render
