// Configuration files, and what would be left after a crash.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr auto person = Lines::End::person;
constexpr std::size_t most_units = 1024;

// The files of drop-in directories in the order in which they apply: by name over all directories,
// a directory that stands first hiding the same name in the later ones.
std::vector<std::string> drop_ins(Reader& reader, const std::vector<std::string>& directories,
                                  const Message& leaves_open) {
  std::map<std::string, std::string> by_name;
  for (const std::string& directory : directories) {
    const auto entries = reader.list(directory, leaves_open);
    if (!entries) {
      continue;
    }
    for (const Entry& entry : *entries) {
      if (entry.name.ends_with(".conf")) {
        by_name.emplace(entry.name, directory + "/" + entry.name);
      }
    }
  }
  std::vector<std::string> paths;
  for (auto& [name, path] : by_name) {
    paths.push_back(std::move(path));
  }
  return paths;
}

// A drop-in may be a link to /dev/null, which hides the same name elsewhere.
std::optional<Loaded> load_config(Reader& reader, const std::string& path,
                                  const Message& leaves_open) {
  auto text = reader.files().read(path);
  if (text) {
    return Loaded{std::move(*text), reader.host().sources.add(path)};
  }
  if (text.error().kind != FileError::Kind::missing &&
      text.error().kind != FileError::Kind::not_a_file) {
    reader.gap(path, text.error(), leaves_open);
  }
  return std::nullopt;
}

void read_limits_conf(Reader& reader) {
  const Message open("some limits on the number of a user's processes are not known");
  auto& lines = reader.host().task_limits.nproc;
  std::vector<std::string> paths = {"/etc/security/limits.conf"};
  for (std::string& path : drop_ins(reader, {"/etc/security/limits.d"}, open)) {
    paths.push_back(std::move(path));
  }
  for (const std::string& path : paths) {
    if (const auto loaded = load_config(reader, path, open)) {
      auto more = parse_limits_conf(reader.lines(*loaded, person));
      std::move(more.begin(), more.end(), std::back_inserter(lines));
    }
  }
}

std::vector<std::string> systemd_config(Reader& reader, const std::string& name,
                                        const Message& open) {
  std::vector<std::string> paths;
  std::vector<std::string> directories;
  bool main_found = false;
  for (const char* top : {"/etc", "/run", "/usr/local/lib", "/usr/lib"}) {
    const std::string path = std::string(top) + "/systemd/" + name;
    if (!main_found && reader.files().read(path)) {
      paths.push_back(path);
      main_found = true;
    }
    directories.push_back(path + ".d");
  }
  for (std::string& path : drop_ins(reader, directories, open)) {
    paths.push_back(std::move(path));
  }
  return paths;
}

void read_tasks_max(Reader& reader, const std::vector<std::string>& paths,
                    const std::vector<std::string_view>& keys, const std::string& unit) {
  const Message open("some values of TasksMax= are not known");
  for (const std::string& path : paths) {
    const auto loaded = load_config(reader, path, open);
    if (!loaded) {
      continue;
    }
    for (const IniSetting& setting : parse_ini(reader.lines(*loaded, person), keys)) {
      if (auto limit = parse_tasks_max(setting, unit)) {
        reader.host().task_limits.systemd.push_back(std::move(*limit));
      }
    }
  }
}

// Drop-ins of units: "user-.slice.d", "ssh.service.d". The units themselves are not walked: what
// they set shows in their pids.max.
void read_unit_drop_ins(Reader& reader) {
  const Message open("some values of TasksMax= are not known");
  const std::string tops[] = {
      "/etc/systemd/system.control", "/run/systemd/system.control",   "/etc/systemd/system",
      "/run/systemd/system",         "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
      "/lib/systemd/system"};
  std::map<std::string, std::vector<std::string>> directories;
  for (const std::string& top : tops) {
    const auto entries = reader.list(top, open);
    if (!entries) {
      continue;
    }
    for (const Entry& entry : *entries) {
      const bool wanted = entry.name.ends_with(".slice.d") || entry.name.ends_with(".service.d") ||
                          entry.name.ends_with(".scope.d");
      if (wanted && directories.size() < most_units) {
        directories[entry.name].push_back(top + "/" + entry.name);
      }
    }
  }
  for (const auto& [name, of_unit] : directories) {
    read_tasks_max(reader, drop_ins(reader, of_unit, open), {"TasksMax"},
                   name.substr(0, name.size() - 2));
  }
}

void read_kubelet(Reader& reader) {
  const Message open("the kubelet's eviction threshold is not known");
  Kubelet& kubelet = reader.host().kubelet;
  for (const char* path :
       {"/var/lib/kubelet/config.yaml", "/etc/kubernetes/kubelet.yaml",
        "/etc/kubernetes/kubelet/kubelet-config.json", "/etc/kubernetes/kubelet/config.json"}) {
    if (const auto loaded = load_config(reader, path, open)) {
      parse_kubelet_config(reader.lines(*loaded, person), kubelet);
    }
  }
  for (const char* path :
       {"/var/lib/kubelet/kubeadm-flags.env", "/etc/default/kubelet", "/etc/sysconfig/kubelet"}) {
    if (const auto loaded = load_config(reader, path, open)) {
      parse_kubelet_flags(reader.lines(*loaded, person), kubelet);
    }
  }
}

void read_journal(Reader& reader) {
  const Message open("whether the journal outlives a restart is not known");
  KeptEvidence& kept = reader.host().kept;
  for (const std::string& path : systemd_config(reader, "journald.conf", open)) {
    const auto loaded = load_config(reader, path, open);
    if (!loaded) {
      continue;
    }
    for (IniSetting& setting : parse_ini(reader.lines(*loaded, person), {"Storage"})) {
      kept.journal_storage = Read<std::string>{std::move(setting.value), setting.at};
    }
  }
  const auto listing = reader.files().list("/var/log/journal", 1);
  if (listing || listing.error().kind == FileError::Kind::missing) {
    kept.persistent_journal = listing.has_value();
  } else if (listing.error().kind == FileError::Kind::denied) {
    kept.persistent_journal = true;  // it is there, for others
  } else {
    reader.gap("/var/log/journal", listing.error(), open);
  }
}

// What a syslog daemon writes the kernel's messages to.
void read_syslog_files(Reader& reader) {
  constexpr std::size_t most_entries = 4096;
  const auto listing = reader.files().list("/var/log", most_entries);
  if (!listing || listing->cut) {
    return;
  }
  reader.host().kept.syslog_files =
      std::any_of(listing->entries.begin(), listing->entries.end(), [](const Entry& entry) {
        return !entry.is_directory &&
               (entry.name == "messages" || entry.name == "syslog" || entry.name == "kern.log");
      });
}

void read_crash_stores(Reader& reader) {
  KeptEvidence& kept = reader.host().kept;
  if (!reader.host().mounts.cgroups.empty() || reader.host().mounts.proc_seen) {
    kept.pstore_mounted = reader.host().mounts.pstore;
  }
  const Message open("the records of an earlier crash are not known");
  if (const auto entries = reader.list("/sys/fs/pstore", open)) {
    kept.pstore_records = entries->size();
  }
  reader.parse("/sys/module/pstore/parameters/backend", kept.pstore_backend, parse_line,
               Message("where the kernel keeps its last words is not known"), Absent::normal,
               person);
  if (kept.pstore_backend && kept.pstore_backend->value == "(null)") {
    kept.pstore_backend->value.clear();
  }
  struct Kexec {
    const char* path;
    Maybe<std::uint64_t>& field;
  };
  const Kexec files[] = {{"/sys/kernel/kexec_crash_loaded", kept.kexec_crash_loaded},
                         {"/sys/kernel/kexec/crash_loaded", kept.kexec_crash_loaded},
                         {"/sys/kernel/kexec_crash_size", kept.kexec_crash_bytes},
                         {"/sys/kernel/kexec/crash_size", kept.kexec_crash_bytes}};
  for (const Kexec& file : files) {
    if (!file.field) {
      reader.parse(file.path, file.field, parse_flags,
                   Message("whether a crash kernel is loaded is not known"), Absent::normal,
                   person);
    }
  }
}

}  // namespace

void read_task_limits(Reader& reader) {
  const Message open("systemd's default for TasksMax= is not known");
  read_limits_conf(reader);
  read_tasks_max(reader, systemd_config(reader, "system.conf", open), {"DefaultTasksMax"}, "");
  read_tasks_max(reader, systemd_config(reader, "logind.conf", open), {"UserTasksMax"},
                 "user-.slice");
  read_unit_drop_ins(reader);
}

void read_services(Reader& reader) {
  read_kubelet(reader);
  reader.parse("/etc/tuned/active_profile", reader.host().tuned_profile, parse_line,
               Message("tuned's active profile is not known"), Absent::normal, person);
}

void read_kept_evidence(Reader& reader) {
  read_journal(reader);
  read_syslog_files(reader);
  read_crash_stores(reader);
}

}  // namespace whyoom::host
