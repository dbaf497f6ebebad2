#include "memory/cgroup_owner.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text.h"

namespace whyoom::memory {

namespace {

using Kind = CgroupOwner::Kind;
using Qos = CgroupOwner::Qos;

constexpr std::size_t id_digits = 64;
constexpr std::size_t shown_digits = 12;
constexpr std::size_t longest_name = 255;  // NAME_MAX: the kernel makes no longer folder

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix) || text.size() == suffix.size()) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool is_container_id(std::string_view text) {
  return text.size() == id_digits && std::ranges::all_of(text, is_lower_hex);
}

constexpr int hex_value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// "a\x2db" is "a-b". What does not decode stays.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.size() >= 4 && text.starts_with("\\x") && is_lower_hex(text[2]) &&
        is_lower_hex(text[3])) {
      out += static_cast<char>(hex_value(text[2]) * 16 + hex_value(text[3]));
      text.remove_prefix(4);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

// "\x2d" and the characters that systemd allows in the name of a unit.
bool is_unit_name(std::string_view text) {
  constexpr std::string_view signs = ":-_.\\@";
  return !text.empty() && text.front() != '.' && std::ranges::all_of(text, [&](char c) {
    return is_alnum(c) || signs.find(c) != std::string_view::npos;
  });
}

std::optional<Kind> unit_kind(std::string_view part) {
  constexpr std::array<std::pair<std::string_view, Kind>, 6> types{{{".service", Kind::service},
                                                                    {".scope", Kind::scope},
                                                                    {".slice", Kind::slice},
                                                                    {".mount", Kind::other_unit},
                                                                    {".socket", Kind::other_unit},
                                                                    {".swap", Kind::other_unit}}};
  for (const auto& [suffix, kind] : types) {
    std::string_view name = part;
    if (take_suffix(name, suffix) && is_unit_name(name)) {
      return kind;
    }
  }
  return std::nullopt;
}

// "8-4-4-4-12" hexadecimal digits. The systemd driver writes '_' for '-', which separates slices.
// The UID of a static pod is the hash of its manifest: 32 digits.
std::optional<std::string> pod_uid(std::string_view text) {
  constexpr std::size_t uuid_size = 36;
  constexpr std::size_t hash_size = 32;
  if (text.size() == hash_size && std::ranges::all_of(text, is_lower_hex)) {
    return std::string(text);
  }
  if (text.size() != uuid_size) {
    return std::nullopt;
  }
  std::string uid(text);
  const char dash = text[8];
  for (std::size_t i = 0; i < uuid_size; ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? (text[i] != dash || (dash != '-' && dash != '_')) : !is_lower_hex(text[i])) {
      return std::nullopt;
    }
    uid[i] = is_dash ? '-' : text[i];
  }
  return uid;
}

std::optional<Qos> qos_named(std::string_view text) {
  if (text == "burstable") {
    return Qos::burstable;
  }
  return text == "besteffort" ? std::optional(Qos::besteffort) : std::nullopt;
}

struct RuntimePrefix {
  std::string_view prefix, runtime;
};

// In front of a container's id, in the name of its scope or folder. Longer ones first.
constexpr std::array<RuntimePrefix, 13> id_prefixes{{{"crio-conmon-", "cri-o"},
                                                     {"crio-", "cri-o"},
                                                     {"cri-containerd-", "containerd"},
                                                     {"containerd-", "containerd"},
                                                     {"cri-docker-", "docker"},
                                                     {"docker-", "docker"},
                                                     {"libpod-conmon-", "podman"},
                                                     {"libpod-payload-", "podman"},
                                                     {"libpod-", "podman"},
                                                     {"nerdctl-", "containerd"},
                                                     {"isulad-", "isulad"},
                                                     {"runc-", "runc"},
                                                     {"crun-", "crun"}}};

// A folder whose own folders are containers, named by their ids alone.
constexpr std::array<RuntimePrefix, 4> id_parents{
    {{"docker", "docker"}, {"moby", "docker"}, {"k8s.io", "containerd"}, {"isulad", "isulad"}}};

std::string_view runtime_of(std::span<const RuntimePrefix> table, std::string_view text) {
  const auto found = std::ranges::find(table, text, &RuntimePrefix::prefix);
  return found == table.end() ? std::string_view() : found->runtime;
}

// Reads a path part by part, from the root on. Slices, and what lies in them, are made by who
// runs the host. Below a service, a scope, a pod's container or a machine all names are its own, if
// it may make cgroups at all (systemd's Delegate=, a cgroup namespace): they are told as its names,
// and no pod, user or unit of the host follows from them.
class Reader {
 public:
  void read(std::string_view part) {
    if (part.empty() || part.size() > longest_name || part == "." || part == "..") {
      return;
    }
    const bool in_pod = owner_.pod.has_value();
    const bool known = (!owner_.container && read_host(part)) || read_unit(part);
    static_cast<void>(known);
    const auto kind = unit_kind(part);
    own_ = own_ || in_pod || owner_.container || (kind && kind != Kind::slice);
    grandparent_ = parent_;
    parent_ = part;
  }

  [[nodiscard]] std::optional<CgroupOwner> take() {
    return known_ ? std::optional(std::move(owner_)) : std::nullopt;
  }

 private:
  void set(Kind kind) {
    owner_.kind = kind;
    known_ = true;
  }
  void set_unit(std::string_view part) { (own_ ? owner_.inner : owner_.unit) = printable(part); }

  // What is a container or a machine already is no other one.
  bool read_host(std::string_view part) {
    const bool pods = !own_ && (read_pod_slice(part) || read_pod_folder(part));
    return pods || read_cri_name(part) || read_container(part) || read_lxc(part) ||
           read_machine(part) || (!own_ && read_user(part));
  }

  void set_container(Kind kind, std::string container, std::string_view runtime) {
    owner_.container = std::move(container);
    owner_.runtime =
        runtime.empty() ? std::optional<std::string>() : std::optional(std::string(runtime));
    set(kind);
  }
  void set_id(std::string_view id, std::string_view runtime) {
    set_container(owner_.pod ? Kind::pod : Kind::container, std::string(id.substr(0, shown_digits)),
                  runtime);
  }

  void set_pod(std::string uid, std::optional<Qos> qos) {
    owner_.pod = std::move(uid);
    owner_.qos = qos;
    in_kubepods_ = true;
    set(Kind::pod);
  }

  // All pods, or those of a QoS class.
  void set_pods(std::optional<Qos> qos) {
    in_kubepods_ = true;
    class_ = qos;
    owner_.qos = qos;
    set(Kind::pods);
  }

  // "kubepods[-QOS][-podUID].slice", also behind the slice that the kubelet was told to use.
  bool read_pod_slice(std::string_view part) {
    std::string_view rest = part;
    if (!take_suffix(rest, ".slice")) {
      return false;
    }
    const bool taken = read_pod_name(rest);
    if (taken) {
      set_unit(part);
    }
    return taken;
  }

  bool read_pod_name(std::string_view rest) {
    constexpr std::string_view word = "kubepods";
    const auto at = rest.rfind(word);
    if (owner_.pod || at == std::string_view::npos || (at > 0 && rest[at - 1] != '-')) {
      return false;
    }
    rest.remove_prefix(at + word.size());
    std::optional<Qos> qos;
    for (const std::string_view text : {"burstable", "besteffort"}) {
      if (rest.starts_with('-') && rest.substr(1).starts_with(text)) {
        qos = qos_named(text);
        rest.remove_prefix(1 + text.size());
        break;
      }
    }
    if (rest.empty()) {
      set_pods(qos);
      return true;
    }
    return take_prefix(rest, "-pod") && read_uid(rest, qos);
  }

  // A pod of no class is guaranteed.
  bool read_uid(std::string_view text, std::optional<Qos> qos) {
    auto uid = pod_uid(text);
    if (uid) {
      set_pod(std::move(*uid), qos.value_or(Qos::guaranteed));
    }
    return uid.has_value();
  }

  // "/kubepods/burstable/podUID"; a pod right below kubepods is guaranteed.
  bool read_pod_folder(std::string_view part) {
    if (part == "kubepods" && !owner_.pod) {
      set_pods(std::nullopt);
      return true;
    }
    if (!in_kubepods_) {
      return false;
    }
    if (const auto qos = qos_named(part); qos && owner_.kind == Kind::pods) {
      set_pods(qos);
      return true;
    }
    std::string_view rest = part;
    return owner_.kind == Kind::pods && take_prefix(rest, "pod") && read_uid(rest, class_);
  }

  // "SLICE:cri-containerd:ID": a kubelet with the systemd driver above a containerd without it. Its
  // service holds the containers; a user's own has no pods of this host.
  bool read_cri_name(std::string_view part) {
    const auto last = part.rfind(':');
    const auto first = part.find(':');
    if (last == std::string_view::npos || first == last ||
        !is_container_id(part.substr(last + 1))) {
      return false;
    }
    std::string_view slice = part.substr(0, first);
    if (take_suffix(slice, ".slice") && !owner_.uid) {
      read_pod_name(slice);
    }
    const std::string prefix = std::string(part.substr(first + 1, last - first - 1)) + "-";
    set_id(part.substr(last + 1), runtime_of(id_prefixes, prefix));
    return true;
  }

  bool read_container(std::string_view part) {
    std::string_view rest = part;
    const bool scope = take_suffix(rest, ".scope");
    if (!scope && is_container_id(rest)) {
      set_id(rest, runtime_of(id_parents, parent_));
      return true;
    }
    for (const auto& [prefix, runtime] : id_prefixes) {
      std::string_view id = rest;
      if (take_prefix(id, prefix) && is_container_id(id)) {
        if (scope) {
          set_unit(part);
        }
        set_id(id, runtime);
        return true;
      }
    }
    return false;
  }

  // "/lxc/NAME", "/lxc.payload/NAME", "/lxc.payload.NAME"; the monitor is its helper outside.
  bool read_lxc(std::string_view part) {
    std::string_view container = part;
    if (take_prefix(container, "lxc.payload.") || take_prefix(container, "lxc.monitor.") ||
        ((parent_ == "lxc" || parent_ == "lxc.payload" || parent_ == "lxc.monitor") &&
         grandparent_ != "libvirt")) {
      set_container(Kind::container, printable(container), "lxc");
      return true;
    }
    return false;
  }

  // libvirt: "qemu-3-NAME", "lxc-1234-NAME"; anything else is what systemd-machined was told.
  void set_machine(std::string_view text) {
    for (const auto& [prefix, runtime] :
         {std::pair<std::string_view, std::string_view>{"qemu-", "qemu"},
          {"lxc-", "libvirt-lxc"}}) {
      std::string_view rest = text;
      if (!take_prefix(rest, prefix)) {
        continue;
      }
      Cursor cursor(rest);
      if (cursor.take_unsigned() && cursor.take('-') && !cursor.at_end()) {
        set_container(Kind::machine, printable(cursor.rest()), runtime);
        return;
      }
    }
    set_container(Kind::machine, printable(text), "");
  }

  bool read_machine(std::string_view part) {
    std::string_view rest = part;
    if (take_suffix(rest, ".scope") && is_unit_name(rest)) {
      if (take_prefix(rest, "machine-")) {
        set_unit(part);
        set_machine(unescaped(rest));
        return true;
      }
      if (parent_ == "qemu.slice") {  // Proxmox VE
        set_unit(part);
        set_container(Kind::machine, undo_escapes(rest), "qemu");
        return true;
      }
      return false;
    }
    return read_nspawn(part) || read_libvirt_folder(part);
  }

  bool read_nspawn(std::string_view part) {
    std::string_view rest = part;
    if (!take_suffix(rest, ".service") || !is_unit_name(rest)) {
      return false;
    }
    for (const std::string_view runtime : {"systemd-nspawn", "systemd-vmspawn"}) {
      std::string_view instance = rest;
      if (take_prefix(instance, runtime) && take_prefix(instance, "@")) {
        set_unit(part);
        set_container(Kind::machine, undo_escapes(instance), runtime);
        return true;
      }
    }
    return false;
  }

  // Without systemd: "/machine/qemu-1-NAME.libvirt-qemu", "/libvirt/qemu/NAME".
  bool read_libvirt_folder(std::string_view part) {
    std::string_view rest = part;
    if (take_suffix(rest, ".libvirt-qemu")) {
      set_machine(rest);
      owner_.runtime = "qemu";
      return true;
    }
    if (take_suffix(rest, ".libvirt-lxc")) {
      set_machine(rest);
      owner_.runtime = "libvirt-lxc";
      return true;
    }
    if (grandparent_ == "libvirt" && (parent_ == "qemu" || parent_ == "lxc")) {
      set_container(Kind::machine, printable(part), parent_ == "qemu" ? "qemu" : "libvirt-lxc");
      return true;
    }
    return false;
  }

  bool read_user(std::string_view part) {
    std::string_view rest = part;
    if (take_suffix(rest, ".slice") && take_prefix(rest, "user-")) {
      const auto uid = parse_number<std::uint32_t>(rest);
      if (uid) {
        owner_.uid = uid;
        set_unit(part);
        set(Kind::user);
      }
      return uid.has_value();
    }
    rest = part;
    if (take_suffix(rest, ".scope") && take_prefix(rest, "session-") && owner_.uid &&
        is_unit_name(rest)) {
      owner_.session = undo_escapes(rest);
      set_unit(part);
      set(Kind::session);
      return true;
    }
    rest = part;
    if (take_suffix(rest, ".service") && take_prefix(rest, "user@")) {
      const auto uid = parse_number<std::uint32_t>(rest);
      if (uid) {
        owner_.uid = uid;
        set_unit(part);
        set(Kind::user);
      }
      return uid.has_value();
    }
    return false;
  }

  bool read_unit(std::string_view part) {
    const auto kind = unit_kind(part);
    if (!kind || part == "-.slice") {
      return false;
    }
    set_unit(part);
    set(*kind);
    return true;
  }

  CgroupOwner owner_;
  bool known_ = false;
  bool in_kubepods_ = false;
  bool own_ = false;          // the names from here on are the owner's own
  std::optional<Qos> class_;  // of the folder that holds the pods
  std::string_view parent_, grandparent_;
};

}  // namespace

std::string undo_escapes(std::string_view unit) { return printable(unescaped(unit)); }

std::optional<CgroupOwner> cgroup_owner(std::string_view path) {
  // /proc/PID/cgroup says so of a cgroup that was removed.
  take_suffix(path, " (deleted)");
  Reader reader;
  while (!path.empty()) {
    reader.read(take_part(path, '/'));
  }
  return reader.take();
}

}  // namespace whyoom::memory
