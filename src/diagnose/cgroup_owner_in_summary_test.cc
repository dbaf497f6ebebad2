// The findings of the cgroup causes name whose the cgroup is.
#include <gtest/gtest.h>

#include <memory>

#include "diagnose/cgroup.h"
#include "diagnose/engine.h"
#include "memory/test_report.h"

namespace whyoom::diagnose {
namespace {

using report::Kind;

const std::string pod = "/kubepods/burstable/pod8f0c1e9a-4b5d-4c6e-8f70-123456789abc";
const std::string pod_text = "pod 8f0c1e9a-4b5d-4c6e-8f70-123456789abc (burstable)";

// 512 MiB, all used.
std::unique_ptr<report::Report> full(const std::string& limit, const std::string& task) {
  auto made = std::make_unique<report::Report>();
  made->kind = Kind::memcg_oom_kill;
  auto& memcg = made->memcg.emplace();
  memcg.memory.usage_kib = memcg.memory.limit_kib = Read<std::uint64_t>{524288, {0, 7}};
  memcg.hierarchical = true;
  auto& constraint = made->constraint.emplace();
  constraint.kind = report::ConstraintKind::memcg;
  constraint.oom_memcg = limit;
  constraint.task_memcg = task;
  return made;
}

void fill(report::Report& report, std::string_view name) {
  for (const char* stat : {"anon", "file", "shmem", "kernel"}) {
    report.memcg->stats.push_back(
        {stat,
         stat == name || (stat == std::string("file") && name == "shmem") ? 500U << 20U : 0,
         true,
         {0, 8}});
  }
}

std::string summary(const report::Report& report, std::string_view cause) {
  const memory::Evidence evidence = memory::from_report(report);
  const StoryContext story;
  const auto claim = find_cause(cause)->judge({evidence, report, story});
  return claim ? claim->summary.str() : "(no claim)";
}

std::string beginning(const std::string& text, const std::string& like) {
  return text.substr(0, like.size());
}

TEST(CgroupOwnerInSummary, OfWhatFillsIt) {
  const struct {
    const char *cause, *stat, *begins, *begins_unknown;
  } cases[] = {
      {"cgroup-limit", "anon", "The memory limit of nginx.service was reached: 512 MiB.",
       "The memory limit of /app was reached: 512 MiB."},
      {"cgroup-page-cache", "file", "Page cache fills nginx.service: 500 MiB of 512 MiB.",
       "Page cache fills the cgroup /app: 500 MiB of 512 MiB."},
      {"cgroup-shmem", "shmem", "Shared memory fills nginx.service: 500 MiB of 512 MiB.",
       "Shared memory fills the cgroup /app: 500 MiB of 512 MiB."},
      {"cgroup-kernel-memory", "kernel", "Kernel memory fills nginx.service: 500 MiB of 512 MiB",
       "Kernel memory fills the cgroup /app: 500 MiB of 512 MiB"},
  };
  for (const auto& one : cases) {
    const auto known = full("/system.slice/nginx.service", "/system.slice/nginx.service");
    fill(*known, one.stat);
    EXPECT_EQ(beginning(summary(*known, one.cause), one.begins), one.begins);
    const auto unknown = full("/app", "/app");
    fill(*unknown, one.stat);
    EXPECT_EQ(beginning(summary(*unknown, one.cause), one.begins_unknown), one.begins_unknown);
  }
}

TEST(CgroupOwnerInSummary, OfALimitAbove) {
  const auto known = full(pod, pod + "/" + std::string(64, 'a'));
  fill(*known, "anon");
  const std::string begins = "The memory limit of " + pod_text +
                             ", above the victim's container aaaaaaaaaaaa, was reached: 512 MiB.";
  EXPECT_EQ(beginning(summary(*known, "cgroup-parent-limit"), begins), begins);
  const auto unknown = full("/app", "/app/web");
  fill(*unknown, "anon");
  const std::string paths =
      "The memory limit of /app, above the victim's cgroup /app/web, was reached: 512 MiB.";
  EXPECT_EQ(beginning(summary(*unknown, "cgroup-parent-limit"), paths), paths);
}

TEST(CgroupOwnerInSummary, OfMemoryAndSwap) {
  const auto report = full(pod, pod);
  report->memcg->memory.usage_kib->value = 100000;
  report->memcg->memsw.usage_kib = report->memcg->memsw.limit_kib =
      Read<std::uint64_t>{1048576, {0, 8}};
  const std::string begins =
      "The limit of memory and swap together of " + pod_text + " was reached: 1 GiB.";
  EXPECT_EQ(beginning(summary(*report, "cgroup-swap-limit"), begins), begins);
}

TEST(CgroupOwnerInSummary, OfPidsMaxBesideThePath) {
  const auto report = std::make_unique<report::Report>();
  report->kind = Kind::fork_rejected;
  const auto said = [&report](const std::string& path) {
    report->fork_rejected = report::ForkRejected{path, 1, {0, 3}};
    const std::string text = summary(*report, "cgroup-pids-max");
    return text.substr(0, text.find(", or one above it, has as many tasks"));
  };
  EXPECT_EQ(said(pod), "The cgroup " + pod + " (" + pod_text + ")");
  EXPECT_EQ(said("/user.slice/user-1000.slice/session-1.scope"),
            "The cgroup /user.slice/user-1000.slice/session-1.scope (user 1000, session 1)");
  EXPECT_EQ(said("/system.slice/icinga2.service"), "The cgroup /system.slice/icinga2.service");
  EXPECT_EQ(said("/app"), "The cgroup /app");
}

TEST(CgroupUseNames, AreNeverEmpty) {
  const auto report = full("", "");
  const memory::Evidence evidence = memory::from_report(*report);
  const StoryContext story;
  const auto use = cgroup_use({evidence, *report, story});
  ASSERT_TRUE(use);
  EXPECT_EQ(use->who, "the cgroup");
  EXPECT_EQ(use->the_cgroup, "the cgroup");
  EXPECT_EQ(use->task_who, "cgroup");
}

}  // namespace
}  // namespace whyoom::diagnose
