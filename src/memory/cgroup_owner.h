// Whose a cgroup is, told from its path alone: a Kubernetes pod, a container, a virtual machine, a
// login session, a systemd unit. Paths are those of the kernel's reports and of /proc/PID/cgroup,
// of cgroup v1 and v2. Sources: systemd.unit(5), systemd's UNIT NAMES in cgroups, the kubelet's
// cgroup drivers (systemd, cgroupfs), and what the runtimes name their scopes.
// Who may make a cgroup chooses its name: what a user, a service or a container named below its own
// cgroup never tells of another pod, user or unit of this host. The outermost container is named.
// Any text may come in; what is not a known form gives no owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whyoom::memory {

struct CgroupOwner {
  enum class Kind : std::uint8_t {
    pods,  // all pods of a node, or all of one QoS class
    pod,   // with `container`: that container of it
    container,
    machine,  // virtual machine, or a container that systemd-machined calls a machine
    session,
    user,
    service,
    scope,
    slice,
    other_unit  // .mount, .socket, .swap
  };
  enum class Qos : std::uint8_t { guaranteed, burstable, besteffort };

  Kind kind = Kind::slice;  // of the innermost part of the path that has a meaning
  // The innermost unit of this host's systemd, as systemctl wants it ("\x2d" stays). It can be the
  // container's own scope, or the service around a container without one.
  std::optional<std::string> unit;
  // The innermost name of that form below: of a user's units, or of those in a container.
  std::optional<std::string> inner;
  std::optional<std::string> session;
  std::optional<std::uint32_t> uid;  // of the user whose slice it is in
  std::optional<std::string> runtime;
  // The first 12 digits of its id, as the runtimes list it; a name for LXC and machines.
  std::optional<std::string> container;
  std::optional<std::string> pod;  // its UID, as the API has it
  std::optional<Qos> qos;
};

std::string_view name(CgroupOwner::Kind kind);  // "pod", "container", "service", ...
std::string_view name(CgroupOwner::Qos qos);    // "burstable"

// nullopt: the root, or a path that says nothing about an owner. All strings are printable().
std::optional<CgroupOwner> cgroup_owner(std::string_view path);

// The name of a unit with its "\x2d" undone, printable().
std::string undo_escapes(std::string_view unit);

// For people: "pod 1234... (burstable), container abcdef012345", "nginx.service",
// "user 1000, session 3". Units have their "\x2d" undone.
std::string describe(const CgroupOwner& owner);
// The same beside a text that already names `told`: of a container in the same pod only itself.
std::string describe(const CgroupOwner& owner, const std::optional<CgroupOwner>& told);

}  // namespace whyoom::memory
