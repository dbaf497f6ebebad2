// What the recorder warns of before it happens, by arithmetic over its samples. One story is told
// once: again only when it was over for a while. Nothing here allocates after the first sample.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/units.h"
#include "record/fixed_text.h"
#include "record/headroom.h"
#include "record/sample.h"

namespace whyoom::record {

enum class WarningKind : std::uint8_t {
  memory_short = 1,  // what is left until requests fail is little, or gone soon
  tasks = 2,         // of kernel.threads-max or kernel.pid_max
  cgroup_pids = 3,   // of a cgroup's pids.max
  min_free = 4,      // vm.min_free_kbytes was raised
  throttled = 5      // a cgroup is held at its memory.high: slow, and nothing is killed
};
std::string_view name(WarningKind kind);  // "memory-short", "tasks", ...

struct Warning {
  WarningKind kind = WarningKind::memory_short;
  FixedText<480> text;
};

// A setting below /proc/sys that a sample has, as sysctl calls it.
struct Setting {
  Field field;
  std::string_view key;
};
std::span<const Setting> settings();

// A setting that is another one than in the sample before.
struct SettingChange {
  std::string_view key;
  std::uint64_t before = 0, after = 0;
};

class Lookout {
 public:
  explicit Lookout(PageSize page) : page_(page) {}

  // The last sample of an earlier recorder: what was changed since is a change too. Before look().
  void begin_after(const Sample& earlier);
  // The warnings that this sample is the first to give reason for; valid until the next call. Of
  // `paths` are the cgroups in their slots.
  std::span<const Warning> look(const Sample& now,
                                const std::array<std::string_view, most_cgroups>& paths);
  [[nodiscard]] std::span<const SettingChange> changes() const {
    return {changes_.data(), change_count_};
  }
  // In a few words, for who asks how things are: "21 GiB left before requests fail".
  [[nodiscard]] FixedText<160> state() const;
  [[nodiscard]] const std::optional<Headroom>& headroom() const { return headroom_; }

 private:
  struct Story {
    bool open = false, told = false;
    std::uint64_t told_ms = 0, last_ms = 0;
  };
  // A place for a warning, when the story is one that is to be told.
  Warning* tell(Story& story, bool trouble, bool over, WarningKind kind);
  void look_at_memory(const Sample& now);
  void look_at_tasks(const Sample& now);
  void look_at_settings(const Sample& now);
  void look_at_cgroup(const CgroupFields& now, std::size_t slot, std::string_view path);

  // What is needed of the sample before this one: all of it would be copied once a second.
  struct Before {
    MachineFields machine{};
    std::array<CgroupFields, most_cgroups> cgroups{};
    Bytes out_of_reach{};
  };
  [[nodiscard]] Before needed_of(const Sample& sample) const;

  PageSize page_;
  bool first_ = true, known_ = false;
  Before before_;
  std::uint64_t now_ms_ = 0;
  std::uint64_t default_kib_ = 0;
  std::optional<Headroom> headroom_;
  Bytes a_second_;            // less is left with each second
  std::uint64_t left_s_ = 0;  // so long

  struct Point {
    std::uint64_t at_ms = 0;
    Bytes left;
  };
  std::array<Point, 32> trend_{};  // one a second
  std::size_t points_ = 0;

  Story memory_, tasks_;
  std::array<Story, most_cgroups> pids_{}, throttled_{};
  std::array<unsigned, most_cgroups> held_{};  // looks in a row in which it was throttled

  std::array<Warning, 4 + 2 * most_cgroups> warnings_{};
  std::size_t warning_count_ = 0;
  std::array<SettingChange, 8> changes_{};
  std::size_t change_count_ = 0;
};

}  // namespace whyoom::record
