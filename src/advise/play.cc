#include "advise/play.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::advise {

namespace {

// {hosts}, {cause}, {fix} and {batches} are filled in.
constexpr std::string_view text =
    "---\n"
    "# ansible-playbook -i INVENTORY whyoom-play.yml   (a --limit has to name localhost, too)\n"
    "# Each host is fixed by what its own check finds, so a second run changes nothing;\n"
    "# `whyoom undo` on a host takes it back.\n"
    "# whyoom_program: the program on the hosts. whyoom_binary: a static program here, which is\n"
    "# brought there first.\n"
    "- name: Take those hosts that the inventory has\n"
    "  hosts: localhost\n"
    "  gather_facts: false\n"
    "  vars:\n"
    "    whyoom_found:\n"
    "{hosts}"
    "  tasks:\n"
    "    - name: Say which it does not have\n"
    "      ansible.builtin.debug:\n"
    "        msg: \"not in the inventory: {{ whyoom_found | difference(groups['all']) | "
    "join(', ') }}\"\n"
    "      when: whyoom_found | difference(groups['all']) | length > 0\n"
    "    - name: Have at least one\n"
    "      ansible.builtin.assert:\n"
    "        that: whyoom_found | intersect(groups['all']) | length > 0\n"
    "        fail_msg: none of the hosts is in the inventory\n"
    "    - name: Make a group of them\n"
    "      ansible.builtin.add_host:\n"
    "        name: \"{{ item }}\"\n"
    "        groups: whyoom_found_hosts\n"
    "      loop: \"{{ whyoom_found | intersect(groups['all']) }}\"\n"
    "      changed_when: false\n"
    "- name: Mend {cause}\n"
    "  hosts: whyoom_found_hosts\n"
    "  become: true\n"
    "  gather_facts: false\n"
    "  serial: [{batches}]\n"
    "  max_fail_percentage: 0\n"
    "  any_errors_fatal: true\n"
    "  vars:\n"
    "    whyoom_words: [{fix}]\n"
    "    whyoom_path: \"{{ whyoom_program | default('/usr/local/bin/whyoom' if whyoom_binary is "
    "defined\n"
    "      else 'whyoom') }}\"\n"
    "  tasks:\n"
    "    - name: Bring the program\n"
    "      ansible.builtin.copy:\n"
    "        src: \"{{ whyoom_binary }}\"\n"
    "        dest: \"{{ whyoom_path }}\"\n"
    "        mode: '0755'\n"
    "      when: whyoom_binary is defined\n"
    "    - name: Mend it\n"
    "      ansible.builtin.command:\n"
    "        argv: \"{{ [whyoom_path, 'fix', '--format', 'json', '--dry-run' if ansible_check_mode "
    "else\n"
    "          '--yes'] + whyoom_words }}\"\n"
    "      register: whyoom_fixed\n"
    "      check_mode: false\n"
    "      changed_when: ((whyoom_fixed.stdout | from_json).fix or {}).state | default('') in "
    "['applied',\n"
    "        'planned']\n"
    "    - name: Look at the host again\n"
    "      ansible.builtin.command:\n"
    "        argv: \"{{ [whyoom_path, 'check', '--format', 'json'] }}\"\n"
    "      register: whyoom_checked\n"
    "      changed_when: false\n"
    "      failed_when: whyoom_checked.rc not in [0, 1] or (whyoom_checked.stdout | "
    "from_json).findings |\n"
    "        selectattr('cause', 'equalto', '{cause}') | rejectattr('role', 'equalto', "
    "'ruled-out') "
    "|\n"
    "        list | length > 0\n"
    "      when: not ansible_check_mode\n";

std::string quoted(std::string_view word) {
  return "'" + replaced(std::string(word), "'", "''") + "'";
}

}  // namespace

bool is_host_name(std::string_view text) {
  constexpr std::size_t longest = 253;
  return !text.empty() && text.size() <= longest && is_alnum(text.front()) &&
         std::ranges::all_of(
             text, [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

tl::expected<std::vector<std::string>, Message> parse_batches(std::string_view list) {
  std::vector<std::string> batches;
  for (std::string_view rest = list;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = trim(rest.substr(0, comma));
    const bool of_all = part.ends_with('%');
    const auto number = parse_number<std::uint32_t>(part.substr(0, part.size() - (of_all ? 1 : 0)));
    if (!number || *number == 0 || (of_all && *number > 100)) {
      return tl::unexpected(Message(
          "{}: a batch is a number of hosts or a part of them, as in 1,10%,25%", printable(list)));
    }
    batches.emplace_back(part);
    if (comma == rest.size()) {
      return batches;
    }
    rest.remove_prefix(comma + 1);
  }
}

std::string play_text(const Play& play) {
  std::string hosts;
  for (const std::string& host : play.hosts) {
    hosts += "      - " + quoted(host) + "\n";
  }
  // What stands in a value is no template of Ansible's.
  const std::string fix =
      play.setting.empty() ? "'--cause', " + quoted(play.cause) : "!unsafe " + quoted(play.setting);
  std::string result = replaced(std::string(text), "{hosts}", hosts);
  result = replaced(std::move(result), "{cause}", play.cause);
  result = replaced(std::move(result), "{batches}", join(play.batches, ", ", quoted));
  return replaced(std::move(result), "{fix}", fix);  // last: what it says is not looked at
}

}  // namespace whyoom::advise
