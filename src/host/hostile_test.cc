// A /proc that is cut, mixed up or made to hurt: no crash, and each number is right or empty.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "host/memory_files_for_test.h"
#include "host/parse_for_test.h"
#include "host/read_host.h"

namespace whyoom::host {
namespace {

// A small host with every kind of file.
std::map<std::string, std::string> sample() {
  const std::string zone =
      "  pages free     3840\n        boost    512\n        min      131\n        low      164\n"
      "        high     197\n        promo    230\n        spanned  4095\n        present  3998\n"
      "        managed  3841\n        cma      77\n        protection: (0, 3019, 18507)\n"
      "      nr_free_pages 3840\n      nr_zone_inactive_file 712\n  pagesets\n    cpu: 0\n"
      "              count:    40\n              high:     100\n  node_unreclaimable:  0\n"
      "  start_pfn:           4096\n";
  return {
      {"/proc/meminfo",
       "MemTotal:        2014292 kB\nMemFree:          101204 kB\n"
       "HugePages_Total:      64\n"},
      {"/proc/vmstat", "nr_free_pages 25301\noom_kill 29\nnr_mapped 3311\n"},
      {"/proc/zoneinfo", "Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 35045\n" +
                             zone + "Node 0, zone   Normal\n" + zone},
      {"/proc/buddyinfo", "Node 0, zone   Normal   1808   4452   8885\n"},
      {"/proc/pagetypeinfo",
       "Page block order: 9\nPages per block:  512\n\nFree pages count per migrate type at order "
       "0\n"
       "Node    0, zone   Normal, type    Unmovable    189    127\n"
       "Number of blocks type     Unmovable\nNode 0, zone   Normal           69\n"},
      {"/proc/slabinfo",
       "slabinfo - version: 2.1\ndentry 100000 101430 192 21 1 : tunables 0 0 0 : "
       "slabdata 4830 4831 0\n"},
      {"/proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 2097148 1024 -2\n"},
      {"/proc/loadavg", "0.53 1.61 22.39 2/20114 4769\n"},
      {"/proc/pressure/memory", "some avg10=12.50 avg60=0.04 avg300=0.00 total=987654\n"},
      {"/proc/sys/vm/min_free_kbytes", "67584\n"},
      {"/proc/sys/vm/lowmem_reserve_ratio", "256\t256\t32\n"},
      {"/proc/1/stat", "1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 14 0 30000 47 36\n"},
      {"/proc/1/status", "Uid:\t105\t106\t106\t106\nVmRSS:\t  81920 kB\nVmPTE:\t 44 kB\n"},
      {"/proc/1/cgroup", "0::/a/b\n"},
      {"/proc/1/limits", "Max processes  4096  8192  processes\n"},
      {"/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"},
      {"/sys/fs/cgroup/cgroup.controllers", "memory pids\n"},
      {"/sys/fs/cgroup/a/memory.current", "104857600\n"},
      {"/sys/fs/cgroup/a/memory.max", "209715200\n"},
      {"/sys/fs/cgroup/a/cgroup.stat", "nr_descendants 7\nnr_dying_descendants 4096\n"},
      {"/sys/fs/cgroup/a/pids.current", "77\n"},
      {"/sys/devices/system/node/online", "0-3\n"},
      {"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
      {"/etc/security/limits.conf", "* soft nproc 4096\n"},
      {"/etc/systemd/system.conf", "[Manager]\nDefaultTasksMax=15%\n"},
      {"/var/lib/kubelet/config.yaml", "evictionHard:\n  memory.available: 100Mi\n"},
  };
}

Host read(const std::map<std::string, std::string>& texts) {
  MemoryFiles files;
  for (const auto& [path, text] : texts) {
    files.add(path, text);
  }
  return read_host(files);
}

std::string show(std::uint64_t number) { return std::to_string(number); }
template <class Tag>
std::string show(Quantity<Tag> size) {
  return std::to_string(size.count());
}
template <class T>
std::string text_of(const Maybe<T>& field) {
  return field ? show(field->value) : "";
}

// The numbers that a diagnosis rests on, by name; "" where there is none.
std::map<std::string, std::string> numbers(const Host& host) {
  std::map<std::string, std::string> result;
  result["mem_total"] = text_of(host.meminfo.mem_total);
  result["mem_free"] = text_of(host.meminfo.mem_free);
  result["hugepages"] = text_of(host.meminfo.hugepages_total);
  result["free_pages"] = text_of(host.vmstat.pages.free_pages);
  result["oom_kill"] = text_of(host.vmstat.oom_kill);
  result["mapped"] = text_of(host.vmstat.pages.mapped);
  for (const Zone& zone : host.zones) {
    const std::string name = zone.name + ".";
    result[name + "free"] = text_of(zone.free);
    result[name + "min"] = text_of(zone.min);
    result[name + "low"] = text_of(zone.low);
    result[name + "high"] = text_of(zone.high);
    result[name + "boost"] = text_of(zone.boost);
    result[name + "promo"] = text_of(zone.promo);
    result[name + "managed"] = text_of(zone.managed);
    result[name + "present"] = text_of(zone.present);
    result[name + "in_cpu_lists"] = text_of(zone.in_cpu_lists);
    result[name + "inactive_file"] = text_of(zone.counters.zone_inactive_file);
    result[name + "protection"] = zone.protection && zone.protection->value.size() == 3
                                      ? show(zone.protection->value[0]) + "," +
                                            show(zone.protection->value[1]) + "," +
                                            show(zone.protection->value[2])
                                      : "";
  }
  for (const SlabCache& cache : host.slab) {
    result["slab"] = show(cache.pages);
  }
  for (const Process& process : host.processes.all) {
    result["rss"] = process.rss ? show(*process.rss) : "";
    result["threads"] = process.threads ? show(*process.threads) : "";
    result["uid"] = process.uid ? show(*process.uid) : "";
  }
  for (const CgroupTree& tree : host.cgroups) {
    for (const Cgroup& group : tree.groups) {
      result["current"] = text_of(group.current);
      result["dying"] = text_of(group.dying_descendants);
    }
  }
  return result;
}

// Without files of one number, which a person may write without their last newline.
bool ends_are_known(const std::string& path) {
  return path.find("/sys/") == std::string::npos || path.ends_with("cgroup.stat");
}

TEST(Hostile, a_file_that_is_cut_anywhere_gives_no_half_number) {
  const auto whole = sample();
  const auto right = numbers(read(whole));
  for (const auto& [path, text] : whole) {
    if (!ends_are_known(path)) {
      continue;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
      auto cut = whole;
      cut[path] = text.substr(0, size);
      for (const auto& [name, value] : numbers(read(cut))) {
        const auto found = right.find(name);
        // A zone's own name may be cut; its numbers are still right.
        const std::string expected =
            found != right.end()
                ? found->second
                : right.at("DMA" + name.substr(std::min(name.find('.'), name.size())));
        EXPECT_TRUE(value.empty() || value == expected)
            << path << " cut at " << size << ": " << name << " is " << value;
      }
    }
  }
}

TEST(Hostile, a_file_without_any_of_its_lines_keeps_the_others) {
  const auto whole = sample();
  const auto right = numbers(read(whole));
  const std::string path = "/proc/zoneinfo";
  const std::string text = whole.at(path);
  for (std::size_t start = 0; start < text.size(); start = text.find('\n', start) + 1) {
    auto less = whole;
    const std::size_t end = text.find('\n', start) + 1;
    less[path] = text.substr(0, start) + text.substr(end);
    // The head of a zone gone, its lines would be the other zone's: the first of two counts.
    for (const auto& [name, value] : numbers(read(less))) {
      EXPECT_TRUE(value.empty() || right.at(name) == value || name.ends_with("in_cpu_lists"))
          << name << " without " << text.substr(start, end - start);
    }
  }
}

TEST(Hostile, bytes_changed_at_random) {
  const auto whole = sample();
  std::mt19937 random(20261123);
  const std::string nasty =
      "\x1b\0\xff\x80 -.,:()[]{}%09\n\t\\xX=\"'/"
      "Nn";
  for (unsigned round = 0; round < 4000; ++round) {
    auto damaged = whole;
    auto file = damaged.begin();
    std::advance(file, random() % damaged.size());
    std::string& text = file->second;
    for (unsigned change = 0; change < 1 + round % 7U; ++change) {
      const std::size_t at = random() % (text.size() + 1);
      switch (random() % 4) {
        case 0:
          text.insert(at, 1, nasty[random() % nasty.size()]);
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        case 2:
          text.insert(at, std::string(text.substr(random() % (text.size() + 1), 40)));
          break;
        default:
          if (at < text.size()) {
            text[at] = nasty[random() % nasty.size()];
          }
      }
    }
    const Host host = read(damaged);
    for (const Damage& damage : host.damage) {
      EXPECT_EQ(damage.what.find('\x1b'), std::string::npos);
      EXPECT_FALSE(host.sources.name(damage.at.source).empty());
    }
    for (const Gap& gap : host.gaps) {
      EXPECT_FALSE(gap.why.empty());
    }
  }
}

TEST(Hostile, numbers_that_fit_nowhere) {
  for (const char* number :
       {"18446744073709551616", "-1", "99999999999999999999999999", "1e9", "0x10", "+5", "１"}) {
    const std::string text(number);
    auto files = sample();
    files["/proc/meminfo"] = "MemTotal: " + text + " kB\nMemFree: 5 kB\n";
    files["/proc/zoneinfo"] = "Node 0, zone DMA\n        min      " + text + "\n        low 7\n";
    files["/proc/1/status"] = "Uid:\t" + text + "\t0\t0\t0\nVmRSS:\t" + text + " kB\n";
    files["/sys/fs/cgroup/a/memory.current"] = text + "\n";
    files["/proc/sys/vm/min_free_kbytes"] = text == "-1" ? "x" : text;
    const Host host = read(files);
    const auto read_numbers = numbers(host);
    for (const char* name : {"mem_total", "DMA.min", "rss", "uid", "current"}) {
      EXPECT_EQ(read_numbers.at(name), "") << name << " " << number;
    }
    EXPECT_EQ(read_numbers.at("mem_free"), "5");
    EXPECT_EQ(read_numbers.at("DMA.low"), "7");
    EXPECT_FALSE(host.settings.min_free_kbytes) << number;
    EXPECT_GE(host.damage.size(), 4U);
  }
}

TEST(Hostile, the_largest_numbers_do_not_overflow) {
  const std::string most = "18446744073709551615";
  auto files = sample();
  files["/proc/meminfo"] = "MemTotal: " + most + " kB\n";
  files["/proc/slabinfo"] =
      "x 1 1 " + most + " 1 " + most + " : tunables 0 0 0 : slabdata 1 " + most + " 0\n";
  files["/proc/loadavg"] = "0.00 0.00 0.00 1/" + most + " 1\n";
  files["/proc/1/status"] = "Uid:\t4294967295\nVmPTE:\t" + most + " kB\nVmPMD:\t5 kB\n";
  const Host host = read(files);
  EXPECT_EQ(host.slab[0].pages, Pages(UINT64_MAX));
  EXPECT_EQ(host.processes.all[0].page_tables, KiB(UINT64_MAX));
  EXPECT_EQ(host.tasks->value, UINT64_MAX);
}

TEST(Hostile, names_of_processes_and_cgroups) {
  auto files = sample();
  files["/proc/1/stat"] =
      "1 (\x1b[2J) Z 9 9 9) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 14 0 3 4 5\n";
  files["/sys/fs/cgroup/a\x1b]0;x/memory.current"] = "5\n";
  files["/sys/fs/cgroup/%s{}\n/memory.current"] = "six\n";
  const Host host = read(files);
  EXPECT_EQ(host.processes.all[0].ppid, 0);
  EXPECT_EQ(host.processes.all[0].threads, 14U);
  ASSERT_EQ(host.cgroups.size(), 1U);
  EXPECT_EQ(host.cgroups[0].groups.size(), 4U);
  EXPECT_EQ(test::find_group(host.cgroups[0], "/a\x1b]0;x")->current->value, Bytes(5));
}

}  // namespace
}  // namespace whyoom::host
