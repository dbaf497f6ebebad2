// TasksMax= of systemd's units, for those whose cgroup is full or nearly so: the unit's file in the
// search path and its drop-ins, the last setting of all. Source: systemd.unit(5), systemd 252
// src/shared/dropin.c unit_file_find_dropin_paths().
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/language.h"
#include "base/text.h"
#include "host/drop_ins.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::size_t most_units = 64;

const std::vector<std::string> system_path = {
    "/etc/systemd/system.control",   "/run/systemd/system.control",  "/run/systemd/transient",
    "/run/systemd/generator.early",  "/etc/systemd/system",          "/etc/systemd/system.attached",
    "/run/systemd/system",           "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",      "/lib/systemd/system",
    "/run/systemd/generator.late"};
// What a user's home directory has is not looked at.
const std::vector<std::string> user_path = {"/etc/systemd/user", "/run/systemd/user",
                                            "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"};

// "web@1.service", "web-a-b.slice"
struct UnitName {
  std::string_view stem, type;  // "web@1", "service"
  [[nodiscard]] std::string with(std::string_view other) const {
    return tr("{}.{}", std::string(other), std::string(type));
  }
  // The names whose files and drop-ins are for it, the most particular first.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result = {with(stem)};
    const std::size_t at = stem.find('@');
    if (at != npos && at + 1 < stem.size()) {
      result.push_back(with(stem.substr(0, at + 1)));
    }
    std::string_view prefix = stem.substr(0, at);
    for (std::size_t dash = prefix.rfind('-'); dash != npos && dash > 0;
         dash = prefix.rfind('-', dash - 1)) {
      result.push_back(with(prefix.substr(0, dash + 1)));
    }
    return result;
  }
};

std::optional<UnitName> unit_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view type = dot == npos ? std::string_view() : name.substr(dot + 1);
  const bool known = type == "service" || type == "slice" || type == "scope";
  return known && dot > 0 ? std::optional(UnitName{name.substr(0, dot), type}) : std::nullopt;
}

class UnitReader {
 public:
  UnitReader(Reader& reader, std::string_view unit, const std::vector<std::string>& path)
      : reader_(reader), unit_(unit), path_(path) {}

  void read(const UnitName& name) {
    const auto names = name.names();
    // The first file of the name, or of its template, is the unit.
    for (const std::string& of : names) {
      const bool is_unit = of == names.front() || of.find("@.") != npos;
      if (is_unit && read_first(of)) {
        break;
      }
    }
    std::vector<std::string> directories;
    const auto add = [&directories](std::string path, std::string_view of) {
      path += '/';
      path += of;
      path += ".d";
      directories.push_back(std::move(path));
    };
    for (const std::string& top : path_) {
      for (const std::string& of : names) {
        add(top, of);
      }
    }
    for (const std::string& top : path_) {
      add(top, name.type);
    }
    for (const std::string& file : drop_ins(reader_, directories, open_)) {
      read_file(file);
    }
    if (found_) {
      reader_.host().task_limits.units.push_back(std::move(*found_));
    }
  }

 private:
  bool read_first(const std::string& name) {
    return std::ranges::any_of(path_,
                               [&](const std::string& top) { return read_file(top + "/" + name); });
  }

  bool read_file(const std::string& file) {
    const auto loaded = load_config(reader_, file, open_);
    if (!loaded) {
      return false;
    }
    for (const IniSetting& setting :
         parse_ini(reader_.lines(*loaded, Lines::End::person), {"TasksMax"})) {
      if (setting.value.empty()) {
        found_.reset();  // the default again
      } else if (auto limit = parse_tasks_max(setting, std::string(unit_))) {
        found_ = std::move(limit);
      }
    }
    return true;
  }

  Reader& reader_;
  std::string_view unit_;
  const std::vector<std::string>& path_;
  const Message open_{"some values of TasksMax= are not known"};
  std::optional<TasksMax> found_;
};

bool worth_reading(const Cgroup& group) {
  constexpr std::uint64_t part = 4;  // a quarter full
  const bool refused = group.pids_max_events && group.pids_max_events->value > 0;
  return group.pids_max && group.pids_max->value && group.pids_current &&
         (refused || group.pids_current->value >= *group.pids_max->value / part);
}

}  // namespace

void read_units(Reader& reader) {
  std::vector<std::pair<std::string, bool>> units;  // by a user's own systemd
  for (const CgroupTree& tree : reader.host().cgroups) {
    for (const Cgroup& group : tree.groups) {
      const std::string_view path = tree.path_of(group);
      const std::string unit(last_part(path));
      if (worth_reading(group) && units.size() < most_units &&
          std::ranges::find(units, unit, &std::pair<std::string, bool>::first) == units.end()) {
        units.emplace_back(unit, path.find("/user@") < path.rfind('/'));
      }
    }
  }
  for (const auto& [unit, of_user] : units) {
    if (const auto name = unit_name(unit)) {
      UnitReader(reader, unit, of_user ? user_path : system_path).read(*name);
    }
  }
}

}  // namespace whyoom::host
