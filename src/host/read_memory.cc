// The kernel, its settings and its memory.

#include "base/text.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr auto person = Lines::End::person;

void read_settings(Reader& reader) {
  const auto top = reader.files().list("/proc/sys/vm", 1);
  if (!top) {
    reader.gap("/proc/sys/vm", top.error(),
               Message("the running values of vm.min_free_kbytes and the other settings are not "
                       "known"));
  }
  Settings& settings = reader.host().settings;
  for (const SettingFile& file : setting_files()) {
    const Absent absent = file.always && top ? Absent::gap : Absent::normal;
    const Message open("the running value of {} is not known", file.key);
    if (file.number == nullptr && file.numbers == nullptr) {
      reader.keep(setting_path(file.key), open, absent);
      continue;
    }
    const auto loaded = reader.load(setting_path(file.key), open, absent);
    if (!loaded) {
      continue;
    }
    if (file.number != nullptr) {
      settings.*file.number =
          single_number<std::int64_t>(loaded->text, loaded->source, &reader.host().damage);
    } else {
      settings.*file.numbers = parse_numbers(reader.lines(*loaded, person));
    }
  }
}

void read_pressure(Reader& reader) {
  // The kernel may have it built in and switched off; it never says why memory ran out.
  reader.load("/proc/pressure/memory",
              Message("how long tasks wait for memory is not known (a kernel before 4.20, or "
                      "pressure stall information is off)"),
              Absent::gap);
  reader.load("/proc/pressure/cpu", Message());
  reader.load("/proc/pressure/io", Message());
}

void keep_blocks(Reader& reader) {
  reader.keep("/proc/buddyinfo", Message("the sizes of the free blocks are not known"),
              Absent::gap);
  reader.keep("/proc/pagetypeinfo",
              Message("which kinds of request may use the free blocks is not known"), Absent::gap);
}

// To make the text of this file the kernel walks the lists of each cache under its lock, which
// takes longer than all others here together. Rules ask for the caches when slabs hold three tenths
// of RAM; below that it is enough that the file could be read.
void read_slab(Reader& reader) {
  constexpr const char* path = "/proc/slabinfo";
  constexpr std::uint64_t part = 10;
  const Meminfo& info = reader.host().meminfo;
  const bool little = info.slab_unreclaimable && info.mem_total &&
                      info.slab_unreclaimable->value < info.mem_total->value / part;
  if (little && !reader.options().for_capture) {
    const auto looked = reader.files().read(path, 0);
    if (!looked && looked.error().kind == FileError::Kind::too_big) {
      return;
    }
  }
  reader.parse(path, reader.host().slab, parse_slabinfo,
               Message("the biggest slab caches are not known"), Absent::gap);
}

}  // namespace

void read_kernel(Reader& reader) {
  Host& host = reader.host();
  reader.parse("/proc/sys/kernel/osrelease", host.release, parse_line,
               Message("the version of the kernel is not known"), Absent::gap, person);
  reader.parse("/proc/cmdline", host.command_line, parse_command_line,
               Message("the boot parameters of the kernel are not known"), Absent::gap, person);
  read_settings(reader);
}

void read_memory(Reader& reader) {
  Host& host = reader.host();
  reader.parse("/proc/meminfo", host.meminfo, parse_meminfo,
               Message("how much memory there is and what uses it is not known"), Absent::gap);
  refuse_what_is_no_machine(host);
  reader.parse("/proc/vmstat", host.vmstat, parse_vmstat,
               Message("the kernel's counters of reclaim and of kills are not known"), Absent::gap);
  reader.parse("/proc/zoneinfo", host.zones, parse_zoneinfo,
               Message("the zones and their watermarks are not known"), Absent::gap);
  keep_blocks(reader);
  read_slab(reader);
  reader.load("/proc/swaps", Message("the swap areas are not known"));
  reader.parse("/proc/spl/kstat/zfs/arcstats", host.zfs_arc, parse_arcstats,
               Message("how much memory ZFS keeps is not known"));
  reader.parse("/proc/loadavg", host.tasks, parse_tasks,
               Message("the number of all tasks is not known"), Absent::gap);
  read_pressure(reader);
  reader.parse("/proc/net/sockstat", host.network.tcp_pages, parse_sockstat,
               Message("the memory of sockets is not known"));
  reader.parse("/proc/net/stat/arp_cache", host.network.arp_entries, parse_neighbours,
               Message("the number of neighbours is not known"));
}

}  // namespace whyoom::host
