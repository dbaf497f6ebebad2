// What is wrong with a configuration file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/message.h"
#include "base/units.h"
#include "lint/yaml.h"

namespace whyoom::lint {

enum class Severity : std::uint8_t { note, warning, error };
std::string_view name_of(Severity severity);  // as SARIF has them

enum class Rule : std::uint8_t {
  min_free_too_high,
  hugepages_too_many,
  ram_not_given,
  limit_lowered,
  value_refused,
  misspelt_key,
  unknown_key,
  set_twice,
  panic_on_oom,
  overcommit_limit,
  heap_above_limit,
  memory_unit,
  pod_sysctl,
  not_literal,
  not_read
};

struct RuleInfo {
  Rule rule;
  std::string_view id;  // stable
  std::string_view about;
  Severity usual;
};
std::span<const RuleInfo> all_rules();  // in the order of the enumeration
const RuleInfo& info_of(Rule rule);

struct Finding {
  Rule rule;
  Severity severity;
  Spot at;
  Message fact, advice;
  std::string key;             // the sysctl; empty: it is about none
  std::optional<Bytes> ram{};  // it is so on a machine of this size
};

}  // namespace whyoom::lint
