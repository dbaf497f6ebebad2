#include "diagnose/tools.h"

#include <algorithm>

#include "base/text.h"
#include "diagnose/blocks.h"

namespace whyoom::diagnose {

Proof proof(Message what, Bytes value, Place at) {
  return {std::move(what), static_cast<double>(value.count()), Unit::bytes, at};
}

Proof proof(Message what, std::uint64_t count, Place at) {
  return {std::move(what), static_cast<double>(count), Unit::count, at};
}

Proof proof_ratio(Message what, double ratio, Place at) {
  return {std::move(what), ratio, Unit::ratio, at};
}

Claim claim(std::string_view cause, Role role, Rank rank, double strength, double confidence,
            Message summary) {
  Claim result;
  result.rank = rank;
  result.strength = strength;
  result.finding.cause = cause;
  result.finding.role = role;
  result.finding.confidence = confidence;
  result.finding.summary = std::move(summary);
  return result;
}

bool is_oom(const Context& context) {
  const auto kind = context.report.kind;
  return kind == report::Kind::oom_kill || kind == report::Kind::memcg_oom_kill ||
         kind == report::Kind::oom_panic;
}

bool is_memcg_oom(const Context& context) {
  return is_oom(context) && context.evidence.constraint == report::ConstraintKind::memcg;
}

Remedy set_remedy(Message title, ShellLiteral key, std::int64_t value) {
  Remedy remedy;
  remedy.title = std::move(title);
  remedy.commands = {ShellCommand("sudo whyoom fix {}={}", key, value)};
  remedy.setting = Setting{std::string(key.text()), value};
  return remedy;
}

bool is_global_oom(const Context& context) { return is_oom(context) && !is_memcg_oom(context); }

bool is_sysrq(const report::Report& report) {
  return report.sysrq_at || (report.trigger && report.trigger->order == -1);
}

std::optional<Bytes> free_elsewhere(const memory::Evidence& evidence) {
  const auto& total = evidence.report->totals.get(kernel::Field::free);
  const auto eligible = evidence.eligible_free();
  if (!total || !eligible) {
    return std::nullopt;
  }
  return to_bytes(Pages(total->value), evidence.page) - *eligible;
}

Balloon balloon(const memory::Evidence& evidence) {
  Balloon sum;
  for (const auto& node : evidence.report->nodes) {
    if (const auto& counter = node.fields.get(kernel::Field::balloon)) {
      sum.size += to_bytes(KiB(counter->value));
      sum.at = counter->at;
    }
  }
  return sum;
}

Bytes eligible_managed(const memory::Evidence& evidence) {
  Bytes sum;
  for (const auto& zone : evidence.zones) {
    if (zone.eligible) {
      sum += to_bytes(zone.managed.value_or(Pages(0)), evidence.page);
    }
  }
  return sum;
}

std::string nodes_text(const report::Report& report) {
  const auto list = [](const std::string& text) { return text.empty() || text.front() == '('; };
  if (report.constraint) {
    const auto& constraint = *report.constraint;
    if (constraint.kind == report::ConstraintKind::mempolicy && !list(constraint.nodemask)) {
      return constraint.nodemask;
    }
    if (!list(constraint.mems_allowed)) {
      return constraint.mems_allowed;
    }
  }
  if (report.trigger && report.trigger->nodemask && !list(*report.trigger->nodemask)) {
    return *report.trigger->nodemask;
  }
  return report.mems_allowed.value_or("");
}

// The kernel's own min is below 5 % of RAM; with more than this free, memory was not used up.
constexpr double most_left_free = 0.20;

const memory::Account* used_up(const Context& context) {
  const auto& evidence = context.evidence;
  // From 4.9 on each node has a line of counters; without it something else can hold the memory.
  const auto& release = evidence.release;
  if (release && release->at_least(4, 9) && context.report.nodes.empty()) {
    return nullptr;
  }
  // Counters alone, without a head and an end, can be those of a failed allocation.
  const auto& report = context.report;
  const bool is_known_oom =
      report.trigger || !report.victims.empty() || report.constraint || report.panic;
  if (!is_global_oom(context) || !is_known_oom || is_sysrq(report) || !evidence.account ||
      !evidence.ram || !evidence.zones_complete || !evidence.has_eligible()) {
    return nullptr;
  }
  // A block can be missing although enough is free: that is fragmentation, not use.
  if (const auto split = fragmented_zone(evidence); split && split->fragmented()) {
    return nullptr;
  }
  if (!evidence.all_eligible_at_high()) {
    return nullptr;
  }
  const Bytes total = evidence.account->total;
  if (share(evidence.account->size(memory::AccountLine::What::free), total) > most_left_free) {
    return nullptr;
  }
  const auto elsewhere = free_elsewhere(evidence);
  if (elsewhere && elsewhere->count() > total.count() / 10) {
    return nullptr;
  }
  return &*evidence.account;
}

std::string process(std::string_view comm, std::int64_t pid) {
  return printable(comm) + " (pid " + std::to_string(pid) + ")";
}

}  // namespace whyoom::diagnose
