#include <algorithm>
#include <initializer_list>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

using kernel::Field;
using report::Report;

// Of RAM. With less than this left to reclaim, memory was used up and the setting only brought the
// end forward.
constexpr double much_left = 0.05;

// What reclaim could still have had, at least: free memory above the marks, page cache, and
// anonymous memory that swap had room for.
struct Left {
  Bytes size;
  Place at;
  Bytes ram;           // at least
  bool whole = false;  // it was no more than `size`
};

Left left_of(const Context& context) {
  const Report& report = context.report;
  const auto& evidence = context.evidence;
  const auto sum = [&](std::initializer_list<Field> fields) {
    Bytes all;
    for (const Field field : fields) {
      if (const auto& counter = report.totals.get(field)) {
        all += to_bytes(Pages(counter->value), evidence.page);
      }
    }
    return all;
  };
  Left left;
  Bytes in_zones;
  for (const auto& zone : evidence.zones) {
    const Pages mark = zone.high + zone.boost + zone.reserve;
    left.size += to_bytes(zone.usable() - std::min(zone.usable(), mark), evidence.page);
    for (const Field field : {Field::active_file, Field::inactive_file}) {
      const auto& counter = zone.printed->fields.get(field);
      in_zones += to_bytes(KiB(counter ? counter->value : 0));
    }
    left.at = evidence.zones.front().at;
  }
  const auto& file = report.totals.get(Field::active_file);
  const bool counted = file && report.totals.get(Field::inactive_file);
  left.at = counted ? file->at : left.at;
  left.size += counted ? sum({Field::active_file, Field::inactive_file}) : in_zones;
  const Bytes anon = sum({Field::active_anon, Field::inactive_anon});
  left.size += std::min(evidence.swap_free.value_or(Bytes(0)), anon);
  left.whole = counted && report.totals.get(Field::active_anon) &&
               report.totals.get(Field::inactive_anon) && evidence.swap_free &&
               evidence.zones_complete;
  const Bytes in_counters = anon + sum({Field::active_file, Field::inactive_file,
                                        Field::slab_unreclaimable, Field::pagetables, Field::free});
  left.ram = evidence.ram.value_or(std::max(evidence.managed(), in_counters));
  return left;
}

Message sentence(const Left& left, bool much) {
  if (left.whole && !much) {
    return Message(
        "kswapd called the OOM killer because of min_ttl_ms, which only chose the moment: {} ({} "
        "of RAM) were left to reclaim.",
        human(left.size), percent(share(left.size, left.ram)));
  }
  return much ? Message(
                    "The kernel was set to kill rather than to reclaim what was used in the "
                    "last min_ttl_ms milliseconds: kswapd called the OOM killer while at least "
                    "{} were free or could be reclaimed.",
                    human(left.size))
              : Message(
                    "The kernel was set to kill rather than to reclaim what was used in the "
                    "last min_ttl_ms milliseconds: kswapd called the OOM killer.");
}

std::optional<Claim> judge(const Context& context) {
  const Report& report = context.report;
  const auto called = called_by_kswapd(context.evidence);
  if (!is_global_oom(context) || !called) {
    return std::nullopt;
  }
  const Left left = left_of(context);
  const bool much = share(left.size, left.ram) >= much_left;
  Claim result = claim(left.whole && !much ? Role::contributing : Role::root, Rank::asked_for, 1,
                       0.95, sentence(left, much));
  if (left.at.line != 0) {
    result.prove(Message("free above the marks, page cache, and anonymous memory that swap had "
                         "room for"),
                 left.size, left.at);
  } else {
    result.prove(Message("order of the request"), 0,
                 report.trigger ? report.trigger->at : report.stack->at);
  }
  if (*called == Verdict::likely) {
    weaken(result, Message("the call trace"),
           Message("it does not lead through lru_gen_age_node() or balance_pgdat()"));
  }
  if (!much && !left.whole && (left.at.line != 0 || !report.totals.empty())) {
    leave_open(result, Message("the counters of Mem-Info (\"active_anon:\")"));
  } else if (!much && !left.whole) {
    weaken(result, Message("the counters of Mem-Info (\"active_anon:\")"),
           Message("less than 5 % of RAM were free or could be reclaimed"));
  } else if (much && !context.evidence.ram) {
    weaken(result, Message("\"pages RAM\""), Message("it was above {}", human(left.size * 20)));
  }
  if (result.grade == Verdict::likely) {
    result.confidence = 0.79;
  }
  result.remedy(Message("See how long it protects (milliseconds; the kernel's default is 0, which "
                        "turns it off), and turn it off or make it shorter"),
                {ShellCommand("cat /sys/kernel/mm/lru_gen/min_ttl_ms"),
                 ShellCommand("echo 0 | sudo tee /sys/kernel/mm/lru_gen/min_ttl_ms")});
  result.remedy(Message("Find what sets it at every start"),
                {ShellCommand("grep -rs min_ttl_ms /etc /usr/lib/tmpfiles.d /usr/lib/systemd")});
  return result;
}

}  // namespace

extern const Cause cause_mglru_min_ttl{
    "mglru-min-ttl", 'A', "kswapd killed to protect what was in use (min_ttl_ms)", judge};

}  // namespace whyoom::diagnose::causes
