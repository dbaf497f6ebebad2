#include "report/event_id.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/sha256.h"
#include "report/fingerprint.h"
#include "report/streams.h"

namespace whyoom::report {
namespace {

constexpr std::size_t bytes_of_id = 16;

// Pages of the whole machine, and kB of a zone, that differ from one event to the next.
constexpr kernel::Field told[] = {kernel::Field::free,
                                  kernel::Field::active_anon,
                                  kernel::Field::inactive_anon,
                                  kernel::Field::active_file,
                                  kernel::Field::inactive_file,
                                  kernel::Field::slab_reclaimable,
                                  kernel::Field::slab_unreclaimable};

// A fact a line, "name=value". What the report lacks is left out.
class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    hash_.add(name);
    hash_.add("=");
    hash_.add(value);
    hash_.add("\n");
  }
  void add(std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) {
      add(name, std::to_string(*value));
    }
  }
  void add(std::string_view name, const Maybe<std::uint64_t>& value) {
    if (value) {
      add(name, std::to_string(value->value));
    }
  }
  std::string id() { return hex(hash_.finish(), bytes_of_id); }

 private:
  Sha256 hash_;
};

// A report that is cut is of the same kind: it may lack the line that tells a panic from a kill.
std::string_view what(const Report& report) {
  switch (report.kind) {
    case Kind::oom_kill:
    case Kind::memcg_oom_kill:
    case Kind::oom_panic:
      return "oom";
    default:
      return name(report.kind);
  }
}

void add_where(Facts& facts, const Report& report) {
  if (!report.boot.empty()) {
    facts.add("boot", report.boot);
  } else if (const std::string_view host = short_host(report.host); !host.empty()) {
    facts.add("host", host);
  }
  if (report.time.monotonic_us) {
    facts.add("us", std::to_string(*report.time.monotonic_us));
  } else if (!report.time.wall.empty()) {
    facts.add("wall", report.time.wall);
  }
}

void add_memcg(Facts& facts, const Memcg& memcg) {
  facts.add("memcg", memcg.limit_path);
  for (const auto* counter : {&memcg.memory, &memcg.memsw, &memcg.swap}) {
    facts.add("usage", counter->usage_kib);
    facts.add("failcnt", counter->failcnt);
  }
  for (const auto& stat : memcg.stats) {
    facts.add("stat", std::to_string(stat.value));
  }
}

}  // namespace

std::string event_id(const Report& report) {
  Facts facts;
  facts.add("event", what(report));
  if (!report.unverified.empty()) {
    facts.add("unverified", "");  // what somebody made up takes no place of what the kernel wrote
  }
  add_where(facts, report);
  if (const auto& trigger = report.trigger) {
    facts.add("comm", trigger->comm);
    facts.add("pid", trigger->pid);
    facts.add("order", trigger->order);
    if (trigger->gfp) {
      facts.add("gfp", std::to_string(trigger->gfp->mask));
    }
  }
  for (const kernel::Field field : told) {
    facts.add(kernel::name(field), report.totals.get(field));
  }
  for (const Zone& zone : report.zones) {
    facts.add(zone.name, zone.fields.get(kernel::Field::free));
  }
  if (report.memcg) {
    add_memcg(facts, *report.memcg);
  }
  for (const Victim& victim : report.victims) {
    facts.add("victim", victim.comm);
    facts.add("victim_pid", std::optional(victim.pid));
  }
  if (report.slub) {
    facts.add("cache", report.slub->cache);
  }
  facts.add("words", words_of(report));
  return facts.id();
}

}  // namespace whyoom::report
