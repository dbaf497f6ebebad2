// The words for an owner.
#include "base/language.h"
#include "base/text.h"
#include "memory/attribution.h"

namespace whyoom::memory {

namespace {

using Kind = CgroupOwner::Kind;
using Qos = CgroupOwner::Qos;

// What holds the unit or the session: "docker container abc", "pod ...".
std::string container_text(const CgroupOwner& owner) {
  if (owner.pod) {
    std::string text = tr("pod {}", *owner.pod);
    if (owner.qos) {
      text += tr(" ({})", std::string(name(*owner.qos)));
    }
    return owner.container ? tr("{}, container {}", text, owner.container.value_or("")) : text;
  }
  if (!owner.container) {
    return {};
  }
  const std::string runtime = owner.runtime.value_or("");
  if (runtime == "qemu" || runtime == "systemd-vmspawn") {
    return tr("virtual machine {}", owner.container.value_or(""));
  }
  if (owner.kind == Kind::machine && runtime.empty()) {
    return tr("machine {}", owner.container.value_or(""));
  }
  const std::string_view label = runtime == "lxc" ? std::string_view("LXC") : runtime;
  return tr("{}container {}", label.empty() ? "" : std::string(label) + " ",
            owner.container.value_or(""));
}

}  // namespace

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::pods:
      return "pods";
    case Kind::pod:
      return "pod";
    case Kind::container:
      return "container";
    case Kind::machine:
      return "machine";
    case Kind::session:
      return "session";
    case Kind::user:
      return "user";
    case Kind::service:
      return "service";
    case Kind::scope:
      return "scope";
    case Kind::slice:
      return "slice";
    case Kind::other_unit:
      return "unit";
  }
  return "unit";
}

std::string_view name(Qos qos) {
  switch (qos) {
    case Qos::guaranteed:
      return "guaranteed";
    case Qos::burstable:
      return "burstable";
    case Qos::besteffort:
      return "besteffort";
  }
  return "";
}

std::string describe(const CgroupOwner& owner) {
  const std::string user = owner.uid ? tr("user {}", std::to_string(*owner.uid)) : std::string();
  const std::string inside = container_text(owner);
  switch (owner.kind) {
    case Kind::pods:
      return owner.qos ? tr("all {} pods of the node", std::string(name(*owner.qos)))
                       : tr("all pods of the node");
    case Kind::pod:
    case Kind::container:
    case Kind::machine:
      return user.empty() ? inside : tr("{} of {}", inside, user);
    case Kind::session:
    case Kind::user: {
      const std::string who = owner.kind == Kind::session
                                  ? tr("{}, session {}", user, owner.session.value_or(""))
                                  : user;
      return inside.empty() ? who : tr("{} in {}", who, inside);
    }
    default: {
      std::string text = undo_escapes(owner.inner ? *owner.inner : owner.unit.value_or(""));
      if (!inside.empty()) {
        text += tr(" in {}", inside);
      } else if (owner.inner && owner.unit && !owner.uid) {
        text += tr(" in {}", undo_escapes(*owner.unit));
      }
      return user.empty() ? text : tr("{} of {}", text, user);
    }
  }
}

std::string describe(const CgroupOwner& owner, const std::optional<CgroupOwner>& told) {
  if (!told || !owner.pod || told->pod != owner.pod || told->container || !owner.container) {
    return describe(owner);
  }
  CgroupOwner container = owner;
  container.kind = owner.kind == Kind::pod ? Kind::container : owner.kind;
  container.pod.reset();
  container.runtime.reset();
  return describe(container);
}

std::optional<std::string> whose(const CgroupShare& cgroup) {
  if (!cgroup.owner) {
    return std::nullopt;
  }
  const CgroupOwner& owner = *cgroup.owner;
  const bool of_unit = !owner.container && !owner.pod && owner.kind != Kind::pods && owner.unit;
  const std::string part = printable(last_part(cgroup.raw_path));
  return of_unit && part != (owner.inner ? *owner.inner : *owner.unit)
             ? tr("the cgroup {} in {}", part, describe(owner))
             : describe(owner);
}

}  // namespace whyoom::memory
