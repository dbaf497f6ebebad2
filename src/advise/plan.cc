#include "advise/plan.h"

#include <algorithm>
#include <array>

#include "base/human.h"
#include "base/text.h"
#include "host/host.h"
#include "host/sysctl_setters.h"
#include "memory/settings.h"

namespace whyoom::advise {

namespace {

using memory::HostState;

constexpr std::string_view min_free = "vm.min_free_kbytes";
constexpr std::size_t most_setters = 4;

// The kernel's value as it shows it, without the newline; an error only when this kernel has no
// such key.
tl::expected<std::optional<std::string>, Message> running_value(host::Files& files,
                                                                const host::SysctlKey& key) {
  auto text = files.read(key.file());
  if (text) {
    return std::string(trim_right(*text));
  }
  const bool missing = text.error().kind == host::FileError::Kind::missing;
  // A copy of a host has not each file of /proc/sys.
  if (missing && files.list("/proc/sys")) {
    return tl::unexpected(Message("{}: this kernel has no such sysctl ({} is not there){}",
                                  key.dotted(), key.file(), did_you_mean_key(key.dotted())));
  }
  return std::optional<std::string>();
}

// kubelet sets these at each start, or refuses to start with --protect-kernel-defaults.
// Source: kubernetes pkg/kubelet/cm/container_manager_linux.go setupKernelTunables().
using Pair = std::pair<std::string_view, std::string_view>;
constexpr std::array<Pair, 4> kubelet_values{{{"vm.overcommit_memory", "1"},
                                              {"vm.panic_on_oom", "0"},
                                              {"kernel.panic", "10"},
                                              {"kernel.panic_on_oops", "1"}}};

void add_other_setters(Plan& plan, host::Files& files, const HostState& state) {
  const auto setters = host::find_setters(files, plan.wanted.key);
  for (const auto& setter : setters) {
    if (plan.notes.size() == most_setters) {
      plan.notes.emplace_back("{} more lines of programs name it", setters.size() - most_setters);
      break;
    }
    plan.notes.emplace_back(
        "{} names it too, in {}:{}: \"{}\". whyoom does not edit that; when it sets another "
        "value, change it there, or it comes back.",
        setter.program, printable(setter.file), setter.line, printable(setter.text));
  }
  const auto* row = std::ranges::find(kubelet_values, plan.wanted.key.dotted(), &Pair::first);
  if (row != kubelet_values.end() && state.host->kubelet.seen &&
      !same_sysctl_value(row->second, plan.wanted.value)) {
    plan.notes.emplace_back(
        "the kubelet of this host sets it to {} at each start, and with --protect-kernel-defaults "
        "it does not start with another value",
        std::string(row->second));
  }
}

void add_boot_notes(Plan& plan) {
  const host::SysctlHistory& before = plan.sysctl.before;
  if (before.boot_reader == host::SysctlBoot::nothing) {
    plan.risks.emplace_back(
        "systemd-sysctl.service is masked on this host: nothing reads these files at boot");
  }
  if (before.command_line && !same_sysctl_value(*before.command_line, plan.wanted.value)) {
    plan.notes.emplace_back(
        "the kernel's command line sets it to {}; the files are read later and win",
        printable(*before.command_line));
  }
  for (const host::SysctlOpenLine& open : before.open) {
    plan.risks.emplace_back("{} can write {}: what is set there can be changed again without you",
                            printable(open.who), printable(open.path));
  }
  for (const host::SysctlGap& gap : before.gaps) {
    plan.notes.emplace_back("{} could not be read ({}); whatever is in it, another line decides",
                            printable(gap.path), printable(gap.error.text));
  }
}

// A write to one of them sets the other to 0 (mm/util.c overcommit_ratio_handler() and
// overcommit_kbytes_handler()). It stands in the change so that an undo brings it back.
void add_counterpart(Plan& plan, host::Files& files) {
  constexpr std::string_view ratio = "vm.overcommit_ratio";
  constexpr std::string_view kbytes = "vm.overcommit_kbytes";
  if (plan.wanted.key != ratio && plan.wanted.key != kbytes) {
    return;
  }
  const auto other = host::SysctlKey::parse(plan.wanted.key == ratio ? kbytes : ratio);
  const auto value = files.read(other->file());
  if (value && trim_right(*value) != "0") {
    plan.change.running.push_back({*other, std::string(trim_right(*value)), "0"});
    plan.notes.emplace_back("the kernel sets {} to 0 with it", other->dotted());
  }
}

void add_low_min_free(Plan& plan, const HostState& state) {
  const auto value = parse_number<std::uint64_t>(plan.wanted.value);
  if (value && plan.wanted.key == min_free && state.min_free && state.min_free->kernel_default &&
      KiB(*value) < *state.min_free->kernel_default) {
    plan.risks.emplace_back(
        "{} kB is below the kernel's own choice of {} kB: allocations that may not wait can "
        "fail, and the kernel may raise it again by itself",
        *value, state.min_free->kernel_default->count());
  }
}

void add_near_killing(Plan& plan) {
  const auto value = parse_number<std::uint64_t>(plan.wanted.value);
  if (value && plan.refusal.empty() && plan.raises_min_free &&
      memory::is_near(plan.kills_from, KiB(*value))) {
    plan.risks.emplace_back("as the host is now, the kernel kills from {} kB on: that is near",
                            plan.kills_from->value.count());
  }
}

}  // namespace

void judge_value(Plan& plan, const HostState& state) {
  memory::Settings settings;
  const std::string assignment = plan.wanted.key.dotted() + "=" + plan.wanted.value;
  if (memory::apply_setting(settings, assignment, state.machine) && !state.machine.zones.empty()) {
    plan.what_if = memory::what_if(state.machine, settings);
  }
  const auto now = parse_number<std::int64_t>(trim(plan.running.value_or("")));
  const auto wanted = parse_number<std::int64_t>(plan.wanted.value);
  plan.raises_min_free =
      plan.wanted.key == min_free && wanted.has_value() && (!now || *wanted > *now);
  if (plan.wanted.key == min_free) {
    plan.kills_from = state.kills_from;
  }
  if (plan.wanted.key == min_free && plan.kills_from) {
    if (plan.raises_min_free &&
        static_cast<std::uint64_t>(*wanted) >= plan.kills_from->value.count()) {
      plan.refusal = Message(
          "vm.min_free_kbytes={} would make the kernel kill processes at once: as this host is "
          "now, "
          "it kills from {} kB ({}) on. Choose less, or free memory first.",
          plan.wanted.value, plan.kills_from->value.count(),
          human(to_bytes(plan.kills_from->value)));
    }
    return;
  }
  // Of other settings the what-if tells; it does not count on reclaim.
  if (plan.what_if && plan.what_if->request && plan.what_if->request->passes_before &&
      !plan.what_if->request->passes_after) {
    plan.refusal = Message(
        "{}={} would leave no memory for an ordinary request: of {} within its reach {} would be "
        "left, and the kernel would kill at once. Choose less, or free memory first.",
        plan.wanted.key.dotted(), plan.wanted.value, human(plan.what_if->within_reach_before),
        human(plan.what_if->within_reach_after));
  }
}

tl::expected<Plan, Message> make_plan(host::Files& files, const HostState& state,
                                      const Wanted& wanted, const CheckAfter& check,
                                      bool set_running) {
  Plan plan(wanted);
  auto running = running_value(files, wanted.key);
  if (!running) {
    return tl::unexpected(running.error());
  }
  plan.running = std::move(*running);
  auto edit = edit_sysctl_files(files, wanted, state.host->command_line.str());
  if (!edit) {
    return tl::unexpected(Message("the sysctl files cannot be edited so that {} becomes {}: {}",
                                  wanted.key.dotted(), printable(wanted.value),
                                  edit.error().str()));
  }
  plan.sysctl = std::move(*edit);
  plan.change.files = plan.sysctl.files;
  if (plan.running && !same_sysctl_value(*plan.running, wanted.value)) {
    if (set_running && !host::is_running_value(*plan.running)) {
      return tl::unexpected(
          Message("{} is \"{}\" now, which no undo could set again; set it by hand",
                  wanted.key.dotted(), printable(*plan.running)));
    }
    if (set_running) {
      add_counterpart(plan, files);
      plan.change.running.push_back({wanted.key, *plan.running, wanted.value});
    }
    // Of the files alone, too: a machine that kills at each boot is not mended from within.
    judge_value(plan, state);
  }
  add_boot_notes(plan);
  add_other_setters(plan, files, state);
  add_low_min_free(plan, state);
  if (check && !plan.change.empty()) {
    for (Message& risk : check(plan.sysctl.after)) {
      plan.risks.push_back(std::move(risk));
    }
  }
  add_near_killing(plan);
  return plan;
}

}  // namespace whyoom::advise
