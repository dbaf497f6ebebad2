// The kubelet's files, line by line: only three settings are wanted, so no YAML or JSON reader is.
#include "base/fixed.h"
#include "base/language.h"
#include "base/text.h"
#include "host/config_files.h"

namespace whyoom::host {
namespace {

constexpr std::string_view memory_available = "memory.available";

struct Suffix {
  std::string_view text;
  double factor;
};
constexpr Suffix suffixes[] = {
    {"", 1},    {"Ki", 1024.0}, {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0},
    {"k", 1e3}, {"M", 1e6},     {"G", 1e9},        {"T", 1e12},
};

// Without quotes, commas and braces around it.
std::string_view bare(std::string_view text) {
  constexpr std::string_view around = " \t\r\"',{}";
  const std::size_t first = text.find_first_not_of(around);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(around) - first + 1);
}

// What follows `key` and a colon in the line, up to a comma or a brace; nullopt when it has no such
// key.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  const std::size_t found = line.find(key);
  if (found == std::string_view::npos) {
    return std::nullopt;
  }
  if (found > 0 && std::string_view(" \t\"'{,").find(line[found - 1]) == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view rest = trim_left(line.substr(found + key.size()));
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
    rest = trim_left(rest.substr(1));
  }
  if (!rest.starts_with(':')) {
    return std::nullopt;
  }
  return rest.substr(1);
}

std::string_view first_item(std::string_view text) {
  // A comment begins with a blank and #.
  text = text.substr(0, text.find(" #"));
  return bare(text.substr(0, text.find_first_of(",}")));
}

void set_threshold(Maybe<EvictionThreshold>& field, std::string_view text, Lines& lines) {
  if (auto threshold = parse_threshold(text)) {
    field = Read<EvictionThreshold>{std::move(*threshold), lines.place()};
  } else {
    lines.damaged(tr("a size like 100Mi or 5%"), text);
  }
}

void set_pids_limit(Kubelet& kubelet, std::string_view text, Lines& lines) {
  if (const auto limit = parse_number<std::int64_t>(text)) {
    kubelet.pod_pids_limit = Read<std::int64_t>{*limit, lines.place()};
  } else {
    lines.damaged(tr("a number"), text);
  }
}

std::size_t indent_of(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(" \t");
  return indent == std::string_view::npos ? line.size() : indent;
}

// "--eviction-hard=memory.available<100Mi,nodefs.available<10%": up to a blank or a quote.
std::optional<std::string_view> flag(std::string_view line, std::string_view name) {
  const std::size_t found = line.find(name);
  if (found == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(found + name.size());
  if (rest.empty() || (rest.front() != '=' && rest.front() != ' ')) {
    return std::nullopt;
  }
  return rest.substr(1, rest.find_first_of(" \t\"'\\", 1) - 1);
}

std::optional<std::string_view> memory_item(std::string_view list) {
  while (!list.empty()) {
    const std::string_view item = take_part(list, ',');
    if (item.starts_with(memory_available) &&
        item.substr(memory_available.size()).starts_with('<')) {
      return item.substr(memory_available.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<EvictionThreshold> parse_threshold(std::string_view text) {
  EvictionThreshold result;
  result.text = text;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = parse_fixed(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  if (!number) {
    return std::nullopt;
  }
  if (unit == "%") {
    result.percent = *number;
    return *number <= 100 ? std::optional(result) : std::nullopt;
  }
  for (const Suffix& suffix : suffixes) {
    const double bytes = *number * suffix.factor;
    if (suffix.text == unit && bytes < 9e18) {
      result.bytes = Bytes(static_cast<std::uint64_t>(bytes));
      return result;
    }
  }
  return std::nullopt;
}

void parse_kubelet_config(Lines lines, Kubelet& kubelet) {
  Maybe<EvictionThreshold>* block = nullptr;  // inside evictionHard or evictionSoft
  std::size_t block_indent = 0;
  kubelet.seen = true;
  while (lines.next()) {
    const std::string_view line = lines.line();
    if (trim(line).empty() || trim(line).front() == '#') {
      continue;
    }
    std::string_view rest = line;
    const auto hard = value_of(line, "evictionHard");
    const auto soft = value_of(line, "evictionSoft");
    if (hard || soft) {
      block = hard ? &kubelet.hard_memory : &kubelet.soft_memory;
      block_indent = indent_of(line);
      rest = hard ? *hard : *soft;
    } else if (block != nullptr && indent_of(line) <= block_indent) {
      block = nullptr;
    }
    if (const auto threshold = value_of(rest, memory_available); threshold && block != nullptr) {
      set_threshold(*block, first_item(*threshold), lines);
    }
    if (rest.find('}') != std::string_view::npos) {
      block = nullptr;
    }
    if (const auto limit = value_of(line, "podPidsLimit")) {
      set_pids_limit(kubelet, first_item(*limit), lines);
    }
  }
}

void parse_kubelet_flags(Lines lines, Kubelet& kubelet) {
  kubelet.seen = true;
  while (lines.next()) {
    const std::string_view line = lines.line();
    if (trim(line).starts_with('#')) {
      continue;
    }
    const auto hard = flag(line, "--eviction-hard");
    if (const auto item = hard ? memory_item(*hard) : std::nullopt) {
      set_threshold(kubelet.hard_memory, *item, lines);
    }
    const auto soft = flag(line, "--eviction-soft");
    if (const auto item = soft ? memory_item(*soft) : std::nullopt) {
      set_threshold(kubelet.soft_memory, *item, lines);
    }
    if (const auto pids = flag(line, "--pod-max-pids")) {
      set_pids_limit(kubelet, *pids, lines);
    }
  }
}

}  // namespace whyoom::host
