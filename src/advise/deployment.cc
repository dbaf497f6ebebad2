#include "advise/deployment.h"

#include <array>

#include "base/message.h"

namespace whyoom::advise {

namespace {

// {1} key, {2} value, {3} base profile. In YAML a value stands in single quotes, {4}.
// `99-zz-` so that the file comes after what distributions and vendors ship.
constexpr std::string_view sysctl_d_text =
    "# /etc/sysctl.d/99-zz-whyoom.conf\n"
    "# Load it with: sysctl --system\n"
    "{1} = {2}\n";

// The module ansible.posix.sysctl writes its whole file anew and drops repeated keys, so this uses
// modules of ansible-core only.
constexpr std::string_view ansible_text =
    "---\n"
    "# ansible-playbook -i INVENTORY whyoom-fix.yml\n"
    "- name: Set {1}\n"
    "  hosts: all\n"
    "  become: true\n"
    "  vars:\n"
    "    whyoom_key: '{1}'\n"
    "    whyoom_value: !unsafe {4}\n"
    "  tasks:\n"
    "    - name: Comment out other lines that set it\n"
    "      ansible.builtin.replace:\n"
    "        path: /etc/sysctl.conf\n"
    "        regexp: '^(\\s*-?{5}\\s*=.*)$'\n"
    "        replace: '# \\1'\n"
    "      register: whyoom_conf\n"
    "      failed_when: whyoom_conf.failed and \"does not exist\" not in (whyoom_conf.msg | "
    "default(''))\n"
    "    - name: Keep it over a restart\n"
    "      ansible.builtin.copy:\n"
    "        dest: /etc/sysctl.d/99-zz-whyoom.conf\n"
    "        content: \"{{ whyoom_key }} = {{ whyoom_value }}\\n\"\n"
    "        owner: root\n"
    "        group: root\n"
    "        mode: '0644'\n"
    "    - name: Read the running value\n"
    "      ansible.builtin.command: \"sysctl -n {{ whyoom_key }}\"\n"
    "      register: whyoom_running\n"
    "      changed_when: false\n"
    "      check_mode: false\n"
    "    - name: Set it now\n"
    "      ansible.builtin.command: \"sysctl -w {{ whyoom_key }}={{ whyoom_value | quote }}\"\n"
    "      when: whyoom_running.stdout.split() != (whyoom_value | string).split()\n"
    "    - name: Read it back\n"
    "      ansible.builtin.command: \"sysctl -n {{ whyoom_key }}\"\n"
    "      register: whyoom_after\n"
    "      changed_when: false\n"
    "      failed_when: whyoom_after.stdout.split() != (whyoom_value | string).split()\n"
    "      when: not ansible_check_mode\n";

constexpr std::string_view cloud_init_text =
    "#cloud-config\n"
    "write_files:\n"
    "  - path: /etc/sysctl.d/99-zz-whyoom.conf\n"
    "    owner: root:root\n"
    "    permissions: '0644'\n"
    "    content: |\n"
    "      {1} = {2}\n"
    "runcmd:\n"
    "  - [sysctl, -p, /etc/sysctl.d/99-zz-whyoom.conf]\n";

// vm.* and most of kernel.* are of the node, not of a pod: only a privileged pod can set them. The
// file is kept on the node; `nsenter` is not needed, because /proc/sys is that of the kernel.
constexpr std::string_view kubernetes_text =
    "# kubectl apply -f whyoom-fix.yaml\n"
    "# Sets {1} on every Linux node, also on new ones, and after each restart of a node.\n"
    "apiVersion: apps/v1\n"
    "kind: DaemonSet\n"
    "metadata:\n"
    "  name: whyoom-fix\n"
    "  namespace: kube-system\n"
    "spec:\n"
    "  selector:\n"
    "    matchLabels:\n"
    "      app: whyoom-fix\n"
    "  template:\n"
    "    metadata:\n"
    "      labels:\n"
    "        app: whyoom-fix\n"
    "    spec:\n"
    "      nodeSelector:\n"
    "        kubernetes.io/os: linux\n"
    "      tolerations:\n"
    "        - operator: Exists\n"
    "      initContainers:\n"
    "        - name: set\n"
    "          image: busybox:1.36\n"
    "          securityContext:\n"
    "            privileged: true\n"
    "          env:\n"
    "            - name: KEY\n"
    "              value: '{1}'\n"
    "            - name: VALUE\n"
    "              value: {4}\n"
    "          command:\n"
    "            - sh\n"
    "            - -euc\n"
    "            - |\n"
    "              sysctl -w \"$KEY=$VALUE\"\n"
    "              echo \"$KEY = $VALUE\" > /host-sysctl.d/99-zz-whyoom.conf\n"
    "          volumeMounts:\n"
    "            - name: sysctl-d\n"
    "              mountPath: /host-sysctl.d\n"
    "      containers:\n"
    "        - name: wait\n"
    "          image: busybox:1.36\n"
    "          command: [sleep, infinity]\n"
    "      volumes:\n"
    "        - name: sysctl-d\n"
    "          hostPath:\n"
    "            path: /etc/sysctl.d\n"
    "            type: DirectoryOrCreate\n";

constexpr std::string_view tuned_text =
    "# /etc/tuned/whyoom/tuned.conf; then: tuned-adm profile whyoom\n"
    "# Files in /etc/sysctl.d and /etc/sysctl.conf are applied after the profile and win over it\n"
    "# (reapply_sysctl in /etc/tuned/tuned-main.conf): take the key out of them.\n"
    "[main]\n"
    "summary={1} as whyoom advises it\n"
    "{3}"
    "\n"
    "[sysctl]\n"
    "{1}={2}\n";

std::string yaml_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? "''" : std::string(1, c);
  }
  return quoted + "'";
}

// Both separators, and every other character as it stands.
std::string key_pattern(std::string_view key) {
  std::string pattern;
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    pattern += c == '.' || c == '/' ? "[./]"
               : plain || c == '_'  ? std::string(1, c)
                                    : "[" + std::string(1, c) + "]";
  }
  return pattern;
}

// {1} and so on; other braces belong to the text.
std::string filled(std::string_view text, const std::array<std::string, 5>& args) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_argument = text[i] == '{' && i + 2 < text.size() && text[i + 1] >= '1' &&
                             text[i + 1] <= '5' && text[i + 2] == '}';
    if (is_argument) {
      result += args[static_cast<std::size_t>(text[i + 1] - '1')];
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string_view text_of(Tool tool) {
  switch (tool) {
    case Tool::sysctl_d:
      return sysctl_d_text;
    case Tool::ansible:
      return ansible_text;
    case Tool::cloud_init:
      return cloud_init_text;
    case Tool::kubernetes:
      return kubernetes_text;
    case Tool::tuned:
      return tuned_text;
  }
  return {};
}

}  // namespace

std::span<const ToolName> tool_names() {
  static constexpr std::array<ToolName, 5> names{{{"ansible", Tool::ansible},
                                                  {"cloud-init", Tool::cloud_init},
                                                  {"kubernetes", Tool::kubernetes},
                                                  {"tuned", Tool::tuned},
                                                  {"sysctl.d", Tool::sysctl_d}}};
  return names;
}

std::string deployment(Tool tool, const Wanted& wanted,
                       const std::optional<std::string>& base_profile) {
  const std::string include = base_profile ? "include=" + *base_profile + "\n" : std::string();
  return filled(text_of(tool), {wanted.key, wanted.value, include, yaml_quoted(wanted.value),
                                key_pattern(wanted.key)});
}

}  // namespace whyoom::advise
