#include "render/fix.h"

#include <gtest/gtest.h>

#include "host/read_host.h"
#include "host/tree_for_test.h"
#include "memory/host_state.h"
#include "render/layout.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

using advise::Plan;
using advise::PlannedSetting;

// Plans for the host of the documents, made as `whyoom fix` makes them.
class FixText : public testing::Test {
 protected:
  Plan plan_of(const std::vector<std::string>& assignments, bool set_running = true) {
    host_ = host::read_host(files_);
    state_ = memory::state_of(host_);
    std::vector<advise::Wanted> wanted;
    for (const std::string& assignment : assignments) {
      wanted.push_back(advise::parse_wanted(assignment, state_.machine).value());
    }
    auto plan = advise::make_plan(files_, state_, wanted, nullptr, set_running);
    EXPECT_TRUE(plan) << plan.error().str();
    return plan ? std::move(*plan) : Plan();
  }

  [[nodiscard]] std::string text(const Plan& plan, unsigned width = 200) const {
    return to_text(plan_document(plan, state_.machine), {.width = width});
  }

  host::MemoryFiles files_ = host::test::example_host();
  host::Host host_;
  memory::HostState state_;
};

bool says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

// 45056 kB are 11264 pages; of 247588 managed ones DMA32 has 243748, so its mark is 44356 kB, and
// DMA adds its 696 kB and the reserve of 952 pages: 47.7 MiB are out of reach then.
TEST_F(FixText, OfTheFoundingFault) {
  EXPECT_EQ(text(plan_of({"vm.min_free_kbytes=default"}), 80),
            R"(vm.min_free_kbytes: 495176 -> 45056 (44 MiB, 4.5 % of RAM)
Free memory out of reach of an ordinary request: 487 MiB now, 47.7 MiB then.

  --- /etc/sysctl.conf
  +++ /etc/sysctl.conf
  @@ -2,4 +2,4 @@
   kernel.panic = 10

   # Keep memory free for the network.
  -vm.min_free_kbytes = 495176
  +# vm.min_free_kbytes = 495176
  --- /etc/sysctl.d/zz-database.conf
  +++ /etc/sysctl.d/zz-database.conf
  @@ -1,3 +1,3 @@
   # From the installation guide of the database.
   vm.swappiness = 1
  -  vm/min_free_kbytes=495176
  +  vm/min_free_kbytes=45056

  /proc/sys/vm/min_free_kbytes: 495176 -> 45056

/etc/sysctl.d/zz-database.conf:3 is the line that decides.
/etc/sysctl.conf:5 would set it to 495176 for one of the programs that read
these files, so it becomes a comment.
After the next boot, `sysctl --system` and `sysctl -p` it is 45056.
)");
}

TEST_F(FixText, TheHeadlineTellsNowFromTheNextBoot) {
  const auto headline = [this](const Plan& plan) {
    const std::string all = text(plan);
    return all.substr(0, all.find('\n'));
  };
  EXPECT_EQ(headline(plan_of({"vm.panic_on_oom=1"})), "vm.panic_on_oom: 0 -> 1");
  EXPECT_EQ(headline(plan_of({"vm.panic_on_oom=1"}, false)),
            "vm.panic_on_oom stays 0 now; from the next boot on it is 1");
  EXPECT_EQ(headline(plan_of({"vm.panic_on_oom=0"})),
            "vm.panic_on_oom is 0 now; the next boot is made to keep it");
  // Of two settings one needs nothing.
  EXPECT_TRUE(says(text(plan_of({"vm.panic_on_oom=1", "vm.min_free_kbytes=495176"})),
                   "\nvm.min_free_kbytes is 495176 already, now and after the next boot (484 MiB, "
                   "50 % of RAM)\n"));
  EXPECT_EQ(text(plan_of({"vm.min_free_kbytes=495176"})), "");

  // A disk of a machine that is off: nothing tells the running value.
  host::MemoryFiles disk;
  disk.add("/etc/sysctl.conf", "vm.panic_on_oom = 2\n");
  disk.add_link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");
  disk.add("/usr/lib/systemd/systemd-sysctl", "");
  files_ = disk;
  EXPECT_EQ(headline(plan_of({"vm.panic_on_oom=1"})),
            "vm.panic_on_oom from the next boot on: 2 -> 1");
  EXPECT_EQ(headline(plan_of({"vm.swappiness=1"})), "vm.swappiness from the next boot on: 1");
  EXPECT_EQ(headline(plan_of({"vm.min_free_kbytes=4096"})),
            "vm.min_free_kbytes from the next boot on: 4096 (4 MiB)");
}

TEST_F(FixText, SaysWhereANewLineGoes) {
  EXPECT_TRUE(says(text(plan_of({"vm.panic_on_oom=1"})),
                   "/etc/sysctl.conf:6 is new: no line of a file that may be edited sets the "
                   "key.\n"));
  host::MemoryFiles bare;
  bare.add("/proc/sys/vm/panic_on_oom", "0\n");
  bare.add("/usr/lib/systemd/systemd-sysctl", "");
  files_ = bare;
  const std::string made = text(plan_of({"vm.panic_on_oom=1"}));
  EXPECT_TRUE(says(made, "  --- /dev/null\n  +++ /etc/sysctl.d/90-whyoom.conf\n")) << made;
  EXPECT_TRUE(says(made,
                   "/etc/sysctl.d/90-whyoom.conf is new: no file that may be edited sets the "
                   "key.\n"))
      << made;
  EXPECT_TRUE(says(made, "\nAfter the next boot, `sysctl --system` and `sysctl -p` it is 1.\n"))
      << made;
  // Nothing reads the new file at boot, and `sysctl -p` reads /etc/sysctl.conf alone.
  files_.add_link("/etc/systemd/system/systemd-sysctl.service", "/dev/null");
  const std::string masked = text(plan_of({"vm.panic_on_oom=1"}));
  EXPECT_TRUE(says(masked,
                   "\nAfter the next boot it is the kernel's default, after `sysctl --system` 1, "
                   "after `sysctl -p` unchanged.\n"))
      << masked;
}

TEST_F(FixText, OfSeveralSettingsEachIsNamed) {
  files_.add("/proc/sys/vm/swappiness", "1\n");
  const std::string both = text(plan_of({"vm.min_free_kbytes=default", "vm.swappiness=10"}));
  EXPECT_TRUE(says(both, "(44 MiB, 4.5 % of RAM)\nvm.swappiness: 1 -> 10\n")) << both;
  EXPECT_TRUE(says(both,
                   "/etc/sysctl.d/zz-database.conf:3 is the line that decides on "
                   "vm.min_free_kbytes.\n"))
      << both;
  EXPECT_TRUE(says(both, "/etc/sysctl.conf:5 would set vm.min_free_kbytes to 495176 for")) << both;
  EXPECT_TRUE(says(both, "and `sysctl -p` vm.min_free_kbytes is 45056.\n")) << both;
}

TEST_F(FixText, SaysWhatARequestThatFailsNowWouldDo) {
  Plan plan = plan_of({"vm.min_free_kbytes=default"});
  EXPECT_FALSE(says(text(plan), "An ordinary request"));
  plan.what_if->request = memory::RequestChange{false, true};
  EXPECT_TRUE(says(text(plan), "\nAn ordinary request fails now; then it passes.\n"));
  plan.what_if->request->passes_after = false;
  EXPECT_TRUE(says(text(plan), "\nAn ordinary request fails now, and would still fail then.\n"));
  plan.what_if->out_of_reach_after = plan.what_if->out_of_reach_before;
  EXPECT_FALSE(says(text(plan), "out of reach"));
}

TEST_F(FixText, RisksAndNotesComeLast) {
  Plan plan = plan_of({"vm.min_free_kbytes=default"});
  plan.risks = {Message("it {}", "can \x1b[31mfail")};
  plan.notes = {Message("tuned sets it too")};
  EXPECT_TRUE(
      text(plan).ends_with("it is 45056.\nrisk: it can \\x1b[31mfail\n"
                           "note: tuned sets it too\n"))
      << text(plan);
}

TEST_F(FixText, ALineOfAFileIsShownAsItStandsAndHarmless) {
  files_.add("/etc/sysctl.d/zz-database.conf",
             "# \x1b[2J\xe2\x80\xae\nvm.min_free_kbytes = 1\n#\xff\n");
  const std::string shown = text(plan_of({"vm.min_free_kbytes=default"}));
  EXPECT_TRUE(says(shown, "   # \\x1b[2J")) << shown;
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_EQ(shown.find('\xff'), std::string::npos);
}

TEST_F(FixText, AChangeShowsFilesThatComeAndGo) {
  const advise::Change change{
      {{"/etc/sysctl.d/90-whyoom.conf", "a = 1", std::nullopt}, {"/etc/b.conf", {}, "b = 2\n"}},
      {{host::SysctlKey::parse("vm.swappiness").value(), "60", "10"}}};
  EXPECT_EQ(to_text(change_document(change), {.width = 80}),
            R"(  --- /etc/sysctl.d/90-whyoom.conf
  +++ /dev/null
  @@ -1 +0,0 @@
  -a = 1
  \ No newline at end of file
  /etc/sysctl.d/90-whyoom.conf: the file is removed
  --- /dev/null
  +++ /etc/b.conf
  @@ -0,0 +1 @@
  +b = 2

  /proc/sys/vm/swappiness: 60 -> 10
)");
  EXPECT_EQ(to_text(diff_document("now", "x\n", "then", "y\n"), {.width = 80}),
            "  --- now\n  +++ then\n  @@ -1 +1 @@\n  -x\n  +y\n");
  EXPECT_EQ(to_text(diff_document("now", "x\n", "then", "x\n"), {.width = 80}), "");
  const std::string colour =
      to_text(diff_document("now", "x\n", "then", "y\n"), {.width = 80, .colour = true});
  EXPECT_TRUE(says(colour, "\x1b[31m-x\x1b[0m")) << colour;
  EXPECT_TRUE(says(colour, "\x1b[32m+y\x1b[0m")) << colour;
}

TEST_F(FixText, JsonOfOneSetting) {
  Plan plan = plan_of({"vm.min_free_kbytes=default"});
  plan.cause = "min-free-too-high";
  plan.notes = {Message("tuned sets it \"too\"")};
  const std::string json = json_plan(&plan, {"applied", 3, ""});
  for (const std::string_view part : {
           R"("cause": "min-free-too-high",)",
           R"("key": "vm.min_free_kbytes",
    "value": "45056",
    "state": "applied",
    "number": 3,
    "why": null,
    "running": {
      "before": "495176",
      "after": "45056"
    },)",
           R"("kind": "set",
        "file": "/etc/sysctl.d/zz-database.conf",
        "line": 3,
        "before": "  vm/min_free_kbytes=495176",
        "after": "  vm/min_free_kbytes=45056",
        "new_file": false)",
           R"("kind": "comment-out",)",
           R"("then": {
      "boot": "45056",
      "sysctl_system": "45056",
      "sysctl_p": "45056"
    },)",
           R"("kills_from": 949420,)",
           R"("risks": [],
    "notes": [
      "tuned sets it \"too\""
    ])",
       }) {
    EXPECT_TRUE(says(json, part)) << part << "\nin\n" << json;
  }
  EXPECT_FALSE(says(json, "\"settings\""));
}

TEST_F(FixText, JsonOfSeveralSettingsHasEach) {
  files_.add("/proc/sys/vm/swappiness", "1\n");
  const Plan plan = plan_of({"vm.panic_on_oom=1", "vm.swappiness=10"}, false);
  const std::string json = json_plan(&plan, {"planned", 0, ""});
  const std::size_t settings = json.find("\"settings\": [");
  ASSERT_NE(settings, std::string::npos);
  const std::string each = json.substr(settings);
  EXPECT_TRUE(says(json.substr(0, settings), R"("number": null,)")) << json;
  EXPECT_TRUE(says(json.substr(0, settings), R"("kind": "add")")) << json;
  EXPECT_TRUE(says(json.substr(0, settings), R"("before": null)")) << json;
  // The running values stay.
  EXPECT_TRUE(says(each, R"("key": "vm.swappiness",
        "value": "10",
        "running": {
          "before": "1",
          "after": "1"
        })"))
      << each;
  EXPECT_TRUE(says(each, "\"what_if\": {")) << each;
}

TEST_F(FixText, JsonWithoutAPlan) {
  EXPECT_EQ(json_plan(nullptr), "{\n  \"schema\": \"whyoom/1\",\n  \"fix\": null\n}");
}

}  // namespace
}  // namespace whyoom::render
