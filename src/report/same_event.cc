#include "report/same_event.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/by_node.h"
#include "report/fingerprint.h"
#include "report/streams.h"

namespace whyoom::report {
namespace {

constexpr std::int64_t second_us = 1'000'000;
// journald and syslog stamp a message when they get it; at boot that is late.
constexpr std::int64_t same_line_us = 120 * second_us;
constexpr std::int64_t same_text_us = 10 * second_us;
constexpr std::int64_t zone_step_us = 900 * second_us;
constexpr std::int64_t widest_zone_us = std::int64_t{14} * 3600 * second_us;
constexpr std::uint64_t longest_report_us = 60'000'000;
constexpr unsigned few_numbers = 3;
constexpr unsigned enough_numbers = 5;

bool is_kill(Kind kind) {
  return kind == Kind::oom_kill || kind == Kind::memcg_oom_kill || kind == Kind::oom_panic;
}

bool same_kind(Kind a, Kind b) { return a == b || (is_kill(a) && is_kill(b)); }

// Whether the wall clocks of two copies are near; nothing where they cannot be compared.
std::optional<bool> walls_near(const EventCopy& a, const EventCopy& b, std::int64_t tolerance) {
  using Clock = EventCopy::Clock;
  if (!a.at_us || !b.at_us || a.clock == Clock::estimate || b.clock == Clock::estimate) {
    return std::nullopt;
  }
  std::int64_t apart = 0;
  if (__builtin_sub_overflow(*a.at_us, *b.at_us, &apart)) {
    return false;
  }
  if (a.clock == Clock::no_zone || b.clock == Clock::no_zone) {
    if (apart > widest_zone_us + tolerance || apart < -widest_zone_us - tolerance) {
      return false;
    }
    apart = ((apart % zone_step_us) + zone_step_us) % zone_step_us;
    apart = std::min(apart, zone_step_us - apart);
  }
  return apart <= tolerance && apart >= -tolerance;
}

// How many numbers both reports have, and how many of them are equal.
struct Numbers {
  unsigned common = 0, equal = 0;

  template <class T>
  void compare(const T& a, const T& b) {
    ++common;
    equal += a == b ? 1U : 0U;
  }
  template <class T>
  void compare_maybe(const Maybe<T>& a, const Maybe<T>& b) {
    if (a && b) {
      compare(a->value, b->value);
    }
  }
  void compare_fields(const FieldSet& a, const FieldSet& b) {
    for (std::size_t i = 0; i < a.values().size(); ++i) {
      compare_maybe(a.values()[i], b.values()[i]);
    }
  }
  [[nodiscard]] bool contradict() const { return common >= few_numbers && equal * 2 < common; }
  // A damaged line may change a digit; the next event of a spree changes a few numbers.
  [[nodiscard]] bool match(unsigned least) const {
    return common >= least && equal * 20 >= common * 19;
  }
};

Numbers compare_numbers(const Report& a, const Report& b) {
  Numbers numbers;
  numbers.compare_fields(a.totals, b.totals);
  const ByNode<Zone> others(b.zones);
  for (const Zone& zone : a.zones) {
    const auto node = others.of(zone.node);
    const auto other = std::ranges::find(node, zone.name, &Zone::name);
    if (other != node.end()) {
      numbers.compare_maybe(zone.fields.get(kernel::Field::free),
                            (*other)->fields.get(kernel::Field::free));
    }
  }
  if (a.memcg && b.memcg) {
    numbers.compare_maybe(a.memcg->memory.usage_kib, b.memcg->memory.usage_kib);
    numbers.compare_maybe(a.memcg->memory.failcnt, b.memcg->memory.failcnt);
    const std::size_t both = std::min(a.memcg->stats.size(), b.memcg->stats.size());
    for (std::size_t i = 0; i < both; ++i) {
      if (a.memcg->stats[i].name == b.memcg->stats[i].name) {
        numbers.compare(a.memcg->stats[i].value, b.memcg->stats[i].value);
      }
    }
  }
  return numbers;
}

// What the victims of two reports say.
struct Victims {
  bool known = false;      // both name one
  bool shared = false;     // one of them is the same process
  bool same_size = false;  // and had the same size
  bool same_time = false;  // and its line the same monotonic time
  bool other_time = false;
};

std::vector<const Victim*> by_pid(const Report& report) {
  std::vector<const Victim*> victims;
  for (const Victim& victim : report.victims) {
    if (victim.pid > 0) {
      victims.push_back(&victim);
    }
  }
  std::ranges::sort(victims, {}, &Victim::pid);
  return victims;
}

Victims compare_victims(const Report& a, const Report& b) {
  Victims victims;
  const auto all_mine = by_pid(a);
  const auto all_others = by_pid(b);
  victims.known = !all_mine.empty() && !all_others.empty();
  for (const Victim* one : all_mine) {
    // A number comes again only when it was used again: the first few of them tell enough.
    constexpr std::ptrdiff_t most_of_a_pid = 8;
    auto two = std::ranges::lower_bound(all_others, one->pid, {}, &Victim::pid);
    const auto last = two + std::min(most_of_a_pid, all_others.end() - two);
    for (; two != last && (*two)->pid == one->pid; ++two) {
      const Victim& mine = *one;
      const Victim& other = **two;
      if (!mine.comm.empty() && !other.comm.empty() && mine.comm != other.comm) {
        continue;
      }
      victims.shared = true;
      victims.same_size = victims.same_size || (mine.total_vm_kib && other.total_vm_kib &&
                                                *mine.total_vm_kib == *other.total_vm_kib &&
                                                mine.anon_rss_kib == other.anon_rss_kib);
      if (mine.monotonic_us && other.monotonic_us) {
        (*mine.monotonic_us == *other.monotonic_us ? victims.same_time : victims.other_time) = true;
      }
    }
  }
  return victims;
}

bool headers_contradict(const Report& a, const Report& b) {
  if (!a.trigger || !b.trigger) {
    return false;
  }
  const bool comms =
      !a.trigger->comm.empty() && !b.trigger->comm.empty() && a.trigger->comm != b.trigger->comm;
  const bool orders =
      a.trigger->order && b.trigger->order && *a.trigger->order != *b.trigger->order;
  const bool paths = a.memcg && b.memcg && !a.memcg->limit_path.empty() &&
                     !b.memcg->limit_path.empty() && a.memcg->limit_path != b.memcg->limit_path;
  return comms || orders || paths;
}

// Of two cut copies nothing but the header may be left.
bool same_header(const Report& a, const Report& b) {
  if (!a.trigger || !b.trigger || a.trigger->comm.empty() || !a.trigger->gfp || !b.trigger->gfp) {
    return false;
  }
  return a.trigger->comm == b.trigger->comm && a.trigger->order == b.trigger->order &&
         a.trigger->gfp->mask == b.trigger->gfp->mask &&
         a.trigger->oom_score_adj == b.trigger->oom_score_adj;
}

// Whether two events of one line say the same; nothing for whole reports.
std::optional<bool> same_words(const Report& a, const Report& b) {
  const std::string words = words_of(a);
  const std::string others = words_of(b);
  if (!words.empty() && !others.empty()) {
    return words == others;
  }
  return a.slub && b.slub ? std::optional(a.slub->cache == b.slub->cache) : std::nullopt;
}

// Both have the kernel's own clock, which is exact.
bool same_by_uptime(const EventCopy& a, const EventCopy& b, const Victims& victims,
                    const Numbers& numbers) {
  // A journald that starts late stamps what it finds with its own start.
  const bool one_boot = !a.report.boot.empty() && a.report.boot == b.report.boot;
  if (!one_boot && walls_near(a, b, same_line_us) == false) {
    return false;
  }
  const std::uint64_t mine = *a.report.time.monotonic_us;
  const std::uint64_t other = *b.report.time.monotonic_us;
  if (mine == other || victims.same_time) {
    return true;
  }
  const std::uint64_t apart = mine > other ? mine - other : other - mine;
  return apart <= longest_report_us && numbers.match(enough_numbers);
}

// One of them has no monotonic clock: its text must be the same.
bool same_by_text(const EventCopy& a, const EventCopy& b, bool same, const Victims& victims,
                  const Numbers& numbers) {
  const auto near = walls_near(a, b, same_text_us);
  if (near == false) {
    return false;
  }
  if (near == true) {
    const bool same_head = numbers.common == 0 && !victims.known && a.source != b.source &&
                           walls_near(a, b, second_us) == true && same_header(a.report, b.report);
    return same_head || same || victims.shared || numbers.match(few_numbers);
  }
  if (same) {
    return a.report.userspace.has_value() || a.report.overcommit.has_value();
  }
  return victims.same_size || numbers.match(enough_numbers);
}

template <class... T>
std::size_t present(const T&... parts) {
  return (std::size_t{parts.has_value()} + ... + 0U);
}

}  // namespace

namespace {

// As far as both say. An id of a boot says more than a name, which can change.
bool same_machine(const Report& a, const Report& b) {
  if (!a.boot.empty() && !b.boot.empty()) {
    return a.boot == b.boot;
  }
  const std::string_view mine = short_host(a.host);
  const std::string_view other = short_host(b.host);
  return mine.empty() || other.empty() || mine == other;
}

}  // namespace

bool same_event(const EventCopy& a, const EventCopy& b) {
  const Report& mine = a.report;
  const Report& other = b.report;
  if (!same_kind(mine.kind, other.kind) || headers_contradict(mine, other) ||
      !same_machine(mine, other)) {
    return false;
  }
  const Victims victims = compare_victims(mine, other);
  const bool uptimes = mine.time.monotonic_us && other.time.monotonic_us;
  // Two whole heads with two times are two events; a cut one begins later. Most pairs end here.
  if (uptimes && *mine.time.monotonic_us != *other.time.monotonic_us && !victims.same_time &&
      ((mine.trigger && other.trigger) || victims.other_time)) {
    return false;
  }
  const auto same = same_words(mine, other);
  const Numbers numbers = compare_numbers(mine, other);
  if (same == false || (victims.known && !victims.shared) || numbers.contradict()) {
    return false;
  }
  return uptimes ? same_by_uptime(a, b, victims, numbers)
                 : same_by_text(a, b, same.value_or(false), victims, numbers);
}

std::size_t count_facts(const Report& report) {
  std::size_t facts =
      report.totals.count() + report.hugepages.size() + report.slab.size() + report.tasks.size();
  for (const Node& node : report.nodes) {
    facts += node.fields.count();
  }
  for (const Zone& zone : report.zones) {
    facts += zone.fields.count() + zone.lowmem_reserve.size() + zone.buddy.size();
  }
  const Tail& tail = report.tail;
  facts += present(tail.pagecache, tail.swap_cache, tail.free_swap_kib, tail.total_swap_kib,
                   tail.ram, tail.highmem_movable, tail.reserved, tail.cma_reserved);
  facts += present(report.trigger, report.stack, report.constraint, report.memcg, report.panic,
                   report.no_killable_at, report.cpuset, report.mems_allowed);
  facts += report.stack ? report.stack->functions.size() : 0;
  if (report.memcg) {
    facts += report.memcg->stats.size() + report.memcg->children.size() +
             present(report.memcg->memory.usage_kib, report.memcg->memsw.usage_kib,
                     report.memcg->swap.usage_kib, report.memcg->kmem.usage_kib);
  }
  for (const Victim& victim : report.victims) {
    facts += 1 + present(victim.uid, victim.total_vm_kib, victim.anon_rss_kib, victim.file_rss_kib,
                         victim.shmem_rss_kib, victim.pgtables_kib, victim.rss_kib,
                         victim.oom_score_adj);
    facts += victim.reaped ? 1U : 0U;
  }
  facts += report.fork_rejected ? static_cast<std::size_t>(report.fork_rejected->count) : 0;
  facts += report.overcommit ? static_cast<std::size_t>(report.overcommit->count) : 0;
  return facts;
}

bool more_complete(const Report& a, const Report& b) {
  const std::size_t missing_a = missing_parts(a).size();
  const std::size_t missing_b = missing_parts(b).size();
  if (missing_a != missing_b) {
    return missing_a < missing_b;
  }
  const std::size_t facts_a = count_facts(a);
  const std::size_t facts_b = count_facts(b);
  if (facts_a != facts_b) {
    return facts_a > facts_b;
  }
  return a.damage.size() + a.lines_lost < b.damage.size() + b.lines_lost;
}

bool is_excerpt(const Report& report) {
  const bool is_line = report.userspace || report.overcommit || report.fork_rejected ||
                       report.limit_reached || report.slub;
  return report.zones.empty() && !is_line && report.totals.empty() &&
         (!report.memcg || report.memcg->stats.empty());
}

bool completes(EventCopy& whole, EventCopy& excerpt, bool known) {
  const Report& all = whole.report;
  const Report& part = excerpt.report;
  const bool walls = !all.time.wall.empty() && !part.time.wall.empty();
  const bool timed = all.time.monotonic_us && part.time.monotonic_us;
  if ((timed ? !known : walls && all.time.wall != part.time.wall) || !more_complete(all, part) ||
      (part.unverified.empty() && !all.unverified.empty())) {
    return false;
  }
  whole.at_us = excerpt.at_us = walls ? std::optional<std::int64_t>(0) : std::nullopt;
  whole.source = excerpt.source + 1;  // it is of the same second, and no other says so
  return same_event(excerpt, whole);
}

}  // namespace whyoom::report
