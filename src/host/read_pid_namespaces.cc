// Which processes start their children in a PID namespace other than their own, and whether anybody
// lives there. The link of the children's one is missing until the first child was made, and names
// the namespace for good, also when its first process has ended (kernel/pid_namespace.c
// pidns_for_children_get(), since 4.12).
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/text.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_kept = 64;

// "pid:[4026531836]"
std::optional<std::uint64_t> inode_of(std::string_view link) {
  Cursor cursor(link);
  if (!cursor.take("pid:[") || !cursor.rest().ends_with("]")) {
    return std::nullopt;
  }
  return parse_number<std::uint64_t>(cursor.rest().substr(0, cursor.rest().size() - 1));
}

class PidNamespaces {
 public:
  explicit PidNamespaces(Reader& reader) : reader_(reader), processes_(reader.host().processes) {}

  void read() {
    std::map<std::uint64_t, std::vector<const Process*>> of_children;
    for (const Process& process : processes_.all) {
      // A zombie has left its namespaces and makes no children.
      if (process.kernel_thread || process.state == 'Z' || process.state == 'X') {
        continue;
      }
      if (const auto inode = link(process.pid, "pid_for_children")) {
        of_children[*inode].push_back(&process);
      }
    }
    // Most processes live where their children do, so one of them is enough.
    for (const auto& [inode, group] : of_children) {
      for (const Process* process : group) {
        const auto own = link(process->pid, "pid");
        if (own == inode) {
          break;
        }
        if (own && processes_.pid_namespaces.size() < most_kept) {
          processes_.pid_namespaces.push_back({process->pid, process->comm, *own, inode, false});
        }
      }
    }
    look_for_inhabitants();
  }

 private:
  // Among the children of those who have one, then everybody, also who has come since the list was
  // made; until each namespace has somebody.
  void look_for_inhabitants() {
    std::set<std::uint64_t> wanted;
    std::set<std::int32_t> parents;
    for (const PidNamespaceUser& user : processes_.pid_namespaces) {
      wanted.insert(user.of_children);
      parents.insert(user.pid);
    }
    for (const Process& process : processes_.all) {
      if (process.ppid && parents.contains(*process.ppid)) {
        wanted.erase(link(process.pid, "pid").value_or(0));
      }
    }
    const auto listing = wanted.empty() ? tl::expected<Listing, FileError>(Listing())
                                        : reader_.files().list("/proc");
    for (const Entry& entry : listing ? listing->entries : std::vector<Entry>()) {
      const auto pid = parse_number<std::int32_t>(entry.name);
      if (const auto own = pid ? link(*pid, "pid") : std::nullopt) {
        wanted.erase(*own);
      } else if (pid && lives(*pid) && !is_in_namespace_of_proc(*pid)) {
        processes_.pid_namespaces_whole = false;
      }
      if (wanted.empty()) {
        break;
      }
    }
    for (PidNamespaceUser& user : processes_.pid_namespaces) {
      user.inhabited = !wanted.contains(user.of_children);
    }
  }

  bool lives(std::int32_t pid) {
    const auto stat = reader_.files().read(path_of(pid, ProcessFile::stat));
    Process process;
    return stat && parse_stat(*stat, process) && process.state != 'Z' && process.state != 'X';
  }

  // It has one pid, so it is in the one of this /proc. That
  // is never the one of somebody else's children: setns() only leads to a namespace below one's
  // own.
  bool is_in_namespace_of_proc(std::int32_t pid) {
    const auto status = reader_.files().read(path_of(pid, ProcessFile::status));
    constexpr std::string_view key = "\nNSpid:\t";
    const std::size_t at = status ? status->find(key) : std::string::npos;
    if (at == std::string::npos) {
      return false;
    }
    const std::string_view line = std::string_view(*status).substr(at + key.size());
    return parse_number<std::int32_t>(line.substr(0, line.find('\n'))) == pid;
  }

  std::optional<std::uint64_t> link(std::int32_t pid, const char* name) {
    const auto target = reader_.files().read_link("/proc/" + std::to_string(pid) + "/ns/" + name);
    return target ? inode_of(*target) : std::nullopt;
  }

  Reader& reader_;
  Processes& processes_;
};

}  // namespace

void read_pid_namespaces(Reader& reader) {
  PidNamespaces(reader).read();
  Processes& processes = reader.host().processes;
  processes.pid_namespaces_whole = processes.pid_namespaces_whole && !processes.cut;
}

}  // namespace whyoom::host
