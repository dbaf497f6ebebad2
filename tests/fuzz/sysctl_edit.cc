// A tree of sysctl files and a setting that is asked for: the plan of `whyoom fix`.
// The first line of the file "/ask" is the KEY=VALUE.
#include <algorithm>

#include "advise/plan.h"
#include "base/text.h"
#include "diagnose/value_risks.h"
#include "fuzz.h"
#include "host/facts.h"
#include "render/fix.h"
#include "render/layout.h"

namespace whyoom::fuzz {
namespace {

using advise::FileEdit;
using advise::SysctlEdit;
using advise::SysctlLineEdit;
using Kind = SysctlLineEdit::Kind;

constexpr std::size_t most_bytes = std::size_t{1} << 20U;

std::string_view content_of(std::string_view line) {
  return line.substr(0, line.find_last_not_of("\r\n") + 1);
}

// Only the lines that the edit names differ, and what it says of them is so.
void check_lines(const FileEdit& file, const SysctlEdit& edit) {
  const std::string before_text = file.before.value_or("");
  const auto before = split_lines(before_text);
  const auto after = split_lines(*file.after);
  require(after.size() >= before.size(), "an edit takes lines away", file.path);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto named = [&](const SysctlLineEdit& line) {
      return line.file == file.path && line.line == i + 1 && line.kind != Kind::add;
    };
    const bool last = i + 1 == before.size();
    const std::string_view was = last ? content_of(before[i]) : before[i];
    const std::string_view is = last ? content_of(after[i]) : after[i];
    require(was == is || std::ranges::any_of(edit.lines, named), "an edit changes a line unsaid",
            file.path + ":" + std::to_string(i + 1));
  }
  std::size_t added = 0;
  for (const SysctlLineEdit& line : edit.lines) {
    if (line.file == file.path) {
      added += line.kind == Kind::add ? 1U + (line.new_file ? 1U : 0U) : 0U;
      require(line.line >= 1 && line.line <= after.size(), "an edited line is not in the file");
    }
  }
  require(after.size() == before.size() + added, "an edit adds lines unsaid", file.path);
}

// The files as they would be: each program that reads them gets the value.
void check_read_back(const host::MemoryFiles& tree, const SysctlEdit& edit,
                     const advise::Wanted& wanted) {
  host::MemoryFiles files = tree;
  for (const FileEdit& file : edit.files) {
    require(file.after.has_value(), "an edit removes a file", file.path);
    const auto now = files.read(file.path, most_bytes);
    require(
        now.has_value() == file.before.has_value() && now.value_or("") == file.before.value_or(""),
        "an edit has another content than the host", file.path);
    check_lines(file, edit);
    files.add(file.path, *file.after);
  }
  const host::SysctlHistory history = host::find_sysctl(files, wanted.key);
  const bool boot = history.boot_reader != host::SysctlBoot::nothing;
  const host::SysctlAnswer& main = boot ? history.boot : history.system;
  require(main.winning() != nullptr, "no line sets the value after the edit");
  for (const host::SysctlAnswer* answer : {&main, &history.system, &history.load}) {
    require(answer->winning() == nullptr ||
                advise::same_sysctl_value(answer->winning()->value, wanted.value),
            "a program reads another value after the edit");
  }
  require(advise::edit_sysctl_files(files, wanted)->empty(), "an edit is never done");
  for (const FileEdit& file : advise::reversed({edit.files, {}}).files) {
    require(files.read(file.path, most_bytes).value_or("") == file.before.value_or(""),
            "an undo begins with another content", file.path);
    files.add(file.path, file.after.value_or(""));
    require(files.read(file.path, most_bytes).value_or("") ==
                host::MemoryFiles(tree).read(file.path, most_bytes).value_or(""),
            "an undo gives other bytes", file.path);
  }
}

// The settings that the lines ask for.
std::vector<advise::Wanted> all_wanted(std::string_view asked, const memory::Machine& machine) {
  constexpr std::size_t most = 4;
  std::vector<advise::Wanted> all;
  while (!asked.empty() && all.size() < most) {
    const std::size_t end = std::min(asked.find('\n'), asked.size());
    if (auto wanted = advise::parse_wanted(asked.substr(0, end), machine)) {
      all.push_back(std::move(*wanted));
    }
    asked.remove_prefix(std::min(end + 1, asked.size()));
  }
  return all;
}

}  // namespace

void run(std::string_view input) {
  constexpr Cost cost{
      .bytes = 64U << 20U, .bytes_each = 20000, .peak = 8U << 20U, .peak_each = 300};
  const host::MemoryFiles tree = tree_of(input);
  host::MemoryFiles files = tree;
  const Budget budget(input.size(), cost);
  const auto check = diagnose::check(host::read_facts(files));
  const memory::HostState& state = check->state;
  const std::string asked = files.read("/ask", input.size()).value_or("vm.min_free_kbytes=45056");
  const auto wanted = advise::parse_wanted(asked.substr(0, asked.find('\n')), state.machine);
  if (!wanted) {
    require_printable(wanted.error().str(), "what is wrong with a setting");
    return;
  }
  require(
      wanted->value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos &&
          wanted->key.dotted().find_first_of(std::string_view("\r\n\0= ", 5)) == std::string::npos,
      "a key or value breaks its line", wanted->key.dotted() + "=" + wanted->value);
  if (const auto edit = advise::edit_sysctl_files(files, *wanted)) {
    check_read_back(tree, *edit, *wanted);
  } else {
    require_printable(edit.error().str(), "why files cannot be edited");
  }
  const auto check_after = [&](const std::vector<advise::PlannedSetting>& settings) {
    std::vector<diagnose::NewValue> values;
    for (const advise::PlannedSetting& setting : settings) {
      values.push_back({setting.wanted.key, setting.wanted.value, setting.sysctl.after});
    }
    return diagnose::value_risks(*check, values);
  };
  if (const auto plan =
          advise::make_plan(files, state, all_wanted(asked, state.machine), check_after)) {
    require_printable(render::to_text(render::plan_document(*plan, state.machine), {}),
                      "the plan as text", true);
    require_json(render::json_plan(&*plan, {"planned", 0, {}}), "the plan as JSON");
  } else {
    require_printable(plan.error().str(), "why there is no plan");
  }
  budget.check("a plan");
}

std::vector<std::string> seeds() {
  const std::string debian =
      "== /usr/lib/systemd/systemd-sysctl\n== /etc/sysctl.d/99-sysctl.conf -> ../sysctl.conf\n"
      "== /proc/sys/vm/min_free_kbytes\n67584\n== /proc/sys/vm/swappiness\n60\n";
  const auto tree = [&](const std::string& ask, const std::string& rest) {
    return "== /ask\n" + ask + "\n" + debian + rest;
  };
  return {
      tree("vm.min_free_kbytes=45056", "== /etc/sysctl.conf\n# settings\nnet.ipv4.ip_forward=1\n"),
      tree("vm/min_free_kbytes=64M",
           "== /etc/sysctl.conf\nvm.min_free_kbytes = 2097152\n"
           "== /etc/sysctl.d/zz-last.conf\nvm.min_free_kbytes=1048576\n"),
      tree("vm.min_free_kbytes=45056",
           "== /etc/sysctl.conf\n"
           "== /usr/lib/sysctl.d/99-zzz-vendor.conf\n-vm.min_free_kbytes=1048576\r\n"
           "== /run/sysctl.d/10-run.conf\nvm.min_free*=1\n-vm.min_free_kbytes\n"),
      tree("vm.swappiness=10",
           "== /etc/sysctl.d/60-app.conf -> /opt/app.conf\n== /opt/app.conf\nvm/swappiness=7"),
      tree("kernel.panic=10",
           "== /etc/sysctl.d/a.conf -> /dev/null\n"
           "== /etc/sysctl.d/b.conf\n; x\nkernel/panic = 1\n\nkernel.panic= 2\n"
           "== /proc/cmdline\nquiet sysctl.kernel.panic=5\n"),
      tree("net.ipv4.conf.eth0/1.rp_filter=2",
           "== /etc/sysctl.d/n.conf\nnet.ipv4.conf.*.rp_filter=0\n"
           "-net/ipv4/conf/eth0.1/rp_filter\n"),
      "== /ask\nvm.nr_hugepages=0x10\n== /etc/sysctl.conf\nvm.{nr_hugepages,swappiness}=1\n"
      "== /fails\n/etc/sysctl.d\n",
  };
}

}  // namespace whyoom::fuzz
