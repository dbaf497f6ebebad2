// One report from its first line to its event, and the speed over lines that are none.
#include <benchmark/benchmark.h>

#include <string>

#include "report/log_reader.h"

namespace whyoom::report {
namespace {

std::string other_lines(std::size_t bytes) {
  static constexpr const char* texts[] = {
      "systemd[1]: Started Session 4711 of user build.",
      "sshd[2211]: Accepted publickey for deploy from 192.0.2.7 port 50022 ssh2",
      "kernel: [ 1234.567890] eth0: renamed from veth3a7b9c1",
      "dockerd[900]: time=\"2026-11-23T07:41:32Z\" level=info msg=\"ignoring event\"",
      "CRON[5512]: (root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily)",
      "nginx: 198.51.100.4 - - \"GET /static/app.js HTTP/1.1\" 200 51234 \"-\" \"Mozilla/5.0\""};
  std::string text;
  text.reserve(bytes + 256);
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    text += "Nov 23 07:41:32 host ";
    text += texts[i % 6];
    text += '\n';
  }
  return text;
}

// A global report of `tasks` processes.
std::string one_report(int tasks) {
  std::string text;
  int micros = 100000;
  const auto line = [&](const std::string& what) {
    text += "[  812." + std::to_string(micros++) + "] " + what + "\n";
  };
  line(
      "web invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), "
      "order=0, oom_score_adj=0");
  line("CPU: 2 PID: 4711 Comm: web Not tainted 6.5.0-44-generic #44-Ubuntu");
  line("Call Trace:");
  for (int i = 0; i < 25; ++i) {
    line(" some_function_" + std::to_string(i) + "+0x48/0x70");
  }
  line("Mem-Info:");
  line("active_anon:1001 inactive_anon:200002 isolated_anon:3");
  line(" active_file:40 inactive_file:50 isolated_file:6");
  line(" free:6060 free_pcp:70 free_cma:0");
  for (const char* zone : {"DMA", "DMA32", "Normal"}) {
    line(std::string("Node 0 ") + zone +
         " free:20140kB boost:0kB min:21000kB low:25000kB high:29000kB reserved_highatomic:0KB "
         "active_anon:4004kB inactive_anon:789008kB active_file:160kB inactive_file:200kB "
         "unevictable:28kB writepending:68kB present:1046376kB managed:952320kB mlocked:28kB "
         "bounce:0kB free_pcp:280kB local_pcp:100kB free_cma:0kB");
    line("lowmem_reserve[]: 0 0 0 0 0");
  }
  for (const char* zone : {"DMA", "DMA32", "Normal"}) {
    line(std::string("Node 0 ") + zone +
         ": 35*4kB (UME) 500*8kB (UE) 1000*16kB (M) 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB "
         "0*1024kB 0*2048kB 0*4096kB = 20140kB");
  }
  line("265592 pages RAM");
  line("23672 pages reserved");
  line("Tasks state (memory values in pages):");
  line("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
  for (int i = 0; i < tasks; ++i) {
    line("[   " + std::to_string(1000 + i) + "]  1000  " + std::to_string(1000 + i) +
         "   300000   190000  1851392      118           100 worker");
  }
  line(
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
      "task_memcg=/,task=web,pid=4711,uid=1000");
  line(
      "Out of memory: Killed process 4711 (web) total-vm:1200000kB, anon-rss:759000kB, "
      "file-rss:1000kB, shmem-rss:0kB, UID:1000 pgtables:1808kB oom_score_adj:0");
  return text;
}

void OneReport(benchmark::State& state) {
  const std::string text = one_report(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    std::size_t victims = 0;
    LogReader reader("log", [&](Report&& report) { victims += report.victims.size(); });
    reader.feed(text);
    reader.finish();
    if (victims != 1) {
      state.SkipWithError("the report was not read");
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
}
BENCHMARK(OneReport)->Arg(50)->Arg(1000)->Unit(benchmark::microsecond);

void OtherLines(benchmark::State& state) {
  const std::string text = other_lines(std::size_t{32} << 20U);
  constexpr std::size_t chunk = std::size_t{256} << 10U;
  for (auto _ : state) {
    LogReader reader("log", [](Report&&) {});
    for (std::size_t at = 0; at < text.size(); at += chunk) {
      reader.feed(std::string_view(text).substr(at, chunk));
    }
    benchmark::DoNotOptimize(reader.finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
}
BENCHMARK(OtherLines)->Unit(benchmark::millisecond);

}  // namespace
}  // namespace whyoom::report
