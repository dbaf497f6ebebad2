// Only for tests: processes in memory, and what could not be read of a host.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "host/host.h"
#include "host/memory_files_for_test.h"

namespace whyoom::host::test {

inline void add_process(MemoryFiles& files, int pid, const std::string& name, int uid, int threads,
                        const std::string& cgroup = "0::/\n") {
  const std::string top = "/proc/" + std::to_string(pid) + "/";
  files.add(top + "stat", std::to_string(pid) + " (" + name +
                              ") S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 " + "20 0 " +
                              std::to_string(threads) + " 0 500 1 1 1\n");
  files.add(top + "status", "Name:\t" + name + "\nUid:\t" + std::to_string(uid) +
                                "\t0\t0\t0\nVmRSS:\t 1024 kB\nVmSwap:\t 8 kB\nVmPTE:\t 40 kB\n");
  files.add(top + "cgroup", cgroup);
  files.add(top + "oom_score_adj", "-500\n");
  files.add(top + "oom_score", "666\n");
}

inline bool has_gap(const Host& host, std::string_view text) {
  return std::any_of(host.gaps.begin(), host.gaps.end(),
                     [text](const Gap& gap) { return gap.str().find(text) != std::string::npos; });
}

}  // namespace whyoom::host::test
