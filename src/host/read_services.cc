// Configuration files, and what would be left after a crash.
#include <algorithm>

#include "base/text.h"
#include "host/drop_ins.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr auto person = Lines::End::person;

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

// Of the users whose limit was asked; nobody else's names are looked at.
void read_accounts(Reader& reader) {
  const Message open("which line of limits.conf is for a user is not known");
  auto& users = reader.host().processes.users;
  std::vector<UserAccount> accounts;
  for (const UserTasks& user : users) {
    if (user.limit) {
      accounts.push_back({user.uid, {}, {}});
    }
  }
  if (accounts.empty() || reader.host().task_limits.nproc.empty()) {
    return;
  }
  if (const auto loaded = load_config(reader, "/etc/passwd", open)) {
    parse_passwd(reader.lines(*loaded, person), accounts);
  }
  if (const auto loaded = load_config(reader, "/etc/group", open)) {
    parse_group(reader.lines(*loaded, person), accounts);
  }
  for (UserAccount& account : accounts) {
    std::ranges::find(users, account.uid, &UserTasks::uid)->account = std::move(account);
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
  constexpr std::string_view journal = "/var/log/journal";
  constexpr std::size_t most = 64;
  const auto listing = reader.files().list(journal, most);
  if (listing || listing.error().kind == FileError::Kind::missing) {
    // Packages make the directory; a journal is in one that is named after the machine.
    kept.persistent_journal =
        listing && std::ranges::any_of(listing->entries, [&](const Entry& machine) {
          const auto own = reader.files().list(std::string(journal) + "/" + machine.name, most);
          return !own || std::ranges::any_of(own->entries, [](const Entry& entry) {
            return entry.name.ends_with(".journal") || entry.name.ends_with(".journal~");
          });
        });
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
  if (reader.host().mounts.proc_seen) {
    kept.pstore_mounted = reader.host().mounts.pstore;
  }
  reader.list("/sys/fs/pstore", Message("the records of an earlier crash are not known"));
  reader.parse("/sys/module/pstore/parameters/backend", kept.pstore_backend, parse_line,
               Message("where the kernel keeps its last words is not known"), Absent::normal,
               person);
  if (kept.pstore_backend && kept.pstore_backend->value == "(null)") {
    kept.pstore_backend->value.clear();
  }
  const Message open("whether a crash kernel is loaded is not known");
  for (const char* path : {"/sys/kernel/kexec_crash_loaded", "/sys/kernel/kexec/crash_loaded"}) {
    if (!kept.kexec_crash_loaded) {
      reader.parse(path, kept.kexec_crash_loaded, parse_flags, open, Absent::normal, person);
    }
  }
  for (const char* path : {"/sys/kernel/kexec_crash_size", "/sys/kernel/kexec/crash_size"}) {
    if (!kept.kexec_crash_size) {
      reader.parse(path, kept.kexec_crash_size, parse_flags, open, Absent::normal, person);
    }
  }
}

}  // namespace

void read_task_limits(Reader& reader) {
  const Message open("systemd's default for TasksMax= is not known");
  read_limits_conf(reader);
  read_accounts(reader);
  read_tasks_max(reader, systemd_config(reader, "system.conf", open), {"DefaultTasksMax"}, "");
  read_tasks_max(reader, systemd_config(reader, "logind.conf", open), {"UserTasksMax"},
                 "user-.slice");
  read_units(reader);
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
