// Only for tests: a directory of the sample folder as the files of a host.
#pragma once

#include <filesystem>
#include <string>

#include "base/shared_for_test.h"
#include "host/memory_files.h"

namespace whyoom::host::test {

inline MemoryFiles files_of(const std::filesystem::path& top) {
  MemoryFiles files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
    if (entry.is_regular_file()) {
      files.add("/" + entry.path().lexically_relative(top).string(),
                whyoom::test::read_file(entry.path()));
    }
  }
  return files;
}

// An empty pool of huge pages, and nothing to spare in the zone that they do not come from.
inline void add_empty_pool(MemoryFiles& files) {
  std::string zones = files.read("/proc/zoneinfo", default_most_bytes).value();
  const std::string free = "pages free     ";
  zones.replace(zones.find(free) + free.size(), 4, "100 ");  // of zone DMA
  files.add("/proc/zoneinfo", zones);
  files.add("/proc/sys/vm/nr_hugepages", "0\n");
  const std::string pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  for (const char* file : {"nr_hugepages", "free_hugepages", "resv_hugepages"}) {
    files.add(pool + file, "0\n");
  }
}

}  // namespace whyoom::host::test
