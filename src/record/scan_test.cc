#include "record/scan.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::record {
namespace {

TEST(Scan, Meminfo) {
  MachineFields machine;
  scan_meminfo("MemTotal:       16308268 kB\nMemFree: 12 kB\nMemFreeX: 9 kB\nHugePages_Total:  3\n",
               machine);
  EXPECT_EQ(machine.get(Field::mem_total), 16308268U);
  EXPECT_EQ(machine.get(Field::mem_free), 12U);
  EXPECT_EQ(machine.get(Field::hugepages_total), 3U);
  EXPECT_FALSE(machine.has(Field::cached));
}

TEST(Scan, VmstatAddsUpWhatIsByZone) {
  MachineFields machine;
  scan_vmstat(
      "allocstall_dma 1\nallocstall_normal 2\nallocstall_movable 3\noom_kill 4\n"
      "workingset_refault_anon 5\nworkingset_refault_file 6\npgscan_direct_throttle 9\n",
      machine);
  EXPECT_EQ(machine.get(Field::allocstall), 6U);
  EXPECT_EQ(machine.get(Field::oom_kill), 4U);
  EXPECT_EQ(machine.get(Field::workingset_refault), 11U);
  EXPECT_FALSE(machine.has(Field::pgscan_direct));
}

TEST(Scan, VmstatOfTheLastTimeIsAllOfIt) {
  MachineFields before, machine;
  scan_vmstat("oom_kill 3\npgscan_direct 5\nallocstall_normal 7\nallocstall_dma 1\npswpin 0\n",
              before);
  const MachineFields read = before;
  before.set(Field::mem_free, std::uint64_t{9});  // not of vmstat
  keep_vmstat(before, machine);
  EXPECT_EQ(machine, read);
}

TEST(Scan, Pressure) {
  MachineFields machine;
  scan_pressure(
      "some avg10=12.34 avg60=0.00 avg300=0.00 total=77\n"
      "full avg10=1.00 avg60=0.00 avg300=0.00 total=5\n",
      machine);
  EXPECT_EQ(machine.get(Field::psi_some_avg10), 1234U);
  EXPECT_EQ(machine.get(Field::psi_some_us), 77U);
  EXPECT_EQ(machine.get(Field::psi_full_avg10), 100U);
  scan_loadavg("0.10 0.20 0.30 2/345 6789\n", machine);
  EXPECT_EQ(machine.get(Field::tasks), 345U);
}

constexpr std::string_view zoneinfo =
    "Node 0, zone      DMA\n"
    "  per-node stats\n"
    "      nr_inactive_file 999999\n"
    "  pages free     3840\n"
    "        boost    512\n"
    "        min      523\n"
    "        low      526\n"
    "        high     529\n"
    "        spanned  4095\n"
    "        present  3998\n"
    "        managed  3840\n"
    "        protection: (0, 2991, 23901, 23901, 23901)\n"
    "      nr_zone_inactive_file 5\n"
    "      nr_zone_active_file 6\n"
    "      nr_zone_inactive_anon 100\n"
    "  pagesets\n"
    "    cpu: 0\n"
    "              count:    0\n"
    "              high:     7\n"
    "Node 0, zone  Movable\n"
    "  pages free     0\n"
    "        managed  0\n"
    "Node 1, zone   Normal\n"
    "  pages free     10\n"
    "        min      20\n"
    "        managed  1000\n"
    "      nr_free_cma  3\n";

TEST(Scan, Zoneinfo) {
  std::array<ZoneFields, most_zones> zones;
  scan_zoneinfo(zoneinfo, zones);
  EXPECT_EQ(zones[0].get(ZoneField::free), 3840U);
  EXPECT_EQ(zones[0].get(ZoneField::boost), 512U);
  EXPECT_EQ(zones[0].get(ZoneField::min), 11U) << "zoneinfo prints it with the boost";
  EXPECT_EQ(zones[0].get(ZoneField::high), 17U);
  EXPECT_EQ(zones[0].get(ZoneField::reserve), 23901U);
  EXPECT_EQ(zones[0].get(ZoneField::reclaimable), 11U);
  EXPECT_EQ(zones[1].get(ZoneField::node), 1U);
  EXPECT_EQ(zones[1].get(ZoneField::free_cma), 3U);
  EXPECT_FALSE(zones[1].has(ZoneField::reclaimable));
  EXPECT_EQ(zones[2], ZoneFields());
}

TEST(Scan, EveryCutOfZoneinfoIsRead) {
  std::array<ZoneFields, most_zones> zones;
  for (std::size_t cut = 0; cut <= zoneinfo.size(); ++cut) {
    scan_zoneinfo(zoneinfo.substr(0, cut), zones);
    EXPECT_EQ(zones[2], ZoneFields());
  }
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "Node " + std::to_string(i) + ", zone Normal\n pages free 1\n managed 5\n";
  }
  scan_zoneinfo(many, zones);
  EXPECT_EQ(zones[most_zones - 1].get(ZoneField::managed), 5U);
}

TEST(Scan, ProcessFiles) {
  EXPECT_EQ(scan_statm("100 42 7 1 0 3 0\n"), 42U);
  EXPECT_FALSE(scan_statm(""));
  std::string stat = "12 (a) b (c) S";
  for (int i = 0; i < 18; ++i) {
    stat += " 1";
  }
  EXPECT_EQ(scan_start(stat + " 777 5"), 777U);
  EXPECT_EQ(scan_named("Name:\tx\nVmRSS:\t  12 kB\nVmSwap:\t3 kB\n", "VmSwap:"), 3U);
  EXPECT_EQ(scan_named("low 0\nhigh 9\noom_kill 2\n", "oom_kill"), 2U);
  EXPECT_EQ(scan_number("max\n"), std::nullopt);
  EXPECT_EQ(scan_signed("-1\n"), 1U);
}

TEST(Scan, Kmsg) {
  const auto line = scan_kmsg("4,1234,5678,-;Out of memory: Killed process 9 (x)\n SUBSYSTEM=a\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->sequence, 1234U);
  EXPECT_EQ(line->at_us, 5678U);
  EXPECT_EQ(line->text, "Out of memory: Killed process 9 (x)");
  EXPECT_TRUE(line->by_kernel());
  EXPECT_TRUE(tells_kill(line->text));
  EXPECT_FALSE(tells_kill("a Killed process  invoked oom-killer"));
  EXPECT_FALSE(scan_kmsg("12,3,4,-;by a user")->by_kernel());
  EXPECT_FALSE(scan_kmsg("no record"));
}

TEST(Scan, OnlyTheKernelsSentenceTellsOfAKill) {
  EXPECT_TRUE(tells_kill("Out of memory: Killed process 12 (java) total-vm:1kB"));
  EXPECT_TRUE(tells_kill("Out of memory (oom_kill_allocating_task): Killed process 12 (a)"));
  EXPECT_TRUE(tells_kill("Memory cgroup out of memory: Killed process 12 (a)"));
  EXPECT_TRUE(tells_kill("Killed process 12 (a) total-vm:1kB"));
  EXPECT_TRUE(tells_kill("Killed process 12, UID 0, (a) total-vm:1kB"));
  // A process called "Out of memory" that runs a file of such a name.
  EXPECT_FALSE(
      tells_kill("Out of memory: [12]: segfault at 8 ip 1 sp 2 error 6 in Out of memory: "
                 "Killed process 1 (systemd) total-vm:1kB[4000+1000]"));
  EXPECT_FALSE(tells_kill("Out of memory: Kill process 12 (a) score 1 or sacrifice child"));
  EXPECT_FALSE(tells_kill("Killed process "));
}

}  // namespace
}  // namespace whyoom::record
