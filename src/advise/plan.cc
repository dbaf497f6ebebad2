#include "advise/plan.h"

#include <algorithm>
#include <array>

#include "advise/overlay_files.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "host/host.h"
#include "host/mounts.h"
#include "host/sysctl_setters.h"
#include "memory/host_with.h"
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
  // A copy of a host has not each file of /proc/sys. That one every kernel has.
  if (missing && files.list("/proc/sys")) {
    const std::string meant = did_you_mean_key(key.dotted());
    return tl::unexpected(
        files.read("/proc/sys/kernel/osrelease")
            ? Message("{}: this kernel has no such sysctl ({} is not there){}", key.dotted(),
                      key.file(), meant)
            : Message("{}: this copy of a host does not have it ({} is not there){}", key.dotted(),
                      key.file(), meant));
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

void add_once(std::vector<Message>& messages, Message message) {
  if (std::ranges::find(messages, message.str(), &Message::str) == messages.end()) {
    messages.push_back(std::move(message));
  }
}

void add_other_setters(Plan& plan, const Wanted& wanted, host::Files& files,
                       const HostState& state) {
  const std::string& key = wanted.key.dotted();
  const auto setters = host::find_setters(files, wanted.key);
  for (std::size_t i = 0; i < setters.size(); ++i) {
    if (i == most_setters) {
      plan.notes.emplace_back("{} more lines of programs name {}", setters.size() - i, key);
      break;
    }
    plan.notes.emplace_back(
        "{} names {} too, in {}:{}: \"{}\". whyoom does not edit that; when it sets another "
        "value, change it there, or it comes back.",
        setters[i].program, key, printable(setters[i].file), setters[i].line,
        printable(setters[i].text));
  }
  const auto row = std::ranges::find(kubelet_values, key, &Pair::first);
  if (row != kubelet_values.end() && state.host->kubelet.seen &&
      !same_sysctl_value(row->second, wanted.value)) {
    plan.notes.emplace_back(
        "the kubelet of this host sets {} to {} at each start, and with --protect-kernel-defaults "
        "it does not start with another value",
        key, std::string(row->second));
  }
}

void add_boot_notes(Plan& plan, const PlannedSetting& setting) {
  const host::SysctlHistory& before = setting.sysctl.before;
  const auto doubt = [&plan](Message message) {
    add_once(plan.risks, std::move(message));
    plan.boot_unsure = true;
  };
  const bool unread =
      before.boot_reader == host::SysctlBoot::nothing || before.masked_by_command_line;
  if (before.boot_reader == host::SysctlBoot::nothing) {
    doubt(
        Message("systemd-sysctl.service is masked on this host: nothing reads these files at "
                "boot"));
  } else if (unread) {
    doubt(
        Message("the kernel's command line has systemd.mask=systemd-sysctl.service: nothing "
                "reads these files at a boot with it"));
  }
  if (!before.other_command.empty()) {
    doubt(
        Message("{} gives systemd-sysctl.service another command: whether it reads these files "
                "at boot is not known",
                printable(before.other_command)));
  }
  if (before.command_line && !same_sysctl_value(*before.command_line, setting.wanted.value)) {
    const std::string& key = setting.wanted.key.dotted();
    const std::string value = printable(*before.command_line);
    plan.notes.push_back(
        unread ? Message("the kernel's command line sets {} to {}, and nothing reads the files "
                         "after it",
                         key, value)
               : Message("the kernel's command line sets {} to {}; the files are read later and "
                         "win",
                         key, value));
  }
  for (const host::SysctlOpenLine& open : before.open) {
    add_once(plan.risks,
             Message("{} can write {}: what is set there can be changed again without you",
                     printable(open.who), printable(open.path)));
  }
  for (const host::SysctlGap& gap : before.gaps) {
    add_once(plan.notes,
             Message("{} could not be read ({}); whatever is in it, another line decides",
                     printable(gap.path), printable(translated(gap.error.text))));
  }
}

// Live images and overlayroot: what is written to /etc is in memory.
void add_short_lived(Plan& plan, const PlannedSetting& setting, host::Files& files) {
  const host::SysctlHistory& after = setting.sysctl.after;
  const host::SysctlSetting* line =
      after.boot.winning() != nullptr ? after.boot.winning() : after.system.winning();
  const auto mounts = files.read("/proc/self/mountinfo");
  if (line == nullptr || !mounts) {
    return;
  }
  const auto in_memory = [](std::string_view type) {
    return type == "tmpfs" || type == "ramfs" || type == "rootfs";
  };
  const host::MountOfFile mount = host::mount_of(*mounts, line->real);
  const auto upper = files.status(mount.upper);
  if (in_memory(mount.type) || (upper && in_memory(host::mount_of(*mounts, mount.upper).type))) {
    add_once(plan.risks, Message("{} lies in memory: the next boot does not have what is written "
                                 "there",
                                 printable(line->real)));
    plan.boot_unsure = true;
  } else if (!mount.upper.empty() && !upper) {
    add_once(plan.risks, Message("{} lies on an overlay whose upper layer, {}, cannot be seen "
                                 "from here: whether the next boot has it is not known",
                                 printable(line->real), printable(mount.upper)));
    plan.boot_unsure = true;
  }
}

// It stands in the change so that an undo brings it back, and behind the key: the kernel has made
// it 0 by then, and some do not take a 0 that is written.
void add_counterpart(Plan& plan, const host::SysctlKey& key, host::Files& files) {
  const auto other = host::SysctlKey::parse(host::sysctl_counterpart(key.dotted()));
  if (!other) {
    return;
  }
  const auto value = files.read(other->file());
  if (value && trim_right(*value) != "0") {
    plan.change.running.push_back({*other, std::string(trim_right(*value)), "0"});
    plan.notes.emplace_back("the kernel sets {} to 0 with it", other->dotted());
  }
}

// Which of its values the kernel does not give up again before the next boot; empty: none of them.
// Sources: kernel/module/main.c, kernel/kexec_core.c (kexec_limit_handler() only lowers),
// bpf_unpriv_handler() of kernel/bpf/syscall.c, yama_dointvec_minmax() of security/yama.
constexpr std::array<Pair, 6> one_way{{{"kernel.kexec_load_disabled", ""},
                                       {"kernel.kexec_load_limit_panic", ""},
                                       {"kernel.kexec_load_limit_reboot", ""},
                                       {"kernel.modules_disabled", ""},
                                       {"kernel.unprivileged_bpf_disabled", "1"},
                                       {"kernel.yama.ptrace_scope", "3"}}};

// The key's running value is the last of the change that is no counterpart.
void add_no_way_back(Plan& plan, const PlannedSetting& setting) {
  const std::string& key = setting.wanted.key.dotted();
  const auto row = std::ranges::find(one_way, key, &Pair::first);
  const bool stays = row != one_way.end() &&
                     (row->second.empty() || same_sysctl_value(row->second, setting.wanted.value));
  // The kernel makes it so with the counterpart.
  const bool given = plan.change.running.back().key == host::sysctl_counterpart(key);
  if (stays || (!given && !host::kernel_takes(host::sysctl_range(key), *setting.running))) {
    plan.risks.emplace_back(
        "the kernel does not take {} back for {} before the next boot: `whyoom undo --files-only` "
        "can give back the files, and no undo the running value",
        printable(*setting.running), key);
  }
}

const PlannedSetting* setting_of(const Plan& plan, std::string_view key) {
  const auto found = std::ranges::find_if(
      plan.settings, [key](const PlannedSetting& each) { return each.wanted.key == key; });
  return found == plan.settings.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> wanted_min_free(const Plan& plan) {
  const PlannedSetting* setting = setting_of(plan, min_free);
  return setting == nullptr ? std::nullopt : parse_number<std::uint64_t>(setting->wanted.value);
}

void add_low_min_free(Plan& plan, const HostState& state) {
  const auto value = wanted_min_free(plan);
  const auto& own = state.machine.default_min_free;
  if (value && state.machine.min_free && own && KiB(*value) < *own) {
    plan.risks.emplace_back(
        "{} kB is below the kernel's own choice of {} kB: allocations that may not wait can "
        "fail, and the kernel may raise it again by itself",
        *value, own->count());
  }
}

void add_near_killing(Plan& plan) {
  const auto value = wanted_min_free(plan);
  if (value && plan.refusal.empty() && plan.raises_min_free &&
      memory::is_near(plan.kills_from, KiB(*value))) {
    plan.risks.emplace_back("as the host is now, the kernel kills from {} kB on: that is near",
                            plan.kills_from->value.count());
  }
}

// "vm.a=1 and vm.b=2"
std::string assignments(const Plan& plan) {
  return join(plan.settings, tr(" and "), [](const PlannedSetting& setting) {
    return setting.wanted.key.dotted() + "=" + printable(setting.wanted.value);
  });
}

// From which vm.min_free_kbytes on the kernel kills, once the other settings are made.
std::optional<memory::OomThreshold> kills_then(const Plan& plan, const HostState& state) {
  if (plan.settings.size() == 1) {
    return state.kills_from;
  }
  host::Host host = *state.host;
  HostState then = memory::state_of(host);
  for (const PlannedSetting& setting : plan.settings) {
    if (setting.wanted.key != min_free) {
      host::Host next = memory::host_with(then, setting.wanted.key.dotted(), setting.wanted.value);
      host = std::move(next);
      then = memory::state_of(host);
    }
  }
  return then.kills_from;
}

void judge_min_free(Plan& plan, const HostState& state) {
  const PlannedSetting* setting = setting_of(plan, min_free);
  if (setting == nullptr) {
    return;
  }
  const auto now = parse_number<std::uint64_t>(trim(setting->running.value_or("")));
  const auto wanted = wanted_min_free(plan);
  plan.raises_min_free = wanted && (!now || *wanted > *now);
  plan.kills_from = kills_then(plan, state);
  if (!plan.kills_from || !wanted) {
    return;
  }
  // What does not make it worse is not refused.
  const bool kills_now = now && state.kills_from && KiB(*now) >= state.kills_from->value;
  if (KiB(*wanted) >= plan.kills_from->value && (plan.raises_min_free || !kills_now)) {
    plan.refusal = Message(
        "{} would make the kernel kill processes at once: as this host is now, it kills from {} "
        "kB ({}) on. Choose less, or free memory first.",
        assignments(plan), plan.kills_from->value.count(), human(to_bytes(plan.kills_from->value)));
  }
}

using Done = tl::expected<void, Message>;

// Each key once, and none that undoes another.
Done check_keys(const std::vector<Wanted>& wanted) {
  const auto has = [&](std::string_view key) {
    return std::ranges::any_of(wanted, [key](const Wanted& each) { return each.key == key; });
  };
  for (auto each = wanted.begin(); each != wanted.end(); ++each) {
    if (std::any_of(wanted.begin(), each,
                    [&](const Wanted& one) { return one.key == each->key; })) {
      return tl::unexpected(Message("{} is given twice; give it once", each->key.dotted()));
    }
    if (const auto other = host::sysctl_counterpart(each->key.dotted()); has(other)) {
      return tl::unexpected(Message(
          "the kernel sets {} to 0 when {} is set, and the other way round; give one of them",
          std::max<std::string_view>(each->key.dotted(), other),
          std::min<std::string_view>(each->key.dotted(), other)));
    }
  }
  return {};
}

// Of several edits of one file: what it was before the first, and what it is after the last.
void merge(std::vector<FileEdit>& all, const std::vector<FileEdit>& more) {
  for (const FileEdit& edit : more) {
    const auto known = std::ranges::find(all, edit.path, &FileEdit::path);
    if (known == all.end()) {
      all.push_back(edit);
    } else {
      known->after = edit.after;
    }
  }
}

// What one setting needs, with the files as the settings before it leave them.
Done add_setting(Plan& plan, host::Files& files, OverlayFiles& edited, const HostState& state,
                 bool set_running) {
  PlannedSetting& setting = plan.settings.back();
  const Wanted& wanted = setting.wanted;
  auto running = running_value(files, wanted.key);
  if (!running) {
    return tl::unexpected(running.error());
  }
  setting.running = std::move(*running);
  auto edit = edit_sysctl_files(edited, wanted, state.host->command_line.str());
  if (!edit) {
    return tl::unexpected(Message("the sysctl files cannot be edited so that {} becomes {}: {}",
                                  wanted.key.dotted(), printable(wanted.value),
                                  edit.error().str()));
  }
  setting.sysctl = std::move(*edit);
  for (const FileEdit& file : setting.sysctl.files) {
    edited.put(file.path, file.after);
  }
  merge(plan.change.files, setting.sysctl.files);
  setting.sets_running = set_running && setting.running && setting.is_new();
  if (setting.sets_running) {
    if (!host::is_running_value(*setting.running)) {
      return tl::unexpected(
          Message("{} is \"{}\" now, which no undo could set again; set it by hand",
                  wanted.key.dotted(), printable(*setting.running)));
    }
    plan.change.running.push_back({wanted.key, *setting.running, wanted.value});
    add_counterpart(plan, wanted.key, files);
    add_no_way_back(plan, setting);
  }
  return {};
}

// A line of a later setting can be one that decides of an earlier one: a glob.
Done check_together(const Plan& plan, OverlayFiles& edited, const HostState& state) {
  for (const PlannedSetting& setting : plan.settings) {
    const auto then = host::find_sysctl(edited, setting.wanted.key, state.host->command_line.str());
    const host::SysctlHistory& planned = setting.sysctl.after;
    if (then.value_after_boot() != planned.value_after_boot() ||
        then.value_after_system() != planned.value_after_system() ||
        then.value_after_load() != planned.value_after_load()) {
      return tl::unexpected(
          Message("the lines of the other settings would change what the files make of {}. Make "
                  "these fixes one after the other",
                  setting.wanted.key.dotted()));
    }
  }
  return {};
}

}  // namespace

void judge_values(Plan& plan, const HostState& state) {
  memory::Settings settings;
  bool known = false;
  for (const PlannedSetting& setting : plan.settings) {
    const std::string assignment = setting.wanted.key.dotted() + "=" + setting.wanted.value;
    known = memory::apply_setting(settings, assignment, state.machine) || known;
  }
  if (known && !state.machine.zones.empty()) {
    plan.what_if = memory::what_if(state.machine, settings);
  }
  judge_min_free(plan, state);
  // Of other settings the what-if tells; it does not count on reclaim.
  if (!plan.kills_from && plan.what_if && plan.what_if->request &&
      plan.what_if->request->passes_before && !plan.what_if->request->passes_after) {
    plan.refusal = Message(
        "{} would leave no memory for an ordinary request: of {} within its reach {} would be "
        "left, and the kernel would kill at once. Choose less, or free memory first.",
        assignments(plan), human(plan.what_if->within_reach_before),
        human(plan.what_if->within_reach_after));
  }
}

tl::expected<Plan, Message> make_plan(host::Files& files, const HostState& state,
                                      const std::vector<Wanted>& wanted, const CheckAfter& check,
                                      bool set_running) {
  if (const Done good = check_keys(wanted); !good) {
    return tl::unexpected(good.error());
  }
  Plan plan;
  OverlayFiles edited(files);
  for (const Wanted& each : wanted) {
    plan.settings.emplace_back(each);
    if (const Done added = add_setting(plan, files, edited, state, set_running); !added) {
      return tl::unexpected(added.error());
    }
  }
  if (const Done good = check_together(plan, edited, state); !good) {
    return tl::unexpected(good.error());
  }
  // Of the files alone, too: a machine that kills at each boot is not fixed from within.
  if (std::ranges::any_of(plan.settings, [](const PlannedSetting& setting) {
        return setting.running && setting.is_new();
      })) {
    judge_values(plan, state);
  }
  if (plan.raises_min_free) {  // memory that the others give back comes first
    // std::ranges:: of it is beyond clang 14.
    std::stable_partition(plan.change.running.begin(), plan.change.running.end(),
                          [](const RunningEdit& edit) { return edit.key != min_free; });
  }
  for (const PlannedSetting& setting : plan.settings) {
    add_boot_notes(plan, setting);
    add_short_lived(plan, setting, files);
    add_other_setters(plan, setting.wanted, files, state);
  }
  add_low_min_free(plan, state);
  if (check && !plan.change.empty()) {
    for (Message& risk : check(plan.settings)) {
      plan.risks.push_back(std::move(risk));
    }
  }
  add_near_killing(plan);
  return plan;
}

}  // namespace whyoom::advise
