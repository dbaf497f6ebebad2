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
    {"systemd unit", "/etc/systemd/system", {}, 1},
    {"systemd unit", "/run/systemd/system", {}, 1},
    {"systemd unit", "/usr/local/lib/systemd/system", {}, 1},
    {"systemd unit", "/usr/lib/systemd/system", {}, 1},
    {"systemd unit", "/lib/systemd/system", {}, 1},
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
      : files_(files), slashed_(key.path()), dotted_(key.dotted()) {}

  std::vector<SysctlSetter> run() {
    search_tuned();
    for (const auto& searched : search_paths) {
      if (auto real = real_path(files_, searched.path)) {
        search(searched, std::string(searched.path), {std::move(*real), true}, searched.depth);
      }
    }
    return std::move(found_);
  }

 private:
  void search_tuned();
  void load_profile(std::string_view name, std::set<std::string>& done);
  void search_profile(const std::string& file, std::string_view text);
  void search(const SearchPath& searched, const std::string& path, const RealName& real,
              unsigned depth);
  void search_file(const SearchPath& searched, const std::string& real);
  void search_script(std::string_view program, std::string_view command);
  void search_text(std::string_view program, const std::string& path, std::string_view text);
  [[nodiscard]] bool names_key(std::string_view line) const;
  std::optional<std::string> read(std::string_view path);

  Files& files_;
  const std::string& slashed_;
  const std::string& dotted_;
  std::set<std::string> seen_;  // real paths, so that /lib is not searched after /usr/lib
  std::vector<SysctlSetter> found_;
};

// The word must end where the key ends: vm.overcommit_ratio is not vm.overcommit_ratio_x.
bool contains_word(std::string_view line, std::string_view word) {
  const auto in_word = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
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
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!line.empty() && line.front() != '#' && line.front() != ';') {
      take(line, number);
    }
  }
}

void Search::search_text(std::string_view program, const std::string& path, std::string_view text) {
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
  if (!real || !seen_.insert(*real).second) {
    return;
  }
  const auto text = files_.read(*real, most_bytes);
  if (text && text->starts_with("#!")) {
    search_text(program, *real, *text);
  }
}

void Search::search_file(const SearchPath& searched, const std::string& real) {
  const auto text = files_.read(real, most_bytes);
  if (!text || text->starts_with("\x7f"
                                 "ELF")) {
    return;
  }
  search_text(searched.program, real, *text);
  const bool own_unit =
      searched.program == "systemd unit" &&
      (real.starts_with("/etc/") || real.starts_with("/run/") || real.starts_with("/usr/local/"));
  if (own_unit) {
    each_line(*text, [&](std::string_view line, std::uint32_t) {
      if (line.starts_with("Exec")) {
        search_script(searched.program, line);
      }
    });
  }
}

// `real.may_be_directory`: only then it is listed.
void Search::search(const SearchPath& searched, const std::string& path, const RealName& real,
                    unsigned depth) {
  if (!seen_.insert(real.path).second) {
    return;
  }
  const auto listing = real.may_be_directory
                           ? files_.list(real.path, most_entries)
                           : tl::make_unexpected(FileError{FileError::Kind::not_a_file, {}});
  if (!listing) {
    if (path.ends_with(searched.suffix) || path == searched.path) {
      search_file(searched, real.path);
    }
    return;
  }
  std::vector<Entry> entries = listing->entries;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (const auto& entry : entries) {
    if (entry.is_directory ? depth == 0 : !entry.name.ends_with(searched.suffix)) {
      continue;
    }
    auto below = real_path_in(files_, real.path, entry);
    if (below) {
      below->may_be_directory = below->may_be_directory || entry.is_directory;
      search(searched, path + "/" + entry.name, *below, entry.is_directory ? depth - 1 : 0);
    }
  }
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
  const std::string base(name.substr(name.rfind('/') + 1));
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
