// This machine, read by the real files: the values must be sane and agree with each other.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "host/read_host.h"
#include "linux/dir_files.h"

namespace whyoom::linux {
namespace {

host::Host this_machine() {
  auto files = DirFiles::open("/");
  EXPECT_TRUE(files.has_value());
  return host::read_host(*files);
}

TEST(LiveHost, the_memory_and_its_zones_are_read) {
  const host::Host host = this_machine();
  ASSERT_TRUE(host.meminfo.mem_total);
  ASSERT_TRUE(host.meminfo.mem_free);
  EXPECT_LE(host.meminfo.mem_free->value, host.meminfo.mem_total->value);
  ASSERT_TRUE(host.page_size);
  EXPECT_EQ(host.page_size->bytes, static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE)));
  ASSERT_FALSE(host.zones.empty());
  Pages managed;
  Pages min;
  for (const host::Zone& zone : host.zones) {
    ASSERT_TRUE(zone.managed && zone.min && zone.protection) << zone.name;
    managed += zone.managed->value;
    if (zone.name != "Movable" && zone.name != "HighMem") {
      min += zone.min->value - (zone.boost ? zone.boost->value : Pages(0));  // what is set
    }
  }
  // Not equal: a hypervisor's guest kernel may count memory that no zone has.
  EXPECT_LE(to_kib(managed, *host.page_size), host.meminfo.mem_total->value);
  // The shares of the zones add up to the setting, but for one page each.
  ASSERT_TRUE(host.settings.min_free_kbytes);
  const KiB set(static_cast<std::uint64_t>(host.settings.min_free_kbytes->value));
  EXPECT_LE(to_kib(min, *host.page_size), set);
  EXPECT_GE(to_kib(min + Pages(host.zones.size()), *host.page_size), set);
  EXPECT_EQ(host.sources.name(host.settings.min_free_kbytes->at.source),
            "/proc/sys/vm/min_free_kbytes");
}

TEST(LiveHost, this_process_is_among_the_processes) {
  const host::Host host = this_machine();
  const auto& all = host.processes.all;
  const auto self = std::find_if(all.begin(), all.end(), [](const host::Process& process) {
    return process.pid == static_cast<std::int32_t>(getpid());
  });
  ASSERT_NE(self, all.end());
  EXPECT_EQ(self->comm.view(), "linux_test");
  EXPECT_EQ(self->ppid, static_cast<std::int32_t>(getppid()));
  EXPECT_EQ(self->uid, static_cast<std::uint32_t>(getuid()));
  EXPECT_GE(self->threads, 1U);
  EXPECT_EQ(self->state, 'R');
  ASSERT_TRUE(self->rss);
  EXPECT_GT(*self->rss, KiB(0));
}

TEST(LiveHost, nothing_that_the_kernel_wrote_is_damaged) {
  const host::Host host = this_machine();
  for (const host::Damage& damage : host.damage) {
    ADD_FAILURE() << host.sources.name(damage.at.source) << ":" << damage.at.line << ": "
                  << damage.what;
  }
}

}  // namespace
}  // namespace whyoom::linux
