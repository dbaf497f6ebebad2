#include "lint/finding.h"

#include <array>

namespace whyoom::lint {

std::string_view name_of(Severity severity) {
  return severity == Severity::note ? "note" : severity == Severity::warning ? "warning" : "error";
}

std::span<const RuleInfo> all_rules() {
  static constexpr std::array<RuleInfo, 15> rules{{
      {Rule::min_free_too_high, "min-free-too-high",
       "vm.min_free_kbytes keeps more free than 1 % of RAM and more than the kernel would",
       Severity::warning},
      {Rule::hugepages_too_many, "hugepages-too-many",
       "vm.nr_hugepages leaves too little RAM to start with", Severity::error},
      {Rule::ram_not_given, "ram-not-given", "A value can only be judged for a size of RAM",
       Severity::note},
      {Rule::limit_lowered, "limit-lowered", "A limit is set below today's default",
       Severity::warning},
      {Rule::value_refused, "value-refused", "The kernel does not take the value", Severity::error},
      {Rule::misspelt_key, "misspelt-key", "A key that no kernel has, near to one that it has",
       Severity::warning},
      {Rule::unknown_key, "unknown-key", "A key of vm that no kernel has", Severity::warning},
      {Rule::set_twice, "set-twice", "A key is set twice, and the later value wins",
       Severity::warning},
      {Rule::panic_on_oom, "panic-on-oom",
       "A panic at each OOM, together with a raised vm.min_free_kbytes", Severity::error},
      {Rule::overcommit_limit, "overcommit-limit",
       "Strict overcommit promises only a small part of RAM", Severity::warning},
      {Rule::heap_above_limit, "heap-above-limit",
       "A heap takes all of the container's memory, or more", Severity::error},
      {Rule::memory_unit, "memory-unit", "A quantity of memory in thousandths of a byte",
       Severity::error},
      {Rule::pod_sysctl, "pod-sysctl", "A pod asks for a sysctl that belongs to the node",
       Severity::error},
      {Rule::not_literal, "not-literal", "The value is made elsewhere and was not judged",
       Severity::note},
      {Rule::not_read, "not-read", "Something in the file could not be read", Severity::warning},
  }};
  return rules;
}

const RuleInfo& info_of(Rule rule) { return all_rules()[static_cast<std::size_t>(rule)]; }

}  // namespace whyoom::lint
