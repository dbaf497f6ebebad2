#include "host/sysctl_setters.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "host/sysctl_files.h"
#include "host/sysctl_key.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20U;
constexpr std::size_t most_entries = 8192;
constexpr std::size_t most_profiles = 64;

constexpr std::string_view unit_program = "systemd unit";

// Where a program keeps what it runs or writes. A path that is a directory stands for its files.
struct SearchPath {
  std::string_view program;
  std::string_view path;
  std::string_view suffix = {};  // of the files that count; empty: all
  unsigned depth = 0;            // how many directories below are searched too
};

// kubelet is not here: it sets overcommit and panic keys, never min_free_kbytes. Nor are containerd
// and docker, which write only what belongs to a namespace.
constexpr std::array<SearchPath, 59> search_paths = {{
    {"cloud-init", "/etc/cloud/cloud.cfg"},
    {"cloud-init", "/etc/cloud/cloud.cfg.d", ".cfg"},
    {"cloud-init", "/var/lib/cloud/instance/user-data.txt"},
    {"cloud-init", "/var/lib/cloud/instance/vendor-data.txt"},
    {"cloud-init", "/var/lib/cloud/instance/scripts"},
    {"cloud-init", "/var/lib/cloud/scripts", {}, 1},
    {"cloud-init", "/var/lib/cloud/seed", {}, 2},
    {unit_program, "/etc/systemd/system", {}, 1},
    {unit_program, "/run/systemd/system", {}, 1},
    {unit_program, "/usr/local/lib/systemd/system", {}, 1},
    {unit_program, "/usr/lib/systemd/system", {}, 1},
    {unit_program, "/lib/systemd/system", {}, 1},
    {"rc.local", "/etc/rc.local"},
    {"rc.local", "/etc/rc.d/rc.local"},
    {"init script", "/etc/init.d"},
    {"init script", "/etc/rc.d/init.d"},
    {"init script", "/etc/init", ".conf"},
    {"init script", "/etc/local.d"},
    {"cron", "/etc/crontab"},
    {"cron", "/etc/anacrontab"},
    {"cron", "/etc/cron.d"},
    {"cron", "/etc/cron.hourly"},
    {"cron", "/etc/cron.daily"},
    {"cron", "/etc/cron.weekly"},
    {"cron", "/etc/cron.monthly"},
    {"cron", "/var/spool/cron", {}, 1},
    {"tmpfiles.d", "/etc/tmpfiles.d", ".conf"},
    {"tmpfiles.d", "/run/tmpfiles.d", ".conf"},
    {"tmpfiles.d", "/usr/local/lib/tmpfiles.d", ".conf"},
    {"tmpfiles.d", "/usr/lib/tmpfiles.d", ".conf"},
    {"udev rule", "/etc/udev/rules.d", ".rules"},
    {"udev rule", "/run/udev/rules.d", ".rules"},
    {"udev rule", "/usr/local/lib/udev/rules.d", ".rules"},
    {"udev rule", "/usr/lib/udev/rules.d", ".rules"},
    {"udev rule", "/lib/udev/rules.d", ".rules"},
    {"modprobe", "/etc/modprobe.d", ".conf"},
    {"modprobe", "/usr/lib/modprobe.d", ".conf"},
    {"network script", "/etc/network/interfaces"},
    {"network script", "/etc/network/interfaces.d"},
    {"network script", "/etc/network/if-up.d"},
    {"network script", "/etc/NetworkManager/dispatcher.d", {}, 1},
    {"network script", "/etc/networkd-dispatcher", {}, 1},
    {"initramfs", "/etc/initramfs-tools/scripts", {}, 1},
    {"initramfs", "/etc/initramfs-tools/hooks"},
    {"initramfs", "/etc/dracut.conf"},
    {"initramfs", "/etc/dracut.conf.d", ".conf"},
    {"initramfs", "/usr/lib/dracut/modules.d", ".sh", 1},
    {"saptune", "/etc/saptune/override"},
    {"saptune", "/etc/saptune/extra"},
    {"sapconf", "/etc/sysconfig/sapconf"},
    {"wsl", "/etc/wsl.conf"},
    {"boot loader", "/etc/default/grub"},
    {"boot loader", "/etc/default/grub.d", ".cfg"},
    {"boot loader", "/etc/kernel/cmdline"},
    {"boot loader", "/boot/loader/entries", ".conf"},
    {"boot loader", "/boot/cmdline.txt"},
    {"boot loader", "/boot/firmware/cmdline.txt"},
    {"profile script", "/etc/profile"},
    {"profile script", "/etc/profile.d", ".sh"},
}};

class Search {
 public:
  Search(Files& files, const SysctlKey& key)
      : files_(files),
        slashed_(key.path()),
        dotted_(key.dotted()),
        last_part_(std::string_view(dotted_).substr(dotted_.find_last_of("./") + 1)) {}

  std::vector<SysctlSetter> run() {
    search_tuned();
    for (const auto& searched : search_paths) {
      if (const auto real = real_path(files_, searched.path); real && is_new(*real)) {
        if (!search_directory(searched, *real, searched.depth)) {
          search_file(searched, *real);
        }
      }
    }
    return std::move(found_);
  }

 private:
  void search_tuned();
  void load_profile(std::string_view name, std::set<std::string>& done);
  void search_profile(const std::string& file, std::string_view text);
  // False: it is no such thing, or cannot be read.
  bool search_directory(const SearchPath& searched, const std::string& real, unsigned depth);
  bool search_file(const SearchPath& searched, const std::string& real);
  bool is_new(const std::string& real) { return seen_.insert(real).second; }
  void search_script(std::string_view program, std::string_view command);
  void search_text(std::string_view program, const std::string& path, std::string_view text);
  [[nodiscard]] bool names_key(std::string_view line) const;
  std::optional<std::string> read(std::string_view path);

  Files& files_;
  const std::string& slashed_;
  const std::string& dotted_;
  std::string_view last_part_;  // of both
  std::set<std::string> seen_;  // real paths, so that /lib is not searched after /usr/lib
  std::vector<SysctlSetter> found_;
};

// Units of these types start no command. Source: systemd.unit(5), systemd.exec(5).
constexpr std::array<std::string_view, 9> idle_units = {
    ".target", ".timer", ".path", ".slice", ".mount", ".automount", ".swap", ".device", ".scope"};

bool counts(const SearchPath& searched, std::string_view name) {
  const bool idle = searched.program == unit_program &&
                    std::ranges::any_of(
                        idle_units, [name](std::string_view type) { return name.ends_with(type); });
  return !idle && name.ends_with(searched.suffix);
}

// The word must end where the key ends: vm.overcommit_ratio is not vm.overcommit_ratio_x.
bool contains_word(std::string_view line, std::string_view word) {
  const auto in_word = [](char c) { return is_alnum(c) || c == '_'; };
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((end == line.size() || !in_word(line[end])) && (at == 0 || !in_word(line[at - 1]))) {
      return true;
    }
  }
  return false;
}

bool Search::names_key(std::string_view line) const {
  return contains_word(line, dotted_) || contains_word(line, slashed_);
}

std::optional<std::string> Search::read(std::string_view path) {
  const auto real = real_path(files_, path);
  auto text = real ? files_.read(*real, most_bytes) : tl::make_unexpected(real.error());
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

// Calls take(line, number) for each line that is no comment.
template <class Take>
void each_line(std::string_view text, Take take) {
  std::uint32_t number = 0;
  while (!text.empty()) {
    const auto line = trim(take_part(text, '\n'));
    ++number;
    if (!line.empty() && line.front() != '#' && line.front() != ';') {
      take(line, number);
    }
  }
}

void Search::search_text(std::string_view program, const std::string& path, std::string_view text) {
  if (text.find(last_part_) == std::string_view::npos) {
    return;  // as most texts, so no line of it has to be looked at
  }
  each_line(text, [&](std::string_view line, std::uint32_t number) {
    if (names_key(line)) {
      found_.push_back({std::string(program), path, number, std::string(line)});
    }
  });
}

// A unit often starts a script of the administrator's own: one step is followed.
void Search::search_script(std::string_view program, std::string_view command) {
  const auto start = command.find('/');
  if (start == std::string_view::npos) {
    return;
  }
  const std::string path(Cursor(command.substr(start)).take_word());
  const auto real = real_path(files_, path);
  if (!real || !is_new(*real)) {
    return;
  }
  const auto text = files_.read(*real, most_bytes);
  if (text && text->starts_with("#!")) {
    search_text(program, *real, *text);
  }
}

bool Search::search_file(const SearchPath& searched, const std::string& real) {
  const auto text = files_.read(real, most_bytes);
  if (!text || text->starts_with("\x7f"
                                 "ELF")) {
    return text.has_value();
  }
  search_text(searched.program, real, *text);
  const bool own_unit =
      searched.program == unit_program &&
      (real.starts_with("/etc/") || real.starts_with("/run/") || real.starts_with("/usr/local/"));
  if (own_unit) {
    each_line(*text, [&](std::string_view line, std::uint32_t) {
      if (line.starts_with("Exec")) {
        search_script(searched.program, line);
      }
    });
  }
  return true;
}

bool Search::search_directory(const SearchPath& searched, const std::string& real, unsigned depth) {
  auto listing = files_.list(real, most_entries);
  if (!listing) {
    return false;
  }
  std::vector<Entry>& entries = listing->entries;
  std::erase_if(entries, [&](const Entry& entry) {
    return entry.is_directory ? depth == 0 : !counts(searched, entry.name);
  });
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (const Entry& entry : entries) {
    const auto below = real_path_in(files_, real, entry);
    if (!below || !is_new(below->path)) {
      continue;
    }
    if (entry.is_directory) {
      search_directory(searched, below->path, depth - 1);
    } else if (!search_file(searched, below->path) && below->may_be_directory) {
      search_directory(searched, below->path, 0);  // few links lead there
    }
  }
  return true;
}

void Search::search_tuned() {
  const auto active = read("/etc/tuned/active_profile");
  if (!active) {
    return;
  }
  std::set<std::string> done;
  Cursor names(*active);
  for (names.skip_spaces(); !names.at_end(); names.skip_spaces()) {
    load_profile(names.take_word(), done);
  }
}

// A profile of a name that was loaded already is looked for in the next directory: one in
// /etc/tuned can include its namesake in /usr/lib/tuned (tuned/profiles/locator.py).
void Search::load_profile(std::string_view name, std::set<std::string>& done) {
  const std::string base(last_part(name));
  if (base.empty() || base == ".." || base == "." || done.size() >= most_profiles) {
    return;
  }
  for (const std::string_view directory :
       {"/etc/tuned/profiles/", "/etc/tuned/", "/usr/lib/tuned/profiles/", "/usr/lib/tuned/"}) {
    const std::string file = std::string(directory) + base + "/tuned.conf";
    if (done.count(file) != 0) {
      continue;
    }
    const auto text = read(file);
    if (!text) {
      continue;
    }
    done.insert(file);
    std::string section;
    each_line(*text, [&](std::string_view line, std::uint32_t) {
      if (line.front() == '[') {
        section = line;
      }
      const auto equals = line.find('=');
      if (section != "[main]" || equals == std::string_view::npos ||
          trim(line.substr(0, equals)) != "include") {
        return;
      }
      auto list = line.substr(equals + 1);
      while (!list.empty()) {
        const auto end = std::min(list.find_first_of(",;"), list.size());
        auto included = trim(list.substr(0, end));
        included.remove_prefix(included.starts_with('-') ? 1 : 0);
        load_profile(included, done);
        list.remove_prefix(std::min(end + 1, list.size()));
      }
    });
    search_profile(file, *text);
    return;
  }
}

void Search::search_profile(const std::string& file, std::string_view text) {
  // Sections of the type sysctl set keys, sections of the type script run a file beside this one.
  std::map<std::string, std::string, std::less<>> types;
  std::string section;
  each_line(text, [&](std::string_view line, std::uint32_t) {
    if (line.front() == '[') {
      section = line;
    } else if (const auto equals = line.find('=');
               equals != std::string_view::npos && trim(line.substr(0, equals)) == "type") {
      types[section] = trim(line.substr(equals + 1));
    }
  });
  section.clear();
  each_line(text, [&](std::string_view line, std::uint32_t number) {
    if (line.front() == '[') {
      section = line;
      return;
    }
    const auto known = types.find(section);
    const auto type = known == types.end() ? std::string_view(section) : known->second;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
      return;
    }
    const auto option = trim(line.substr(0, equals));
    if ((type == "[sysctl]" || type == "sysctl") && canonical_sysctl_key(option) == dotted_) {
      found_.push_back({"tuned", file, number, std::string(line)});
    } else if (option == "script") {
      auto script = trim(line.substr(equals + 1));
      const auto directory = file.substr(0, file.rfind('/') + 1);
      constexpr std::string_view variable = "${i:PROFILE_DIR}/";
      script.remove_prefix(script.starts_with(variable) ? variable.size() : 0);
      const std::string path = (script.starts_with('/') ? "" : directory) + std::string(script);
      if (const auto content = read(path)) {
        search_text("tuned", path, *content);
      }
    }
  });
}

}  // namespace

std::vector<SysctlSetter> find_setters(Files& files, const SysctlKey& key) {
  return Search(files, key).run();
}

}  // namespace whyoom::host
