#include "record/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace whyoom::record {
namespace {

std::string line_of(const std::string& text, const std::string& begin) {
  const std::size_t at = ("\n" + text).find("\n" + begin);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

Note note(Kind kind, std::uint64_t a = 0, std::string_view text = {}) {
  Note note;
  note.kind = kind;
  note.a = a;
  note.text = text;
  return note;
}

// A machine of one zone of 4 GiB.
Sample machine(std::uint64_t min_free_kib) {
  Sample sample;
  sample.real_ms = 1'764'000'000'123;
  sample.machine.set(Field::min_free_kbytes, min_free_kib);
  sample.machine.set(Field::tasks, std::uint64_t{200});
  sample.machine.set(Field::threads_max, std::uint64_t{1000});
  sample.machine.set(Field::psi_some_us, std::uint64_t{1'234'567});
  ZoneFields& zone = sample.zones[0];
  zone.set(ZoneField::node, std::uint64_t{0});
  zone.set(ZoneField::zone, std::uint64_t{2});
  zone.set(ZoneField::managed, std::uint64_t{1} << 20U);
  zone.set(ZoneField::free, std::uint64_t{50'000});
  zone.set(ZoneField::reclaimable, std::uint64_t{1000});
  zone.set(ZoneField::min, min_free_kib / 4);
  return sample;
}

TEST(Metrics, TheTableHasWhatPrometheusWants) {
  std::set<std::string_view> names;
  for (const MetricInfo& metric : metric_table()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == "counter") << metric.name;
    EXPECT_EQ(metric.help.find('\n'), std::string_view::npos);
    EXPECT_EQ(metric.help.find('\\'), std::string_view::npos);
  }
}

TEST(Metrics, TellNothingThatIsNotKnown) {
  const std::string text = Metrics("1").text();
  EXPECT_EQ(text.find("headroom"), std::string::npos);
  EXPECT_EQ(text.find("ring_bytes"), std::string::npos);
  EXPECT_EQ(line_of(text, "whyoom_oom_kills_total{logged=\"true\"}"),
            "whyoom_oom_kills_total{logged=\"true\"} 0");
}

TEST(Metrics, TellMemoryThatIsOutOfReach) {
  Metrics metrics("1");
  metrics.take(machine(800'000));
  const std::string text = metrics.text();
  EXPECT_EQ(line_of(text, "whyoom_memory_headroom_bytes"), "whyoom_memory_headroom_bytes 0");
  EXPECT_EQ(line_of(text, "whyoom_zone_free_bytes{"),
            "whyoom_zone_free_bytes{node=\"0\",zone=\"Normal\"} 204800000");
  EXPECT_EQ(line_of(text, "whyoom_vm_min_free_bytes"), "whyoom_vm_min_free_bytes 819200000");
  // 4 GiB: the square root of 16 times that is 8192 kB; huge pages raise it to 5632 kB a zone and
  // more for kinds of blocks, so it is a little above.
  const std::string chosen = line_of(text, "whyoom_vm_min_free_default_bytes ");
  const auto kernels = std::stoull(chosen.substr(chosen.find(' ') + 1));
  EXPECT_GE(kernels, std::uint64_t{8192} * 1024);
  EXPECT_LE(kernels, std::uint64_t{70'000} * 1024);
  const std::string held = line_of(text, "whyoom_memory_out_of_reach_bytes ");
  const auto bytes = std::stoull(held.substr(held.find(' ') + 1));
  EXPECT_NEAR(static_cast<double>(bytes), 819'200'000.0 - static_cast<double>(kernels), 8192);
  // As the kernel would choose it, or less: nothing.
  Metrics usual("1");
  usual.take(machine(4000));
  EXPECT_EQ(line_of(usual.text(), "whyoom_memory_out_of_reach_bytes "),
            "whyoom_memory_out_of_reach_bytes 0");
}

TEST(Metrics, AreInBaseUnits) {
  Metrics metrics("1");
  metrics.take(machine(4000));
  const std::string text = metrics.text();
  EXPECT_EQ(line_of(text, "whyoom_pressure_memory_waiting_seconds_total"),
            "whyoom_pressure_memory_waiting_seconds_total 1.234");
  EXPECT_EQ(line_of(text, "whyoom_recorder_last_sample_timestamp_seconds"),
            "whyoom_recorder_last_sample_timestamp_seconds 1764000000.123");
  EXPECT_EQ(line_of(text, "whyoom_tasks_limit{"),
            "whyoom_tasks_limit{setting=\"kernel.threads-max\"} 1000");
}

TEST(Metrics, KnowThePageSizeOfTheSegment) {
  Metrics metrics("1");
  Note head = note(Kind::segment);
  head.c = 65536;
  metrics.take(head);
  metrics.take(machine(4000));
  EXPECT_EQ(line_of(metrics.text(), "whyoom_zone_free_bytes{"),
            "whyoom_zone_free_bytes{node=\"0\",zone=\"Normal\"} 3276800000");
}

TEST(Metrics, CountKillsAndWhatWasLost) {
  Metrics metrics("1");
  metrics.take(note(Kind::kmsg, 1, "3,1,5,-;Out of memory: Killed process 1 (a) total-vm:1kB"));
  // Somebody wrote this one to /dev/kmsg.
  metrics.take(note(Kind::kmsg, 2, "14,2,6,-;Out of memory: Killed process 1 (a) total-vm:1kB"));
  Note silent = note(Kind::kill);
  silent.b = 3;
  silent.c = 2;
  metrics.take(silent);
  metrics.take(note(Kind::kmsg_gap, 7));
  metrics.take(note(Kind::warning, static_cast<std::uint64_t>(WarningKind::tasks)));
  metrics.take(note(Kind::warning, 1000));
  const std::string text = metrics.text();
  EXPECT_NE(text.find("whyoom_oom_kills_total{logged=\"true\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("whyoom_oom_kills_total{logged=\"false\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("whyoom_recorder_lost_messages_total 7\n"), std::string::npos);
  EXPECT_NE(text.find("whyoom_warnings_total{kind=\"tasks\"} 1\n"), std::string::npos);
}

TEST(Metrics, CountEventsOfBeforeOnlyByTheirTime) {
  Metrics metrics("1");
  const Owner owner = owner_of_cgroup("/system.slice/nginx.service");
  metrics.take({"cgroup-limit", "memcg-oom-kill", owner}, 2500, false);
  metrics.take({"cgroup-limit", "memcg-oom-kill", owner}, 1500, false);
  const std::string labels =
      "{cause=\"cgroup-limit\",kind=\"memcg-oom-kill\",unit=\"nginx.service\",pod_uid=\"\","
      "container_id=\"\",cgroup=\"\"}";
  EXPECT_NE(metrics.text().find("whyoom_events_total" + labels + " 0\n"), std::string::npos);
  metrics.take({"cgroup-limit", "memcg-oom-kill", owner}, 3500, true);
  EXPECT_NE(metrics.text().find("whyoom_events_total" + labels + " 1\n"), std::string::npos);
  EXPECT_NE(metrics.text().find("timestamp_seconds" + labels + " 3.500\n"), std::string::npos);
}

TEST(Metrics, NameOwnersAsTheirToolsDo) {
  const Owner pod = owner_of_cgroup(
      "/kubepods.slice/kubepods-burstable.slice/"
      "kubepods-burstable-pod12345678_1234_1234_1234_123456789abc.slice/"
      "cri-containerd-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope");
  EXPECT_EQ(pod.pod_uid, "12345678-1234-1234-1234-123456789abc");
  EXPECT_EQ(pod.container_id, "0123456789ab");
  EXPECT_EQ(pod.unit, "");
  // What a user calls a pod is none, and a container's id stands beside the user's unit.
  EXPECT_EQ(
      owner_of_cgroup("/user.slice/user-7.slice/user@7.service/app.slice/"
                      "kubepods-pod12345678_1234_1234_1234_123456789abc.slice/cri-containerd-" +
                      std::string(64, 'a') + ".scope"),
      (Owner{"user@7.service", "", "aaaaaaaaaaaa", ""}));
  EXPECT_EQ(owner_of_cgroup("/some/thing"), (Owner{"", "", "", "/some/thing"}));
  EXPECT_EQ(owner_of_cgroup("/"), (Owner{"", "", "", "/"}));
}

TEST(Metrics, NoNameMakesALineOfItsOwn) {
  Metrics metrics("1");
  const std::string evil =
      "/a\"} 1\nwhyoom_forged 1\n\\\xff\x1b[31m\xe2\x80\xae" + std::string(1000, 'x');
  metrics.take({"cause", "kind", owner_of_cgroup(evil)}, 1, true);
  Sample sample = machine(4000);
  sample.cgroups[0].set(CgroupField::id, std::uint64_t{9});
  sample.cgroups[0].set(CgroupField::pids, std::uint64_t{5});
  sample.cgroups[0].set(CgroupField::pids_max, std::uint64_t{10});
  metrics.take(note(Kind::cgroup, 9, evil));
  metrics.take(sample);
  const std::string text = metrics.text();
  EXPECT_EQ(text.find("\nwhyoom_forged"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const std::string line = line_of(text, "whyoom_cgroup_tasks{");
  EXPECT_NE(line.find("cgroup=\"/a\\\"} 1\\\\x0awhyoom_forged 1\\\\x0a\\\\\\\\xff"),
            std::string::npos)
      << line;
  EXPECT_TRUE(line.ends_with("x\"} 5")) << line;
  EXPECT_LT(line.size(), 400U);
}

TEST(Metrics, TheFullestOfSeveralCgroupsOfOneOwnerIsTold) {
  Metrics metrics("1");
  Sample sample = machine(4000);
  for (std::uint64_t i = 0; i < 3; ++i) {
    sample.cgroups[i].set(CgroupField::id, i + 1);
    sample.cgroups[i].set(CgroupField::pids, std::uint64_t{10 * i});
    sample.cgroups[i].set(CgroupField::pids_max, std::uint64_t{i == 2 ? 1000U : 20U});
    metrics.take(note(Kind::cgroup, i + 1, "/system.slice/a.service/b" + std::to_string(i)));
  }
  metrics.take(sample);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("whyoom_cgroup_tasks{unit=\"a.service\",pod_uid=\"\",container_id=\"\","
                      "cgroup=\"\"} 10\n"),
            std::string::npos)
      << text;
}

TEST(Metrics, SeriesOfEventsAreBounded) {
  Metrics metrics("1");
  for (unsigned i = 0; i < 1000; ++i) {
    metrics.take({"cause-" + std::to_string(i % 100), "kind",
                  owner_of_cgroup("/" + std::to_string(i / 100))},
                 1, true);
  }
  const std::string text = metrics.text();
  std::size_t series = 0;
  for (std::size_t at = 0; (at = text.find("\nwhyoom_events_total{", at)) != std::string::npos;
       ++at) {
    ++series;
  }
  EXPECT_EQ(series, Metrics::most_event_series + 100);
}

TEST(Metrics, TellTheKernel) {
  Metrics metrics("1");
  Note head = note(Kind::segment);
  head.more = "6.1.0-\"x\"";
  metrics.take(head);
  EXPECT_EQ(line_of(metrics.text(), "whyoom_kernel_info"),
            "whyoom_kernel_info{release=\"6.1.0-\\\"x\\\"\"} 1");
}

TEST(Metrics, OwnersAreBounded) {
  Metrics metrics("1");
  for (unsigned i = 0; i < 1000; ++i) {
    metrics.take({"cause", "kind", owner_of_cgroup("/" + std::to_string(i))}, 1, true);
  }
  const std::string text = metrics.text();
  std::size_t series = 0;
  for (std::size_t at = 0; (at = text.find("\nwhyoom_events_total{", at)) != std::string::npos;
       ++at) {
    ++series;
  }
  EXPECT_EQ(series, Metrics::most_owners + 1);
  EXPECT_NE(
      text.find("unit=\"other\",pod_uid=\"other\",container_id=\"other\",cgroup=\"other\"} 950"),
      std::string::npos);
}

}  // namespace
}  // namespace whyoom::record
