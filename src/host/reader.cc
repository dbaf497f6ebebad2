#include "host/reader.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/language.h"
#include "base/text.h"

namespace whyoom::host {
namespace {

Message why_not(std::string_view path, const FileError& error) {
  const std::string name = printable(path);
  switch (error.kind) {
    case FileError::Kind::missing:
      return Message("{} is not there", name);
    case FileError::Kind::denied:
      return Message("no access to {} (needs root)", name);
    case FileError::Kind::not_a_file:
      return Message("{} is not a file of the expected kind", name);
    case FileError::Kind::too_big:
      return Message("{} is larger than any such file should be", name);
    case FileError::Kind::untrusted:
    case FileError::Kind::failed:
      break;
  }
  return Message("{} could not be read ({})", name, printable(translated(error.text)));
}

}  // namespace

std::string Gap::str() const {
  return leaves_open.empty() ? why.str() : tr("{}: {}", why.str(), leaves_open.str());
}

void Reader::gap(FileError::Kind kind, std::string_view path, Message why,
                 const Message& leaves_open) {
  if (options_.posted.empty()) {
    host_.gaps.push_back({kind, printable(path), std::move(why), leaves_open});
  } else if (host_.gaps.empty()) {
    host_.gaps.push_back({kind, "/", Message("only some files of the host are in the text"),
                          Message("what the others would show is not known")});
  }
}

void Reader::gap(std::string_view path, const FileError& error, const Message& leaves_open) {
  gap(error.kind, path, why_not(path, error), leaves_open);
}

std::optional<Loaded> Reader::load(std::string_view path, const Message& leaves_open,
                                   Absent absent) {
  auto text = files_.read(path);
  if (!text) {
    if (text.error().kind != FileError::Kind::missing || absent == Absent::gap) {
      gap(path, text.error(), leaves_open);
    }
    return std::nullopt;
  }
  if (absent == Absent::gap && trim(*text).empty()) {
    gap(FileError::Kind::missing, path, Message("{} is empty", printable(path)), leaves_open);
    return std::nullopt;
  }
  return Loaded{std::move(*text), host_.sources.add(files_.said_by(path))};
}

std::optional<std::vector<Entry>> Reader::list(std::string_view path, const Message& leaves_open,
                                               Absent absent) {
  auto listing = files_.list(path);
  if (!listing) {
    if (listing.error().kind != FileError::Kind::missing || absent == Absent::gap) {
      gap(path, listing.error(), leaves_open);
    }
    return std::nullopt;
  }
  std::sort(listing->entries.begin(), listing->entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return std::move(listing->entries);
}

namespace {

// The page size by which `kib` and `pages` are the same amount; 0 when there is none. Counters move
// between two readings, and small ones by a big share.
std::uint32_t page_size_by(const Maybe<KiB>& kib, const Maybe<Pages>& pages) {
  constexpr Pages enough(256);
  constexpr double tolerance = 0.1;
  if (!kib || !pages || pages->value < enough) {
    return 0;
  }
  const double bytes =
      static_cast<double>(kib->value.count()) * 1024 / static_cast<double>(pages->value.count());
  for (std::uint32_t size = 4096; size <= 262144; size *= 2) {
    if (std::fabs(bytes / size - 1) < tolerance) {
      return size;
    }
  }
  return 0;
}

// The page size by which /proc/meminfo (kB) and /proc/vmstat and /proc/zoneinfo (pages) mean the
// same memory, by the majority of eight pairs of counters; nullopt when none of them agree on one.
std::optional<PageSize> page_size_of(const Host& host) {
  const Meminfo& kib = host.meminfo;
  const PageCounters& pages = host.vmstat.pages;
  Maybe<Pages> total;
  for (const Zone& zone : host.zones) {
    if (const auto& size = zone.managed ? zone.managed : zone.present) {
      total = Read<Pages>{(total ? total->value : Pages(0)) + size->value, size->at};
    }
  }
  // Pages of 8 KiB are rare, and zones that stand twice, or a half of them, are not.
  const std::uint32_t by_zones = page_size_by(kib.mem_total, total);
  const std::uint32_t votes[] = {
      by_zones == 8192 ? 0 : by_zones,
      page_size_by(kib.mem_free, pages.free_pages),
      page_size_by(kib.anon_pages, pages.anon_pages),
      page_size_by(kib.mapped, pages.mapped),
      page_size_by(kib.shmem, pages.shmem),
      page_size_by(kib.slab_reclaimable, pages.slab_reclaimable),
      page_size_by(kib.slab_unreclaimable, pages.slab_unreclaimable),
      page_size_by(kib.page_tables, pages.page_table_pages),
  };
  std::uint32_t best = 0;
  std::ptrdiff_t most = 0;
  for (const std::uint32_t size : votes) {
    const auto count = std::count(std::begin(votes), std::end(votes), size);
    if (size != 0 && count > most) {
      best = size;
      most = count;
    }
  }
  return best == 0 ? std::nullopt : std::optional(PageSize{best});
}

}  // namespace

Host read_host(Files& files, const ReadOptions& options) {
  Host host;
  host.posted = options.posted;
  Reader reader(files, host, options);
  read_kernel(reader);
  read_memory(reader);
  read_nodes(reader);
  if (options.processes) {
    read_processes(reader);
  }
  if (options.cgroups) {
    read_cgroups(reader);
  }
  if (options.processes) {
    read_cgroups_of_processes(reader);
  }
  read_task_limits(reader);
  read_services(reader);
  read_kept_evidence(reader);
  host.gaps.insert(host.gaps.end(), options.left_out.begin(), options.left_out.end());
  host.shell = options.shell;
  if (host.shell) {
    const std::uint32_t source = host.sources.add("ulimit -a");
    for (auto* each : {&host.shell->tasks, &host.shell->open_files, &host.shell->address_space,
                       &host.shell->locked_memory, &host.shell->refused}) {
      if (*each) {
        (*each)->at.source = source;
      }
    }
  }
  host.page_size = options.page_size ? options.page_size : page_size_of(host);
  refuse_other_zones(host);
  return host;
}

Host read_marks(Files& files) {
  Host host;
  const ReadOptions options;
  Reader reader(files, host, options);
  const Message unknown;
  reader.parse("/proc/sys/kernel/osrelease", host.release, parse_line, unknown, Absent::normal,
               Lines::End::person);
  if (const auto loaded = reader.load(setting_path("vm.min_free_kbytes"), unknown)) {
    host.settings.min_free_kbytes =
        single_number<std::int64_t>(loaded->text, loaded->source, &host.damage);
  }
  reader.parse("/proc/meminfo", host.meminfo, parse_meminfo, unknown);
  refuse_what_is_no_machine(host);
  reader.parse("/proc/zoneinfo", host.zones, parse_zoneinfo, unknown);
  reader.parse("/sys/kernel/mm/transparent_hugepage/enabled", host.transparent_huge, parse_choice,
               unknown);
  host.page_size = page_size_of(host);
  refuse_other_zones(host);
  return host;
}

}  // namespace whyoom::host
