#include "advise/deployment.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::advise {

namespace {

// {1} key, {2} value, {3} base profile. In YAML a value stands in single quotes, {4}; in that of
// Kubernetes, {7}, where $$ means $. {5} is a pattern that finds the key, {6} a name for the key.
// Each key has a file of its own, so that a second fix does not take the place of the first.
// `99-zz-` so that the file comes after what distributions and vendors ship.
constexpr std::string_view sysctl_d_text =
    "# /etc/sysctl.d/99-zz-{6}.conf\n"
    "# Set it now: sysctl -p /etc/sysctl.d/99-zz-{6}.conf\n"
    "# sysctl --system reads /etc/sysctl.conf last: take the key out of it.\n"
    "{1} = {2}\n";

// The module ansible.posix.sysctl writes its whole file anew and drops repeated keys, so this uses
// modules of ansible-core only.
constexpr std::string_view ansible_text =
    "---\n"
    "# ansible-playbook -i INVENTORY whyoom-fix.yml\n"
    "- name: Set {1}\n"
    "  hosts: all\n"
    "  become: true\n"
    "  gather_facts: false\n"
    "  vars:\n"
    "    whyoom_key: '{1}'\n"
    "    whyoom_value: {8}\n"
    "  tasks:\n"
    "    - name: Have the folder\n"
    "      ansible.builtin.file:\n"
    "        path: /etc/sysctl.d\n"
    "        state: directory\n"
    "    - name: Find files of sysctl.d that set it later\n"
    "      ansible.builtin.find:\n"
    "        paths: /etc/sysctl.d\n"
    "        patterns: '*.conf'\n"
    "        contains: '[ \\t]*-?{5}[ \\t]*='\n"
    "      register: whyoom_files\n"
    "    - name: Comment out the lines that would win over this one\n"
    "      ansible.builtin.replace:\n"
    "        path: \"{{ item }}\"\n"
    "        regexp: '^([ \\t]*-?{5}[ \\t]*=.*)$'\n"
    "        replace: '# \\1'\n"
    "      loop: \"{{ ['/etc/sysctl.conf'] + (whyoom_files.files | map(attribute='path') |\n"
    "        select('gt', '/etc/sysctl.d/99-zz-{6}.conf') | list) }}\"\n"
    "      register: whyoom_conf\n"
    "      failed_when: whyoom_conf.failed and \"does not exist\" not in (whyoom_conf.msg | "
    "default(''))\n"
    "    - name: Keep it over a restart\n"
    "      ansible.builtin.copy:\n"
    "        dest: /etc/sysctl.d/99-zz-{6}.conf\n"
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
    "  - path: /etc/sysctl.d/99-zz-{6}.conf\n"
    "    owner: root:root\n"
    "    permissions: '0644'\n"
    "    content: |\n"
    "      {1} = {2}\n"
    "runcmd:\n"
    "  - [sysctl, -p, /etc/sysctl.d/99-zz-{6}.conf]\n";

// vm.* and most of kernel.* are of the node, not of a pod: only a privileged pod can set them. The
// file is kept on the node; `nsenter` is not needed, because /proc/sys is that of the kernel.
constexpr std::string_view kubernetes_text =
    "# kubectl apply -f whyoom-fix.yaml\n"
    "# Sets {1} on every Linux node, also on new ones, and after each restart of a node.\n"
    "apiVersion: apps/v1\n"
    "kind: DaemonSet\n"
    "metadata:\n"
    "  name: {6}\n"
    "  namespace: kube-system\n"
    "spec:\n"
    "  selector:\n"
    "    matchLabels:\n"
    "      app: {6}\n"
    "  template:\n"
    "    metadata:\n"
    "      labels:\n"
    "        app: {6}\n"
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
    "              value: {7}\n"
    "          command:\n"
    "            - sh\n"
    "            - -euc\n"
    "            - |\n"
    "              sysctl -w \"$KEY=$VALUE\"\n"
    "              now=$(sysctl -n \"$KEY\" | tr '\\t' ' ')\n"
    "              if [ \"$now\" != \"$VALUE\" ]; then\n"
    "                echo \"$KEY is $now, not $VALUE\" >&2\n"
    "                exit 1\n"
    "              fi\n"
    "              printf '%s = %s\\n' \"$KEY\" \"$VALUE\" > /host-sysctl.d/99-zz-{6}.conf\n"
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
    "# Where there is /etc/tuned/profiles: /etc/tuned/profiles/{6}/tuned.conf\n"
    "# Elsewhere: /etc/tuned/{6}/tuned.conf\n"
    "# Then: tuned-adm profile {6}\n"
    "# Files in /etc/sysctl.d and /etc/sysctl.conf are applied after the profile and win over it\n"
    "# (reapply_sysctl in /etc/tuned/tuned-main.conf): take the key out of them.\n"
    "[main]\n"
    "summary={1} as whyoom advises it\n"
    "{3}"
    "\n"
    "[sysctl]\n"
    "{1}={2}\n";

std::string doubled(std::string_view text, char special) {
  std::string result;
  for (const char c : text) {
    result += c == special ? std::string(2, c) : std::string(1, c);
  }
  return result;
}

std::string yaml_quoted(std::string_view text) { return "'" + doubled(text, '\'') + "'"; }

// Where it could be taken for a template of Ansible's it says that it is none; only there, for with
// that word Ansible 2.19 reads 'no' as false, quotes or not.
std::string ansible_value(std::string_view text) {
  return (text.find('{') != std::string_view::npos ? "!unsafe " : "") + yaml_quoted(text);
}

// A name that each tool reads as it stands, without quotes and without a template.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    constexpr std::string_view marks = "._-/:@+";
    return is_alnum(c) || marks.find(c) != std::string_view::npos;
  });
}

// tuned puts variables and the output of commands in the place of ${..}, cuts a comment off, takes
// quotes away, and has no way to write them that all of its releases read.
bool tuned_reads_as_it_stands(std::string_view value) {
  return value.find_first_of("$#\\") == std::string_view::npos && !value.starts_with('"') &&
         !value.starts_with('\'');
}

// "whyoom-vm-min-free-kbytes": a name that Kubernetes (RFC 1123, at most 63 characters), tuned and
// file systems take.
std::string name_for(std::string_view key) {
  constexpr std::size_t most = 63;
  std::string name = "whyoom-";
  for (const char c : key) {
    name += is_alnum(c) ? to_lower(c) : '-';
  }
  name.resize(std::min(name.size(), most));
  return name.substr(0, name.find_last_not_of('-') + 1);
}

// tuned keeps several active profiles with blanks between them, and takes commas in an include. A
// profile that includes itself loses what it included before.
std::string tuned_include(const std::optional<std::string>& active, std::string_view own_name) {
  std::string names;
  bool is_active = false;
  Cursor cursor(active ? *active : std::string_view());
  for (cursor.skip_spaces(); !cursor.at_end(); cursor.skip_spaces()) {
    const std::string_view name = cursor.take_word();
    is_active = is_active || name == own_name;
    if (name != own_name && is_plain(name)) {  // the file may be of somebody else's host
      names += (names.empty() ? "" : ",") + std::string(name);
    }
  }
  if (is_active) {
    return "# This profile is active already: keep here the include= line that it has.\n" +
           (names.empty() ? "" : "# Beside it is active: " + names + "\n");
  }
  return names.empty() ? "" : "include=" + names + "\n";
}

// Both separators, and every other character as it stands.
std::string key_pattern(std::string_view key) {
  std::string pattern;
  for (const char c : key) {
    pattern += c == '.' || c == '/'      ? "[./]"
               : is_alnum(c) || c == '_' ? std::string(1, c)
                                         : "[" + std::string(1, c) + "]";
  }
  return pattern;
}

// {1} and so on; other braces belong to the text.
std::string filled(std::string_view text, const std::array<std::string, 8>& args) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_argument = text[i] == '{' && i + 2 < text.size() && text[i + 1] >= '1' &&
                             text[i + 1] <= '8' && text[i + 2] == '}';
    if (is_argument) {
      result += args[static_cast<std::size_t>(text[i + 1] - '1')];
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
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

namespace {

// Why the tool would read something else than the setting; empty: it would not.
Message misread(Tool tool, const Wanted& wanted) {
  const std::string& key = wanted.key.dotted();
  if (printable(wanted.value) != wanted.value) {  // YAML has more line ends than one
    return Message("{}: no text for other tools can have a value with such characters", key);
  }
  if (tool == Tool::tuned && !tuned_reads_as_it_stands(wanted.value)) {
    return Message("{}: tuned would read more in this value than it says; use --output sysctl.d",
                   key);
  }
  return {};
}

std::string text_for(std::string_view pattern, const Wanted& wanted, const std::string& name,
                     const std::string& include) {
  const std::string& key = wanted.key.dotted();
  return filled(pattern,
                {key, wanted.value, include, yaml_quoted(wanted.value), key_pattern(key), name,
                 yaml_quoted(doubled(wanted.value, '$')), ansible_value(wanted.value)});
}

// Where the part of a text that stands once for all settings ends, and the next such part begins.
std::string_view before(std::string_view text, std::string_view mark) {
  return text.substr(0, text.find(mark) + mark.size());
}

// A list of plays, or documents, or files, one behind the other.
std::string one_after_another(std::string_view pattern, std::string_view once,
                              std::string_view between, std::span<const Wanted> wanted) {
  std::string text(once);
  for (const Wanted& each : wanted) {
    text += &each == wanted.data() ? "" : between;
    text += text_for(pattern.substr(once.size()), each, name_for(each.key.dotted()), {});
  }
  return text;
}

std::string cloud_init(std::span<const Wanted> wanted) {
  const std::string_view files = before(cloud_init_text, "write_files:\n");
  const std::string_view commands = "runcmd:\n";
  const std::string_view to_commands = before(cloud_init_text, commands);
  return one_after_another(to_commands.substr(0, to_commands.size() - commands.size()), files, "",
                           wanted) +
         one_after_another(cloud_init_text.substr(to_commands.size() - commands.size()), commands,
                           "", wanted);
}

// One profile, which several settings name together.
std::string tuned(std::span<const Wanted> wanted, const std::optional<std::string>& base_profile) {
  const auto key_of = [](const Wanted& each) { return each.key.dotted(); };
  const std::string keys = join(wanted, ", ", key_of);
  std::string lines;
  for (const Wanted& each : wanted) {
    lines += each.key.dotted() + "=" + each.value + "\n";
  }
  const std::string name = name_for(join(wanted, "-", key_of));
  const std::string_view last = "{1}={2}\n";
  std::string_view head = tuned_text;
  head.remove_suffix(last.size());
  return filled(head, {keys, "", tuned_include(base_profile, name), "", "", name, "", ""}) + lines;
}

}  // namespace

tl::expected<std::string, Message> deployment(Tool tool, std::span<const Wanted> wanted,
                                              const std::optional<std::string>& base_profile) {
  for (const Wanted& each : wanted) {
    if (Message why = misread(tool, each); !why.empty()) {
      return tl::unexpected(std::move(why));
    }
  }
  switch (tool) {
    case Tool::tuned:
      return tuned(wanted, base_profile);
    case Tool::cloud_init:
      return cloud_init(wanted);
    case Tool::ansible:
      return one_after_another(ansible_text, before(ansible_text, "---\n"), "", wanted);
    case Tool::kubernetes:
      return one_after_another(kubernetes_text, "", "---\n", wanted);
    case Tool::sysctl_d:
      break;
  }
  return one_after_another(sysctl_d_text, "", "\n", wanted);
}

}  // namespace whyoom::advise
