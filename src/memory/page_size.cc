#include "memory/page_size.h"

#include <algorithm>
#include <array>
#include <span>

#include "kernel/release.h"
#include "memory/task_with.h"

namespace whyoom::memory {

namespace {

using kernel::Field;

constexpr std::array<std::uint32_t, 5> page_sizes_kib{4, 8, 16, 64, 256};

std::uint64_t sum_kib(const report::Report& report, Field field) {
  std::uint64_t sum = 0;
  for (const auto& node : report.nodes) {
    if (const auto& value = node.fields.get(field)) {
      sum = (KiB(sum) + KiB(value->value)).count();
    }
  }
  if (sum != 0) {
    return sum;
  }
  for (const auto& zone : report.zones) {
    if (const auto& value = zone.fields.get(field)) {
      sum = (KiB(sum) + KiB(value->value)).count();
    }
  }
  return sum;
}

// Counters lag between two lines, so the ratio has to come near a page size, not to equal it.
std::optional<PageSize> from_ratio(const report::Report& report) {
  constexpr std::array fields{Field::inactive_anon, Field::active_anon, Field::inactive_file,
                              Field::active_file,   Field::free,        Field::mapped,
                              Field::unevictable,   Field::shmem};
  for (const Field field : fields) {
    const auto& total = report.totals.get(field);
    const std::uint64_t kib = sum_kib(report, field);
    if (!total || total->value < 64 || kib == 0) {
      continue;
    }
    const double ratio = static_cast<double>(kib) / static_cast<double>(total->value);
    for (const std::uint32_t size : page_sizes_kib) {
      if (ratio > size * 0.95 && ratio < size * 1.05) {
        return PageSize{size * 1024};
      }
    }
  }
  return std::nullopt;
}

// A cgroup's report has no zones; its victim stands in the task table in pages and in its own line
// in kB, read a moment later.
std::optional<PageSize> from_victim(const report::Report& report) {
  constexpr std::size_t most = 64;  // each is looked for in the table
  for (const auto& victim :
       std::span(report.victims).first(std::min(most, report.victims.size()))) {
    const report::Task* task = task_with(report, victim.pid);
    const KiB rss = victim.resident();
    if (task == nullptr || task->rss < 16) {
      continue;
    }
    const double ratio = static_cast<double>(rss.count()) / static_cast<double>(task->rss);
    for (const std::uint32_t size : page_sizes_kib) {
      if (ratio > size * 0.8 && ratio < size * 1.2) {
        return PageSize{size * 1024};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<PageSize> find_page_size(const report::Report& report) {
  for (const auto& zone : report.zones) {
    for (const std::uint32_t size : page_sizes_kib) {
      if (zone.smallest_block_kib == size) {
        return PageSize{size * 1024};
      }
    }
  }
  if (const auto page = from_ratio(report)) {
    return page;
  }
  if (const auto page = from_victim(report)) {
    return page;
  }
  const auto named = kernel::page_kib_by_name(report::release_of(report));
  return named ? std::optional(PageSize{*named * 1024}) : std::nullopt;
}

}  // namespace whyoom::memory
