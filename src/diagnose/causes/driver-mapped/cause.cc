#include <algorithm>
#include <string>

#include "base/human.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

using kernel::Field;

constexpr double notable = 0.10;   // of RAM
constexpr double names_it = 0.50;  // of the gap, in one process

// Who maps most that is no memory of its own.
struct Mapper {
  std::string who;
  Bytes file_rss;
  Place at{};
};

std::optional<Mapper> mapper_of(const Context& context) {
  std::optional<Mapper> most;
  const auto keep = [&most](Mapper&& mapper) {
    if (!most || mapper.file_rss > most->file_rss) {
      most = std::move(mapper);
    }
  };
  for (const report::Victim& victim : context.report.victims) {
    if (victim.file_rss_kib) {
      keep({process(victim.comm, victim.pid), to_bytes(KiB(*victim.file_rss_kib)), victim.at});
    }
  }
  for (const report::Task& task : context.report.tasks) {
    if (task.rss_file) {
      keep({process(task.comm, task.pid), to_bytes(Pages(*task.rss_file), context.evidence.page),
            Place{0, task.line}});
    }
  }
  return most;
}

std::optional<Claim> judge(const Context& context) {
  const memory::Evidence& evidence = context.evidence;
  const auto& mapped = context.report.totals.get(Field::mapped);
  const auto& cache = context.report.tail.pagecache;
  if (!is_global_oom(context) || !mapped || !cache || !evidence.ram || !evidence.page_size_known) {
    return std::nullopt;
  }
  // Every mapped page of a file, of shared memory and of tmpfs is page cache as well.
  const Bytes gap = to_bytes(Pages(mapped->value) - Pages(cache->value), evidence.page);
  const double part = share(gap, *evidence.ram);
  const auto mapper = mapper_of(context);
  const bool big = part >= notable;
  const bool named = big && mapper && share(mapper->file_rss, gap) >= names_it;
  Claim result = claim(
      big ? Role::contributing : Role::ruled_out, Rank::used_up, part, 0.9,
      !big ? Message("{} are mapped beyond the page cache", human(gap))
      : named
          ? Message("{} ({} of RAM) are mapped into processes and are no page cache: pages of a "
                    "driver. {} has {} of such mappings (file-rss).",
                    human(gap), percent(part), mapper->who, human(mapper->file_rss))
          : Message("{} ({} of RAM) are mapped into processes and are no page cache: pages of a "
                    "driver.",
                    human(gap), percent(part)));
  result.prove(Message("mapped into processes, anonymous memory left out"),
               to_bytes(Pages(mapped->value), evidence.page), mapped->at);
  result.prove(Message("page cache, shared memory in it"),
               to_bytes(Pages(cache->value), evidence.page), cache->at);
  result.prove(Message("mapped and no page cache"), gap);
  if (named) {
    result.prove(Message("file-rss of {}", mapper->who), mapper->file_rss, mapper->at);
  }
  if (big) {
    result.remedy(
        Message("See which module gives out such pages (GPU, capture card, DPDK, a vendor's "
                "own), and what the process asks of it"),
        {ShellCommand("lsmod | sort -k2 -n | tail")});
  }
  return result;
}

}  // namespace

extern const Cause cause_driver_mapped{"driver-mapped", 'B',
                                       "pages of a driver, mapped into processes", judge};

}  // namespace whyoom::diagnose::causes
