#include "report/fingerprint.h"

#include <algorithm>
#include <utility>

#include "report/streams.h"

namespace whyoom::report {

void Hash::add(std::uint64_t number) {
  for (int i = 0; i < 8; ++i) {
    value_ = (value_ ^ (number & 0xffU)) * 1099511628211ULL;
    number >>= 8U;
  }
}

void Hash::add(std::string_view text) {
  for (const char c : text) {
    value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  add(static_cast<std::uint64_t>(text.size()));
}

std::string words_of(const Report& report) {
  if (report.userspace) {
    return report.userspace->what;
  }
  if (report.overcommit && !report.overcommit->requests.empty()) {
    const auto& first = report.overcommit->requests.front();
    return first.comm + " " + std::to_string(first.pid) + " " +
           (first.bytes ? std::to_string(*first.bytes) : "");
  }
  if (report.limit_reached) {
    return std::string(name(report.limit_reached->what)) + " " + report.limit_reached->name;
  }
  return report.fork_rejected ? report.fork_rejected->path : std::string();
}

namespace {

template <class T>
void add_optional(Hash& hash, const std::optional<T>& value) {
  hash.add(std::uint64_t{value.has_value()});
  if (value) {
    hash.add(static_cast<std::uint64_t>(*value));
  }
}

void add_maybe(Hash& hash, const Maybe<std::uint64_t>& value) {
  hash.add(std::uint64_t{value.has_value()});
  if (value) {
    hash.add(value->value);
  }
}

void add_fields(Hash& hash, const FieldSet& fields) {
  for (const auto& value : fields.values()) {
    add_maybe(hash, value);
  }
}

void add_header(Hash& hash, const Report& report) {
  const bool failure = report.kind == Kind::page_allocation_failure;
  hash.add(std::uint64_t{failure});
  hash.add(std::uint64_t{report.trigger.has_value()});
  if (report.trigger) {
    hash.add(std::string_view(report.trigger->comm));
    hash.add(std::uint64_t{report.trigger->gfp ? report.trigger->gfp->mask : 0});
    add_optional(hash, report.trigger->order);
    add_optional(hash, report.trigger->oom_score_adj);
  }
}

void add_victim(Hash& hash, const Victim& victim) {
  hash.add(std::string_view(victim.comm));
  hash.add(static_cast<std::uint64_t>(victim.pid));
  add_optional(hash, victim.total_vm_kib);
  add_optional(hash, victim.anon_rss_kib);
}

void add_memcg(Hash& hash, const Report& report) {
  if (!report.memcg) {
    return;
  }
  hash.add(std::string_view(report.memcg->limit_path));
  for (const auto* counter : {&report.memcg->memory, &report.memcg->memsw, &report.memcg->swap}) {
    add_maybe(hash, counter->usage_kib);
    add_maybe(hash, counter->failcnt);
  }
  for (const auto& stat : report.memcg->stats) {
    hash.add(stat.value);
  }
}

// Everything that a copy without times must share.
std::uint64_t content_of(const Report& report) {
  Hash hash;
  add_header(hash, report);
  add_fields(hash, report.totals);
  for (const auto& zone : report.zones) {
    add_maybe(hash, zone.fields.get(kernel::Field::free));
  }
  add_memcg(hash, report);
  for (const auto& victim : report.victims) {
    add_victim(hash, victim);
  }
  if (report.slub) {
    hash.add(std::string_view(report.slub->cache));
  }
  hash.add(std::string_view(words_of(report)));
  return hash.value();
}

// Two events of the same content without a time are one only when there is enough of it.
bool tells_enough(const Report& report) {
  if (report.userspace || report.overcommit) {
    return true;
  }
  const bool sized = std::any_of(report.victims.begin(), report.victims.end(),
                                 [](const Victim& v) { return v.total_vm_kib.has_value(); });
  return sized || !report.totals.empty() || !report.zones.empty() ||
         (report.memcg && !report.memcg->stats.empty());
}

// The line of a kill, which people and programs say again without its report.
bool is_kill_alone(const Report& report) { return report.victims.size() == 1 && is_bare(report); }

}  // namespace

std::vector<Fingerprints::Key> Fingerprints::keys_of(const Report& report) {
  std::vector<Key> keys;
  keys.reserve(2 + 2 * report.victims.size());
  const bool has_time = report.time.monotonic_us.has_value();
  if (has_time) {
    Hash head;
    head.add(*report.time.monotonic_us);
    add_header(head, report);
    head.add(std::string_view(words_of(report)));
    if (!report.trigger) {
      add_fields(head, report.totals);  // a cut head: the time is that of another line
      head.add(static_cast<std::uint64_t>(report.kind));
      head.add(static_cast<std::uint64_t>(report.victims.empty() ? 0 : report.victims[0].pid));
    }
    keys.push_back({head.value(), true, true});
  }
  for (const auto& victim : report.victims) {
    Hash kill;
    kill.add(std::string_view("kill"));
    add_victim(kill, victim);
    if (victim.monotonic_us) {
      Hash hash;
      hash.add(*victim.monotonic_us);
      hash.add(kill.value());
      keys.push_back({hash.value(), true, true});
    }
    if (victim.total_vm_kib && victim.anon_rss_kib) {
      keys.push_back({kill.value(), false, victim.monotonic_us.has_value(), true});
    }
  }
  if (tells_enough(report)) {
    keys.push_back({content_of(report), false, has_time});
  }
  return keys;
}

// What one of them does not know may be equal; an id of a boot says more than a name.
bool Fingerprints::Machine::may_be(const Machine& other) const {
  if (boot && other.boot) {
    return boot == other.boot;
  }
  return !host || !other.host || host == other.host;
}

bool Fingerprints::known(const Key& key, const Machine& machine) const {
  const auto found = seen_.find(key.value);
  return found != seen_.end() && std::ranges::any_of(found->second, [&](const Seen& seen) {
           // Equal content at two known times is two events.
           return machine.may_be(seen.machine) && (key.timed || !(key.has_time && seen.has_time));
         });
}

void Fingerprints::remember(const Key& key, const Machine& machine) {
  auto& seen = seen_[key.value];
  if (seen.size() >= most_machines || known(key, machine)) {
    return;
  }
  seen.push_back({machine, key.has_time});
  if (ring_.size() < most_kept) {
    ring_.push_back(key.value);
    return;
  }
  const std::uint64_t old = std::exchange(ring_[next_], key.value);
  next_ = (next_ + 1) % most_kept;
  if (const auto oldest = seen_.find(old); oldest != seen_.end()) {
    oldest->second.erase(oldest->second.begin());
    if (oldest->second.empty()) {
      seen_.erase(oldest);
    }
  }
}

bool Fingerprints::is_copy(const Report& report) {
  std::vector<Key> keys = keys_of(report);
  const auto id = [](std::string_view name) {
    Hash hash;
    hash.add(name);
    return name.empty() ? std::nullopt : std::optional(hash.value());
  };
  const Machine machine{id(short_host(report.host)), id(report.boot)};
  const bool alone = is_kill_alone(report);
  const auto is_known = [&](const Key& key) {
    return (alone || !key.of_kill) && known(key, machine);
  };
  if (std::any_of(keys.begin(), keys.end(), is_known)) {
    return true;
  }
  if (!report.unverified.empty()) {
    // What somebody may have made up is a copy of others, and others are no copy of it.
    for (Key& key : keys) {
      key.value = ~key.value;
    }
    if (std::any_of(keys.begin(), keys.end(), is_known)) {
      return true;
    }
  }
  for (const Key& key : keys) {
    remember(key, machine);
  }
  return false;
}

}  // namespace whyoom::report
