#include "memory/cgroup_owner.h"

#include <gtest/gtest.h>

#include <array>

#include "memory/attribution.h"

namespace whyoom::memory {
namespace {

using Kind = CgroupOwner::Kind;
using Qos = CgroupOwner::Qos;

const std::string id1(std::string(12, 'a') + std::string(52, '1'));
const std::string id2("0123456789abcdef" + std::string(48, 'f'));
const std::string uid = "8f0c1e9a-4b5d-4c6e-8f70-123456789abc";
const std::string uid_of_slice = "8f0c1e9a_4b5d_4c6e_8f70_123456789abc";

CgroupOwner owner_of(const std::string& path) {
  const auto owner = cgroup_owner(path);
  EXPECT_TRUE(owner) << path;
  return owner.value_or(CgroupOwner{});
}

std::string text_of(const std::string& path) {
  const auto owner = cgroup_owner(path);
  return owner ? describe(*owner) : "(none)";
}

struct Expected {
  std::string path, text;
  Kind kind;
  std::optional<std::string> unit;
};

void expect_each(const std::vector<Expected>& list) {
  for (const Expected& expected : list) {
    const CgroupOwner owner = owner_of(expected.path);
    EXPECT_EQ(describe(owner), expected.text) << expected.path;
    EXPECT_EQ(name(owner.kind), name(expected.kind)) << expected.path;
    EXPECT_EQ(owner.unit, expected.unit) << expected.path;
  }
}

TEST(CgroupOwner, SystemdUnits) {
  expect_each({
      {"/system.slice/nginx.service", "nginx.service", Kind::service, "nginx.service"},
      {"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", Kind::service,
       "getty@tty1.service"},
      {"/system.slice", "system.slice", Kind::slice, "system.slice"},
      {"/init.scope", "init.scope", Kind::scope, "init.scope"},
      {"/system.slice/nginx.service/worker/1", "nginx.service", Kind::service, "nginx.service"},
      {R"(/system.slice/system-systemd\x2dfsck.slice/systemd-fsck@dev-disk.service)",
       "systemd-fsck@dev-disk.service", Kind::service, "systemd-fsck@dev-disk.service"},
      {R"(/system.slice/var-lib-my\x2ddata.mount)", "var-lib-my-data.mount", Kind::other_unit,
       R"(var-lib-my\x2ddata.mount)"},
      {"/system.slice/fstests-generic-531.scope", "fstests-generic-531.scope", Kind::scope,
       "fstests-generic-531.scope"},
      {"/system.slice/nginx.service (deleted)", "nginx.service", Kind::service, "nginx.service"},
      {"/../../system.slice/nginx.service", "nginx.service", Kind::service, "nginx.service"},
      {"system.slice//nginx.service/", "nginx.service", Kind::service, "nginx.service"},
  });
}

TEST(CgroupOwner, UsersAndSessions) {
  expect_each({
      {"/user.slice", "user.slice", Kind::slice, "user.slice"},
      {"/user.slice/user-1000.slice", "user 1000", Kind::user, "user-1000.slice"},
      {"/user.slice/user-1000.slice/session-3.scope", "user 1000, session 3", Kind::session,
       "session-3.scope"},
      {"/user.slice/user-42.slice/session-c2.scope", "user 42, session c2", Kind::session,
       "session-c2.scope"},
      {"/user.slice/user-1000.slice/user@1000.service", "user 1000", Kind::user,
       "user@1000.service"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", "app.slice of user 1000",
       Kind::slice, "user@1000.service"},
      {R"(/user.slice/user-1000.slice/user@1000.service/app.slice/app-my\x2dapp-12.scope)",
       "app-my-app-12.scope of user 1000", Kind::scope, "user@1000.service"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
       "foo.service of user 1000", Kind::service, "user@1000.service"},
      // Near misses.
      {"/user.slice/user-root.slice", "user-root.slice", Kind::slice, "user-root.slice"},
      {"/user.slice/user-99999999999.slice", "user-99999999999.slice", Kind::slice,
       "user-99999999999.slice"},
      {"/system.slice/session-3.scope", "session-3.scope", Kind::scope, "session-3.scope"},
      {"/user.slice/user-.slice", "user-.slice", Kind::slice, "user-.slice"},
  });
  EXPECT_EQ(owner_of("/user.slice/user-1000.slice/session-3.scope").uid, 1000U);
}

TEST(CgroupOwner, ContainersOfEachRuntime) {
  const std::string scope = "docker-" + id1 + ".scope";
  const std::string podman = "libpod-" + id1 + ".scope";
  const std::string home = "/user.slice/user-1000.slice/user@1000.service/user.slice/";
  expect_each({
      {"/docker/" + id1, "docker container aaaaaaaaaaaa", Kind::container, std::nullopt},
      {"/system.slice/" + scope, "docker container aaaaaaaaaaaa", Kind::container, scope},
      {home + scope, "docker container aaaaaaaaaaaa of user 1000", Kind::container,
       "user@1000.service"},
      {"/mine/" + id1, "container aaaaaaaaaaaa", Kind::container, std::nullopt},
      {"/machine.slice/" + podman, "podman container aaaaaaaaaaaa", Kind::container, podman},
      {"/machine.slice/" + podman + "/container", "podman container aaaaaaaaaaaa", Kind::container,
       podman},
      {home + podman + "/container", "podman container aaaaaaaaaaaa of user 1000", Kind::container,
       "user@1000.service"},
      {"/libpod_parent/libpod-" + id1, "podman container aaaaaaaaaaaa", Kind::container,
       std::nullopt},
      {"/system.slice/web.service/libpod-payload-" + id1, "podman container aaaaaaaaaaaa",
       Kind::container, "web.service"},
      {"/system.slice/nerdctl-" + id1 + ".scope", "containerd container aaaaaaaaaaaa",
       Kind::container, "nerdctl-" + id1 + ".scope"},
      {"/k8s.io/" + id1, "containerd container aaaaaaaaaaaa", Kind::container, std::nullopt},
      {"/lxc/web1", "LXC container web1", Kind::container, std::nullopt},
      {"/lxc/100/ns", "LXC container 100", Kind::container, std::nullopt},
      {"/lxc.payload.web1", "LXC container web1", Kind::container, std::nullopt},
      {"/lxc.payload/web1", "LXC container web1", Kind::container, std::nullopt},
      {"/lxc.monitor.web1", "LXC container web1", Kind::container, std::nullopt},
  });
  EXPECT_EQ(owner_of("/docker/" + id2).container, "0123456789ab");
  EXPECT_EQ(owner_of("/docker/" + id2).runtime, "docker");
  EXPECT_EQ(owner_of("/machine.slice/libpod-conmon-" + id2 + ".scope").runtime, "podman");
}

TEST(CgroupOwner, MachinesAndGuests) {
  expect_each({
      {"/machine.slice/machine-deb12.scope", "machine deb12", Kind::machine, "machine-deb12.scope"},
      {R"(/machine.slice/machine-qemu\x2d3\x2dwin\x2dserver.scope/libvirt/vcpu0)",
       "virtual machine win-server", Kind::machine, R"(machine-qemu\x2d3\x2dwin\x2dserver.scope)"},
      {R"(/machine.slice/machine-lxc\x2d812\x2dguest.scope)", "libvirt-lxc container guest",
       Kind::machine, R"(machine-lxc\x2d812\x2dguest.scope)"},
      {"/machine.slice/systemd-nspawn@web.service/payload", "systemd-nspawn container web",
       Kind::machine, "systemd-nspawn@web.service"},
      {"/machine/qemu-1-vm7.libvirt-qemu/emulator", "virtual machine vm7", Kind::machine,
       std::nullopt},
      {"/machine/vm7.libvirt-qemu", "virtual machine vm7", Kind::machine, std::nullopt},
      {"/libvirt/qemu/vm7/vcpu1", "virtual machine vm7", Kind::machine, std::nullopt},
      {"/libvirt/lxc/guest", "libvirt-lxc container guest", Kind::machine, std::nullopt},
      {"/qemu.slice/100.scope", "virtual machine 100", Kind::machine, "100.scope"},
      // Not libvirt's: no number, or no name behind it.
      {R"(/machine.slice/machine-qemu\x2dfoo.scope)", "machine qemu-foo", Kind::machine,
       R"(machine-qemu\x2dfoo.scope)"},
      {R"(/machine.slice/machine-qemu\x2d1\x2d.scope)", "machine qemu-1-", Kind::machine,
       R"(machine-qemu\x2d1\x2d.scope)"},
  });
}

TEST(CgroupOwner, PodsOfTheSystemdDriver) {
  const std::string slice = "kubepods-burstable-pod" + uid_of_slice + ".slice";
  const std::string top = "/kubepods.slice/kubepods-burstable.slice/";
  const std::string scope = "cri-containerd-" + id1 + ".scope";
  const std::string text = "pod " + uid + " (burstable)";
  const std::string whole = text + ", container aaaaaaaaaaaa";
  expect_each({
      {"/kubepods.slice", "all pods of the node", Kind::pods, "kubepods.slice"},
      {"/kubepods.slice/kubepods-besteffort.slice", "all besteffort pods of the node", Kind::pods,
       "kubepods-besteffort.slice"},
      {top + slice, text, Kind::pod, slice},
      {top + slice + "/" + scope, whole, Kind::pod, scope},
      {top + slice + "/crio-" + id1 + ".scope/container", whole, Kind::pod,
       "crio-" + id1 + ".scope"},
      {top + slice + "/docker-" + id1 + ".scope", whole, Kind::pod, "docker-" + id1 + ".scope"},
      {"/kubepods.slice/kubepods-pod" + uid_of_slice + ".slice", "pod " + uid + " (guaranteed)",
       Kind::pod, "kubepods-pod" + uid_of_slice + ".slice"},
      {"/system.slice/containerd.service/" + slice + ":cri-containerd:" + id1, whole, Kind::pod,
       "containerd.service"},
      {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + uid_of_slice + ".slice",
       "pod " + uid + " (guaranteed)", Kind::pod, "kubelet-kubepods-pod" + uid_of_slice + ".slice"},
      {top + "kubepods-burstable-pod" + std::string(32, 'e') + ".slice",
       "pod " + std::string(32, 'e') + " (burstable)", Kind::pod,
       "kubepods-burstable-pod" + std::string(32, 'e') + ".slice"},
  });
  const CgroupOwner owner = owner_of(top + slice + "/" + scope);
  EXPECT_EQ(owner.pod, uid);
  EXPECT_EQ(owner.qos, Qos::burstable);
  EXPECT_EQ(owner.runtime, "containerd");
  EXPECT_EQ(owner_of(top + slice + "/crio-" + id1 + ".scope").runtime, "cri-o");
}

TEST(CgroupOwner, PodsOfTheCgroupfsDriver) {
  const std::string text = "pod " + uid;
  expect_each({
      {"/kubepods", "all pods of the node", Kind::pods, std::nullopt},
      {"/kubepods/burstable", "all burstable pods of the node", Kind::pods, std::nullopt},
      {"/kubepods/burstable/pod" + uid, text + " (burstable)", Kind::pod, std::nullopt},
      {"/kubepods/besteffort/pod" + uid + "/" + id1, text + " (besteffort), container aaaaaaaaaaaa",
       Kind::pod, std::nullopt},
      {"/kubepods/pod" + uid + "/" + id1, text + " (guaranteed), container aaaaaaaaaaaa", Kind::pod,
       std::nullopt},
      {"/kubepods/pod" + uid + "/crio-" + id1, text + " (guaranteed), container aaaaaaaaaaaa",
       Kind::pod, std::nullopt},
      {"/kubelet/kubepods/burstable/pod" + uid, text + " (burstable)", Kind::pod, std::nullopt},
  });
  EXPECT_EQ(owner_of("/kubepods/pod" + uid).qos, Qos::guaranteed);
}

TEST(CgroupOwner, OfAContainerInAContainerTheHostKnowsTheOuter) {
  const std::string outer = "docker-" + id1 + ".scope";
  const std::string kind = "/system.slice/" + outer;
  const std::string slice = "kubelet-kubepods-besteffort-pod" + uid_of_slice + ".slice";
  const std::string docker = "docker container aaaaaaaaaaaa";
  const std::string pod = "pod " + uid + " (guaranteed), container aaaaaaaaaaaa";
  expect_each({
      // kind: a node in a container.
      {kind + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/" + slice,
       slice + " in " + docker, Kind::slice, outer},
      {kind + "/kubelet/kubepods/burstable/pod" + uid + "/" + id2, docker, Kind::container, outer},
      // Docker in docker, in a pod, and with systemd inside.
      {"/docker/" + id1 + "/docker/" + id2, docker, Kind::container, std::nullopt},
      {"/kubepods/pod" + uid + "/" + id1 + "/docker/" + id2, pod, Kind::pod, std::nullopt},
      {"/kubepods/pod" + uid + "/" + id1 + "/system.slice/docker-" + id2 + ".scope",
       "docker-" + id2 + ".scope in " + pod, Kind::scope, std::nullopt},
      {"/docker/" + id1 + "/init", docker, Kind::container, std::nullopt},
      {"/docker/" + id1 + "/system.slice/nginx.service", "nginx.service in " + docker,
       Kind::service, std::nullopt},
      {"/lxc.payload.web1/user.slice/user-7.slice/session-1.scope",
       "session-1.scope in LXC container web1", Kind::scope, std::nullopt},
  });
  const CgroupOwner owner = owner_of(kind + "/kubelet/kubepods/pod" + uid + "/" + id2);
  EXPECT_EQ(owner.pod, std::nullopt);
  EXPECT_EQ(owner.container, "aaaaaaaaaaaa");
  EXPECT_EQ(owner_of("/lxc.payload.web1/user.slice/user-7.slice").uid, std::nullopt);
}

// Whoever may make cgroups below his own chooses their names.
TEST(CgroupOwner, NoNameBelowAnOwnersCgroupNamesAnother) {
  const std::string victim = "22222222-2222-2222-2222-222222222222";
  const std::string slice = "kubepods-pod22222222_2222_2222_2222_222222222222.slice";
  const std::string scope = "cri-containerd-" + id2 + ".scope";
  const std::vector<std::string> forged = {
      "/" + slice + "/" + scope,
      "/kubepods.slice/" + slice,
      "/kubepods/pod" + victim + "/" + id2,
      "/pod" + victim,
      "/" + slice + ":cri-containerd:" + id2,
      "/system.slice/sshd.service",
      "/user.slice/user-0.slice/session-1.scope",
      "/user@0.service",
  };
  struct Own {
    std::string path;
    std::optional<std::string> pod, unit;
    std::optional<std::uint32_t> user;
    std::string named;  // stands in each text
  };
  const std::string pod = "/kubepods.slice/kubepods-pod" + uid_of_slice + ".slice";
  const std::string crio = "crio-" + id1 + ".scope";
  const std::vector<Own> owners = {
      {"/user.slice/user-1000.slice/user@1000.service/app.slice",
       {},
       "user@1000.service",
       1000,
       "user 1000"},
      {pod + "/" + crio, uid, crio, {}, "pod " + uid},
      {pod + "/of-an-unknown-runtime", uid, pod.substr(16), {}, "pod " + uid},
      {"/docker/" + id1, {}, {}, {}, "docker container aaaaaaaaaaaa"},
      {"/lxc/web1", {}, {}, {}, "LXC container web1"},
      {"/machine.slice/machine-a.scope/payload", {}, "machine-a.scope", {}, " a"},
  };
  for (const Own& own : owners) {
    for (const std::string& name : forged) {
      const CgroupOwner owner = owner_of(own.path + name);
      EXPECT_EQ(owner.pod, own.pod) << own.path << name;
      EXPECT_EQ(owner.unit, own.unit) << own.path << name;
      EXPECT_EQ(owner.uid, own.user) << own.path << name;
      EXPECT_NE(describe(owner).find(own.named), std::string::npos) << describe(owner);
    }
  }
  // A service that was given its cgroup; only what runs containers has pods, by their slices'
  // names.
  EXPECT_EQ(text_of("/system.slice/a.service/system.slice/sshd.service"),
            "sshd.service in a.service");
  EXPECT_EQ(owner_of("/system.slice/a.service/kubepods.slice/" + slice).pod, std::nullopt);
  EXPECT_EQ(owner_of("/system.slice/a.service/kubepods/pod" + victim).pod, std::nullopt);
}

TEST(CgroupOwner, NearMisses) {
  const std::string slice = "kubepods-burstable-pod" + uid_of_slice.substr(1) + ".slice";
  const std::string upper = std::string(64, 'A');
  expect_each({
      {"/system.slice/docker-foo.scope", "docker-foo.scope", Kind::scope, "docker-foo.scope"},
      {"/system.slice/docker-" + id1.substr(1) + ".scope", "docker-" + id1.substr(1) + ".scope",
       Kind::scope, "docker-" + id1.substr(1) + ".scope"},
      {"/system.slice/docker-" + upper + ".scope", "docker-" + upper + ".scope", Kind::scope,
       "docker-" + upper + ".scope"},
      {"/" + slice, slice, Kind::slice, slice},
      {"/mykubepods-pod" + uid_of_slice + ".slice", "mykubepods-pod" + uid_of_slice + ".slice",
       Kind::slice, "mykubepods-pod" + uid_of_slice + ".slice"},
      {"/system.slice/docker.service", "docker.service", Kind::service, "docker.service"},
      {"/machine.slice", "machine.slice", Kind::slice, "machine.slice"},
  });
  // A folder of that name without the folder that the kubelet makes above it.
  EXPECT_FALSE(cgroup_owner("/pod" + uid));
  EXPECT_FALSE(cgroup_owner("/mine/burstable/pod" + uid));
  EXPECT_EQ(text_of("/kubepods/pod" + uid.substr(1)), "all pods of the node");
  // The hash of a manifest has 32 digits.
  EXPECT_EQ(text_of("/kubepods/podabcdef12"), "all pods of the node");
  EXPECT_EQ(text_of("/kubepods/pod" + std::string(32, 'x')), "all pods of the node");
  // Dashes and underscores do not mix.
  EXPECT_EQ(text_of("/kubepods/pod8f0c1e9a-4b5d_4c6e-8f70-123456789abc"), "all pods of the node");
  EXPECT_EQ(text_of("/kubepods/pod" + uid + "/burstable"), "pod " + uid + " (guaranteed)");
}

TEST(CgroupOwner, NothingIsToldOfAPathThatSaysNothing) {
  for (const char* path : {"", "/", "//", "/.", "/..", "/app/web", "in", "/docker", "/docker/web",
                           "/lxc", "/lxc/", "/lxc.payload.", "/libvirt/qemu", "/.service", ".slice",
                           "/-.slice", " (deleted)", "/a.service.d", "(null)"}) {
    EXPECT_FALSE(cgroup_owner(path)) << path;
  }
}

TEST(CgroupOwner, HostileNamesStayFitForATerminal) {
  EXPECT_FALSE(cgroup_owner("/system.slice\x1b[31m/a\nb.service"));
  EXPECT_EQ(text_of("/lxc/a\x1b[31mb"), "LXC container a\\x1b[31mb");
  EXPECT_EQ(text_of("/lxc/a\xff"), "LXC container a\\xff");
  // The escape of a unit's name can hide one.
  EXPECT_EQ(text_of(R"(/a\x1b\x0a.service)"), "a\\x1b\\x0a.service");
  EXPECT_EQ(text_of(R"(/a\x2.service)"), R"(a\x2.service)");
  EXPECT_EQ(text_of(R"(/machine.slice/machine-\x0d.scope)"), "machine \\x0d");
}

TEST(CgroupOwner, LongAndDeepPathsAreRead) {
  const std::string longest(10000, 'x');
  EXPECT_FALSE(cgroup_owner("/" + longest));
  EXPECT_FALSE(cgroup_owner("/" + longest + ".service"));  // the kernel allows 255
  EXPECT_FALSE(cgroup_owner("/lxc/" + longest));
  EXPECT_EQ(text_of("/a.service/" + longest), "a.service");
  std::string deep;
  for (int i = 0; i < 5000; ++i) {
    deep += "/x";
  }
  EXPECT_EQ(text_of(deep + "/docker/" + id1), "docker container aaaaaaaaaaaa");
}

TEST(CgroupOwner, EveryCutOfAPathIsRead) {
  const std::string path = "/system.slice/docker-" + id1 + ".scope/kubelet/kubepods/burstable/pod" +
                           uid + "/cri-containerd-" + id2;
  for (std::size_t size = 0; size < path.size(); ++size) {
    const auto owner = cgroup_owner(std::string_view(path).substr(0, size));
    EXPECT_TRUE(!owner || !describe(*owner).empty()) << size;
    EXPECT_TRUE(!owner || !owner->container || owner->container == "aaaaaaaaaaaa") << size;
  }
  EXPECT_EQ(owner_of(path).container, "aaaaaaaaaaaa");
}

TEST(Describe, DoesNotRepeatThePod) {
  const auto pod = cgroup_owner("/kubepods/pod" + uid);
  const auto container = owner_of("/kubepods/pod" + uid + "/" + id1);
  EXPECT_EQ(describe(container, pod), "container aaaaaaaaaaaa");
  EXPECT_EQ(describe(container, std::nullopt), describe(container));
  EXPECT_EQ(describe(*pod, container), describe(*pod));
  EXPECT_EQ(describe(container, container), describe(container));
  EXPECT_EQ(describe(container, cgroup_owner("/kubepods")), describe(container));
}

TEST(Whose, IsNoUnitsWhereTheCgroupIsOneBelowIt) {
  const auto of = [](const std::string& path) {
    return whose({path, cgroup_owner(path), path}).value_or("");
  };
  EXPECT_EQ(of("/system.slice/nginx.service"), "nginx.service");
  EXPECT_EQ(of("/system.slice/nginx.service/worker"), "the cgroup worker in nginx.service");
  const std::string user = "/user.slice/user-7.slice/user@7.service";
  EXPECT_EQ(of(user + "/app.slice/a.service"), "a.service of user 7");
  EXPECT_EQ(of(user + "/app.slice/a.service/x"), "the cgroup x in a.service of user 7");
  EXPECT_EQ(of("/kubepods/pod" + uid + "/" + id1 + "/inner"),
            of("/kubepods/pod" + uid + "/" + id1));
  EXPECT_EQ(of("/jail"), "");
}

}  // namespace
}  // namespace whyoom::memory
