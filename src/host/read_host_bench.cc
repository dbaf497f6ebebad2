// A host of 5,000 processes, without the kernel's part in it: what parsing and keeping costs.
#include <benchmark/benchmark.h>

#include <string>

#include "host/memory_files_for_test.h"
#include "host/read_host.h"

namespace whyoom::host {
namespace {

std::string status(int pid) {
  return "Name:\tworker\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t" + std::to_string(pid) +
         "\nNgid:\t0\nPid:\t" + std::to_string(pid) +
         "\nPPid:\t1\nTracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\nGid:\t0\t0\t0\t0\n"
         "FDSize:\t256\nGroups:\t \nVmPeak:\t    3060 kB\nVmSize:\t    3060 kB\nVmLck:\t       0 "
         "kB\n"
         "VmPin:\t       0 kB\nVmHWM:\t    1708 kB\nVmRSS:\t    1708 kB\nRssAnon:\t     108 kB\n"
         "RssFile:\t    1600 kB\nRssShmem:\t       0 kB\nVmData:\t     360 kB\n"
         "VmStk:\t     132 kB\nVmPTE:\t      44 kB\nVmSwap:\t       0 kB\n"
         "HugetlbPages:\t       0 kB\nThreads:\t4\nSigQ:\t0/96365\n";
}

MemoryFiles many(int processes) {
  MemoryFiles files;
  for (int pid = 1; pid <= processes; ++pid) {
    const std::string top = "/proc/" + std::to_string(pid) + "/";
    files.add(top + "stat", std::to_string(pid) +
                                " (worker) S 1 1 1 0 -1 4194560 420802 2421 0 14 2867 9628 1443 "
                                "182700 20 0 4 0 30 47820800 3658 18446744073709551615 1 1 0\n");
    files.add(top + "status", status(pid));
    files.add(top + "cgroup", "0::/kubepods.slice/pod" + std::to_string(pid / 10) + ".slice\n");
    files.add(top + "oom_score_adj", "0\n");
    files.add(top + "oom_score", "666\n");
  }
  return files;
}

void read_processes(benchmark::State& state) {
  MemoryFiles files = many(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(read_host(files));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_processes)->Arg(5000)->Unit(benchmark::millisecond);

}  // namespace
}  // namespace whyoom::host
