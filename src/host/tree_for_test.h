// Only for tests: a directory as the files of a host.
#pragma once

#include <filesystem>
#include <string>

#include "base/shared_for_test.h"
#include "host/memory_files_for_test.h"

namespace whyoom::host::test {

inline MemoryFiles files_of(const std::filesystem::path& top) {
  MemoryFiles files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
    const std::string path = "/" + entry.path().lexically_relative(top).string();
    if (entry.is_symlink()) {
      files.add_link(path, std::filesystem::read_symlink(entry.path()).string());
    } else if (entry.is_regular_file()) {
      files.add(path, whyoom::test::read_file(entry.path()));
    }
  }
  return files;
}

// The host of the documents: a guest with 967 MiB whose vm.min_free_kbytes is half of it. Two files
// set it, /etc/sysctl.conf and /etc/sysctl.d/zz-database.conf; the second decides.
inline MemoryFiles example_host() {
  return files_of(std::filesystem::path(WHYOOM_SOURCE_DIR) / "examples" / "host");
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
