// Configuration that people and packages write, as far as it limits tasks or says what the kubelet,
// tuned and the journal do: limits.conf, systemd units and their drop-ins, kubelet files.
// Sources: limits.conf(5), systemd.resource-control(5), systemd.syntax(7), journald.conf(5),
// KubeletConfiguration v1beta1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

// A line of limits.conf with the item nproc.
struct NprocLine {
  std::string domain;                 // "*", "root", "@group", "1000:2000", ...
  std::string type;                   // "soft", "hard", "-" (both)
  std::optional<std::uint64_t> most;  // nullopt = unlimited
  Place at{};
};
std::vector<NprocLine> parse_limits_conf(Lines lines);

// "Key=value" of an INI file as systemd reads it.
struct IniSetting {
  std::string section, key, value;
  Place at{};
};
// Only the settings with one of these keys.
std::vector<IniSetting> parse_ini(Lines lines, const std::vector<std::string_view>& keys);

// TasksMax=, DefaultTasksMax= and UserTasksMax=.
struct TasksMax {
  enum class Kind : std::uint8_t { number, percent, infinity };
  std::string unit;  // "user-.slice"; "" = every unit (DefaultTasksMax)
  Kind kind = Kind::number;
  std::uint64_t number = 0;  // for a percentage: hundredths of a per cent of the system's maximum
  std::string text;          // as written
  Place at{};
};
// Nothing when the text is no such value (systemd then ignores the line). An empty value resets to
// the default, so it is nothing either.
std::optional<TasksMax> parse_tasks_max(const IniSetting& setting, std::string unit);

// "100Mi", "5%"
struct EvictionThreshold {
  std::string text;
  std::optional<Bytes> bytes;
  std::optional<double> percent;  // of the node's memory
};

struct Kubelet {
  Maybe<EvictionThreshold> hard_memory, soft_memory;  // memory.available
  Maybe<std::int64_t> pod_pids_limit;                 // -1 = none
  bool seen = false;                                  // some file of a kubelet was read
};
// config.yaml or kubelet-config.json, read line by line.
void parse_kubelet_config(Lines lines, Kubelet& kubelet);
// A file of environment variables whose values hold the kubelet's flags. Flags win over the file.
void parse_kubelet_flags(Lines lines, Kubelet& kubelet);
std::optional<EvictionThreshold> parse_threshold(std::string_view text);

}  // namespace whyoom::host
