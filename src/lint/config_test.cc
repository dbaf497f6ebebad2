#include "lint/config.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::lint {
namespace {

// "key=value@line:column " for each setting.
std::string settings_of(Format format, std::string_view text) {
  std::string all;
  for (const Setting& setting : read_config(format, text).settings) {
    all += setting.key + "=" + setting.value + "@" + std::to_string(setting.at.line) + ":" +
           std::to_string(setting.at.column) + (setting.of_pod ? "p" : "") + " ";
  }
  return all;
}

TEST(Config, FormatsByNameAndByText) {
  EXPECT_EQ(format_of("/etc/sysctl.d/10-x.conf", ""), Format::sysctl);
  EXPECT_EQ(format_of("etc/sysctl.conf", "x"), Format::sysctl);
  EXPECT_EQ(format_of("x.conf", "# a\nvm.swappiness = 1\n"), Format::sysctl);
  EXPECT_EQ(format_of("x/tuned.conf", "[main]\n"), Format::tuned);
  EXPECT_EQ(format_of("x.conf", "[sysctl]\nvm.x=1\n"), Format::tuned);
  EXPECT_EQ(format_of("x.yml", ""), Format::yaml);
  EXPECT_EQ(format_of("user-data", "#cloud-config\n"), Format::yaml);
  EXPECT_EQ(format_of("user-data", "#!/bin/bash\n"), Format::shell);
  EXPECT_EQ(format_of("-", "vm.x=1\n"), Format::sysctl);
  EXPECT_EQ(format_of("nginx.conf", "worker_processes 1;\n"), Format::unknown);
  EXPECT_EQ(format_of("x.service", "[Service]\nMemoryMax=1G\n"), Format::unknown);
  EXPECT_EQ(format_of("main.tf", "vm.x = 1\n"), Format::unknown);
}

TEST(Config, NamesOfSysctls) {
  for (const char* name :
       {"vm.min_free_kbytes", "vm/x", "kernel.keys.maxkeys", "net.ipv4.ip_forward",
        "net.ipv4.conf.*.rp_filter", "net/bridge/x", "fs.file-max"}) {
    EXPECT_TRUE(looks_like_sysctl(name)) << name;
  }
  for (const char* name : {"vm", "vm.", "net.beta.kubernetes.io/os", "net.example.com", "a.b",
                           "vm.x y", "kernel.{{ x }}", "", "Set vm.x"}) {
    EXPECT_FALSE(looks_like_sysctl(name)) << name;
  }
}

TEST(Config, SysctlFiles) {
  EXPECT_EQ(settings_of(Format::sysctl, "# c\n vm.a = 1 \n-kernel/b=2\n;x\n"),
            "vm.a=1@2:2 kernel/b=2@3:2 ");
  const Config damaged = read_config(Format::sysctl, "vm.a 1\nvm.b=2\n");
  ASSERT_EQ(damaged.not_read.size(), 1U);
  EXPECT_EQ(damaged.not_read[0].at, (Spot{1, 1}));
  EXPECT_EQ(read_config(Format::sysctl, "\xef\xbb\xbfvm.a=1\n").not_read.size(), 1U);
}

TEST(Config, Tuned) {
  EXPECT_EQ(settings_of(Format::tuned,
                        "[main]\ninclude=x\n[vm]\nvm.no=1\n[sysctl]\nreplace=1\nvm.a=1 # c\n"
                        "net.core.somaxconn=>2048\n[x]\nvm.no=1\n"),
            "vm.a=1@7:1 net.core.somaxconn=2048@8:1 ");
}

TEST(Config, Scripts) {
  EXPECT_EQ(settings_of(Format::shell,
                        "#!/bin/sh\nsysctl -q -w vm.a=1 \"vm.b=2 3\"; echo vm\n"
                        "/sbin/sysctl vm.c='4' && true\nsysctl -w \\\n  vm.d=5\n"
                        "echo 6 > /proc/sys/vm/e\necho -n 7 >/proc/sys/vm/f\n"
                        "echo 8 | sudo tee /proc/sys/vm/g\necho 'vm.h = 9' >> /etc/sysctl.conf\n"
                        "cat > /etc/sysctl.d/x.conf <<X\nvm.i = 10\nX\n# sysctl -w vm.no=1\n"
                        "cat /proc/sys/vm/no\nif [ vm.no=1 ]; then :; fi\n"),
            "vm.a=1@2:14 vm.b=2 3@2:22 vm.c=4@3:14 vm.d=5@5:3 vm/e=6@6:10 vm/f=7@7:12 "
            "vm/g=8@8:19 vm.h=9@9:7 vm.i=10@11:1 ");
}

TEST(Config, Ansible) {
  EXPECT_EQ(settings_of(Format::yaml,
                        "- hosts: all\n  vars:\n    vm.a: 1\n    sysctl_config:\n      vm.b: '2'\n"
                        "  tasks:\n    - name: vm.no\n      ansible.posix.sysctl:\n"
                        "        name: vm.c\n        value: '3'\n"
                        "    - sysctl: name=vm.d value=4 state=present\n"
                        "    - sysctl: {name: vm.no, value: 1, state: absent}\n"
                        "    - shell: sysctl -w vm.e=5\n"
                        "      loop:\n        - {key: vm.f, value: 6}\n"),
            "vm.a=1@3:5 vm.b=2@5:7 vm.c=3@9:15 vm.d=4@11:15 vm.e=5@13:24 vm.f=6@15:17 ");
}

TEST(Config, CloudInit) {
  EXPECT_EQ(settings_of(Format::yaml,
                        "#cloud-config\nwrite_files:\n  - path: /etc/sysctl.d/x.conf\n"
                        "    content: |\n      # c\n      vm.a = 1\nruncmd:\n"
                        "  - [sysctl, -w, vm.b=2]\n  - sysctl -w vm.c=3\n"
                        "bootcmd:\n  - [sh, -c, 'sysctl -w vm.d=4']\n"),
            "vm.a=1@6:7 vm.b=2@8:18 vm.c=3@9:15 vm.d=4@11:25 ");
  EXPECT_EQ(read_config(Format::yaml,
                        "write_files:\n- path: /etc/sysctl.d/x.conf\n"
                        "  encoding: b64\n  content: eA==\n")
                .not_read.size(),
            1U);
}

TEST(Config, Kubernetes) {
  EXPECT_EQ(settings_of(Format::yaml,
                        "kind: Pod\nmetadata:\n  labels:\n    net.example.com/x: 'y'\nspec:\n"
                        "  securityContext:\n    sysctls:\n    - name: net.core.somaxconn\n"
                        "      value: '1024'\n  containers:\n  - command: [sh, -c]\n    args:\n"
                        "    - |\n      set -e\n      sysctl -w vm.a=1\n---\nkind: ConfigMap\n"
                        "data:\n  x.conf: |\n    vm.b = 2\n  tuned: |\n    [sysctl]\n    vm.c=3\n"),
            "net.core.somaxconn=1024@8:13p vm.a=1@15:17 vm.b=2@20:5 vm.c=3@23:5 ");
}

TEST(Config, Containers) {
  const Config config = read_config(
      Format::yaml,
      "spec:\n  containers:\n  - name: a\n    args: [java, -Xmx1g]\n    env:\n    - name: X\n"
      "      value: y\n    resources:\n      limits: {memory: 512m}\n      requests:\n"
      "        memory: 1Gi\n  - name: no-limit\n    args: [x]\n");
  ASSERT_EQ(config.containers.size(), 1U);
  EXPECT_EQ(config.containers[0].limit, "512m");
  EXPECT_EQ(config.containers[0].words.size(), 3U);
  EXPECT_EQ(config.containers[0].words[2].variable, "X");
  ASSERT_EQ(config.memory_units.size(), 1U);
  EXPECT_EQ(config.memory_units[0].at, (Spot{9, 24}));
}

}  // namespace
}  // namespace whyoom::lint
