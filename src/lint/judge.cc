#include "lint/judge.h"

#include <algorithm>
#include <map>
#include <utility>

#include "advise/wanted.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "host/sysctl_key.h"
#include "lint/sysctl_names.h"
#include "memory/usual_machine.h"
#include "memory/vendor_rules.h"

namespace whyoom::lint {

namespace {

using memory::Machine;
using Machines = std::span<const Machine>;

// One setting with what it says.
struct Set {
  const Setting* setting = nullptr;
  std::string key;  // canonical
  std::optional<std::int64_t> number;
};

Finding finding(Rule rule, const Set& set, Message fact, Message advice) {
  return {rule, info_of(rule).usual, set.setting->at, std::move(fact), std::move(advice), set.key};
}

bool is_made_elsewhere(std::string_view value) {
  return value.find("{{") != std::string_view::npos || value.find("{%") != std::string_view::npos ||
         value.find('$') != std::string_view::npos || value.starts_with('*') ||
         value.find('`') != std::string_view::npos;
}

// Only a key whose value some rule looks at.
bool is_judged(std::string_view key) {
  const auto keys = advise::known_keys();
  return key == "fs.file-max" || std::ranges::find(keys, key) != keys.end();
}

void judge_name(const Set& set, std::vector<Finding>& out) {
  const std::string& key = set.key;
  if (host::is_sysctl_glob(key) || is_made_elsewhere(key)) {
    return;
  }
  if (key.find('.') == std::string::npos) {
    out.push_back(finding(Rule::misspelt_key, set,
                          Message("there is no sysctl {}{}: it stays without effect",
                                  printable(key), advise::did_you_mean_key(key)),
                          Message("Write the folder too, as in vm.min_free_kbytes.")));
    return;
  }
  const auto meant = meant_key(key);
  if (meant && !meant->empty()) {
    out.push_back(finding(
        Rule::misspelt_key, set,
        Message("no kernel that is known here has {}: systemd-sysctl ignores it and says nothing "
                "by its exit status",
                printable(key)),
        Message("Is {} meant?", *meant)));
  } else if (meant) {
    out.push_back(
        finding(Rule::unknown_key, set,
                Message("no kernel from 2.6.18 to 6.18 that is known here has {}", printable(key)),
                Message("Take the line out, or look at /proc/sys/vm of the kernel that "
                        "it is for.")));
  }
}

void judge_pod(const Set& set, std::vector<Finding>& out) {
  constexpr std::string_view own[] = {"kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.",
                                      "net."};
  const bool is_own =
      std::ranges::any_of(own, [&](std::string_view start) { return set.key.starts_with(start); });
  if (set.setting->of_pod && !is_own) {
    out.push_back(
        finding(Rule::pod_sysctl, set,
                Message("{} belongs to the node, not to a pod: the kubelet does not start the pod "
                        "(SysctlForbidden)",
                        printable(set.key)),
                Message("Set it on the node: its sysctl files, or a privileged DaemonSet.")));
  }
}

// True: the kernel takes it, as far as that is known.
bool judge_range(const Set& set, std::vector<Finding>& out) {
  const auto range = host::sysctl_range(set.key);
  const std::string& value = set.setting->value;
  if (range && !host::kernel_takes(range, value)) {
    out.push_back(finding(Rule::value_refused, set,
                          Message("the kernel takes the numbers {} to {} for {}, and refuses "
                                  "\"{}\": the value before stays",
                                  range->least, range->most, set.key, printable(value)),
                          Message("Write a plain number, without a unit and without quotes.")));
    return false;
  }
  const bool too_little =
      set.key == "vm.min_free_kbytes" && !advise::parse_wanted(set.key + "=" + value, Machine{});
  if (too_little) {
    out.push_back(finding(Rule::value_refused, set,
                          Message("vm.min_free_kbytes={} is too little for the kernel to work with "
                                  "(its documentation: below 1024 kB it is subtly broken)",
                                  printable(value)),
                          Message("Leave the line out: the kernel chooses by itself.")));
  }
  return !too_little;
}

void judge_min_free(const Set& set, const Machine& machine, std::vector<Finding>& out) {
  const KiB value(static_cast<std::uint64_t>(*set.number));
  const KiB own = *machine.default_min_free;
  const double of_ram = share(to_bytes(value), *machine.ram);
  const bool above = static_cast<double>(value.count()) >
                     static_cast<double>(own.count()) * memory::clearly_above_default;
  if (of_ram <= memory::strict_share || !above) {
    return;
  }
  Finding found = finding(
      Rule::min_free_too_high, set,
      Message("vm.min_free_kbytes={} keeps {} free, {} of {}, where the kernel itself chooses {} "
              "kB: {} less are available",
              value.count(), human(to_bytes(value)), percent(of_ram), human(*machine.ram),
              own.count(), human(memory::cost_of_min_free(machine, value))),
      Message("Leave the line out, or set at most {} kB (1 % of RAM, or the kernel's own choice "
              "where that is more).",
              std::max(own, to_kib(*machine.ram / 100)).count()));
  found.severity = of_ram <= memory::widest_share  ? Severity::note
                   : of_ram <= memory::fatal_share ? Severity::warning
                                                   : Severity::error;
  found.ram = machine.ram;
  out.push_back(std::move(found));
}

// Huge pages of the default size, 2 MiB; what is left has to hold the kernel's reserve and a
// system.
void judge_hugepages(const Set& set, const Machine& machine, std::vector<Finding>& out) {
  constexpr Bytes page{std::uint64_t{2} << 20U}, least_to_start{std::uint64_t{512} << 20U};
  const Bytes size = page * static_cast<std::uint64_t>(*set.number);
  const Bytes left = machine.managed() - size - to_bytes(*machine.default_min_free);
  const double left_share = share(left, *machine.ram);
  constexpr double little = 0.10;
  if (size == Bytes(0) || (left >= least_to_start && left_share >= little) ||
      share(size, *machine.ram) < little) {
    return;
  }
  Finding found = finding(
      Rule::hugepages_too_many, set,
      Message(
          "vm.nr_hugepages={} sets {} aside at each boot (pages of 2 MiB); of {} that leaves {} "
          "for everything else",
          *set.number, human(size), human(*machine.ram), human(left)),
      Message("Reserve fewer: a host that comes up so may have no room for a login."));
  found.severity = left < least_to_start ? Severity::error : Severity::warning;
  found.ram = machine.ram;
  out.push_back(std::move(found));
}

void judge_without_ram(const Set& set, std::vector<Finding>& out) {
  const bool is_min_free = set.key == "vm.min_free_kbytes";
  const auto count = static_cast<std::uint64_t>(*set.number);
  constexpr std::uint64_t own_of_three_zones = 67584, quarter_gib = 128;
  if (is_min_free ? count <= own_of_three_zones : count < quarter_gib) {
    return;
  }
  out.push_back(finding(
      Rule::ram_not_given, set,
      is_min_free
          ? Message("vm.min_free_kbytes={} is more than 1 % of RAM on each machine below {}", count,
                    human(to_bytes(KiB(count)) * 100))
          : Message("vm.nr_hugepages={} sets {} aside at each boot (pages of 2 MiB)", count,
                    human(Bytes(std::uint64_t{2} << 20U) * count)),
      Message("Say --ram 4G,64G with the sizes that it is for, and it is judged.")));
}

// Today's defaults; where they depend on RAM, those of a machine.
struct Default {
  std::string_view key;
  std::int64_t least;
  const char* why;
};
constexpr Default defaults[] = {
    {"kernel.pid_max", 4194304, "the 4194304 that systemd sets on 64-bit hosts"},
    {"vm.max_map_count", 65530, "the kernel's default of 65530"},
};

void judge_limit(const Set& set, Machines machines, std::vector<Finding>& out) {
  const auto add = [&](std::int64_t least, const Message& than) {
    if (*set.number < least) {
      out.push_back(finding(Rule::limit_lowered, set,
                            Message("{}={} is below {}: it takes away what is there without it",
                                    set.key, *set.number, than.str()),
                            Message("Leave the line out; a runbook that asks for it is older than "
                                    "the default.")));
    }
  };
  for (const Default& each : defaults) {
    if (set.key == each.key) {
      add(each.least, Message("{}", tr(each.why)));
    }
  }
  for (const Machine& machine : machines) {
    const std::size_t before = out.size();
    if (set.key == "kernel.threads-max" || set.key == "fs.file-max") {
      const std::uint64_t own = set.key == "fs.file-max" ? memory::default_file_max(machine)
                                                         : memory::default_threads_max(machine);
      // RAM is known to some per cent only.
      add(static_cast<std::int64_t>(std::min<std::uint64_t>(own - own / 10, INT64_MAX)),
          Message("the kernel's own choice of about {} on {}", own, human(*machine.ram)));
    }
    if (out.size() > before) {
      out.back().ram = machine.ram;
    }
  }
}

void judge_value(const Set& set, Machines machines, std::vector<Finding>& out) {
  if (is_made_elsewhere(set.setting->value)) {
    if (is_judged(set.key)) {
      out.push_back(finding(Rule::not_literal, set,
                            Message("{} is set to {}, which is made elsewhere: not judged", set.key,
                                    printable(set.setting->value)),
                            Message("Lint what comes out of the template.")));
    }
    return;
  }
  if (!judge_range(set, out) || !set.number || *set.number < 0) {
    return;
  }
  const bool min_free = set.key == "vm.min_free_kbytes";
  const bool pages = set.key == "vm.nr_hugepages";
  for (const Machine& machine : min_free || pages ? machines : Machines{}) {
    min_free ? judge_min_free(set, machine, out) : judge_hugepages(set, machine, out);
  }
  if ((min_free || pages) && machines.empty()) {
    judge_without_ram(set, out);
  }
  judge_limit(set, machines, out);
}

// What only the settings of one file together tell.
class Together {
 public:
  Together(const std::vector<Set>& sets, Machines machines) : sets_(sets), machines_(machines) {}

  void judge(std::vector<Finding>& out) const {
    panic(out);
    overcommit(out);
  }

 private:
  [[nodiscard]] const Set* last(std::string_view key) const {
    const auto found = std::ranges::find_if(sets_.rbegin(), sets_.rend(), [key](const Set& set) {
      return set.key == key && set.number;
    });
    return found == sets_.rend() ? nullptr : &*found;
  }

  void panic(std::vector<Finding>& out) const {
    const Set* on_oom = last("vm.panic_on_oom");
    if (on_oom == nullptr || *on_oom->number == 0) {
      return;
    }
    const auto raised = std::ranges::find_if(
        out, [](const Finding& each) { return each.rule == Rule::min_free_too_high; });
    if (raised != out.end()) {
      out.push_back(finding(
          Rule::panic_on_oom, *on_oom,
          Message("vm.panic_on_oom={} together with the vm.min_free_kbytes of line {}: memory runs "
                  "out early, and each time the host panics",
                  *on_oom->number, raised->at.line),
          Message("Leave vm.min_free_kbytes to the kernel first; 0 kills one task instead of the "
                  "host.")));
    }
  }

  void overcommit(std::vector<Finding>& out) const {
    constexpr std::int64_t strict = 2, kernels_ratio = 50;
    const Set* mode = last("vm.overcommit_memory");
    const Set* size = last("vm.overcommit_kbytes");
    if (mode == nullptr || *mode->number != strict || (size != nullptr && *size->number != 0)) {
      return;
    }
    const Set* ratio = last("vm.overcommit_ratio");
    const std::int64_t part = ratio != nullptr ? *ratio->number : kernels_ratio;
    if (part > kernels_ratio || part < 0) {
      return;
    }
    const Message advice(
        "Set vm.overcommit_ratio to what may be promised, have swap, or leave mode 0.");
    if (machines_.empty()) {
      out.push_back(finding(Rule::overcommit_limit, *mode,
                            Message("vm.overcommit_memory=2 with a ratio of {} %: only that part "
                                    "of RAM, and swap, can be promised, used or not; then programs "
                                    "are refused memory",
                                    part),
                            advice));
    }
    for (const Machine& machine : machines_) {
      const Bytes limit = *machine.ram / 100 * static_cast<std::uint64_t>(part);
      out.push_back(finding(Rule::overcommit_limit, *mode,
                            Message("vm.overcommit_memory=2 with a ratio of {} %: of {} only {}, "
                                    "and swap, can be promised, used or not; then programs are "
                                    "refused memory",
                                    part, human(*machine.ram), human(limit)),
                            advice));
      out.back().ram = machine.ram;
    }
  }

  const std::vector<Set>& sets_;
  Machines machines_;
};

// Of several settings of one key in a group only the last counts; the others are told.
std::vector<Set> winners(const Config& config, std::vector<Finding>& out) {
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> last;
  std::vector<Set> sets;
  for (const Setting& setting : config.settings) {
    Set set{&setting, host::canonical_sysctl_key(setting.key),
            host::parse_sysctl_integer(setting.value)};
    const auto [found, is_new] = last.emplace(std::pair(setting.group, set.key), sets.size());
    if (is_new) {
      sets.push_back(std::move(set));
      continue;
    }
    const Set& earlier = sets[found->second];
    Finding twice = finding(
        Rule::set_twice, earlier,
        Message("{} is set to {} here and to {} in line {}: the later one wins", printable(set.key),
                printable(earlier.setting->value), printable(setting.value), setting.at.line),
        Message("Keep one of them."));
    twice.severity = earlier.setting->value == setting.value ? Severity::note : twice.severity;
    out.push_back(std::move(twice));
    sets[found->second] = std::move(set);
  }
  return sets;
}

}  // namespace

std::vector<Finding> judge(const Config& config, Machines machines) {
  // A look for a name that is near costs some time; no honest file has so many wrong ones.
  constexpr std::size_t most_wrong_names = 500;
  std::vector<Finding> out;
  const std::vector<Set> sets = winners(config, out);
  std::size_t wrong_names = 0;
  for (const Set& set : sets) {
    if (wrong_names < most_wrong_names) {
      const std::size_t before = out.size();
      judge_name(set, out);
      wrong_names += out.size() - before;
    } else if (wrong_names++ == most_wrong_names) {
      out.push_back(finding(Rule::not_read, set,
                            Message("more than {} names are wrong; those from here on were not "
                                    "looked at",
                                    most_wrong_names),
                            Message("Nothing there was judged.")));
    }
    judge_pod(set, out);
    judge_value(set, machines, out);
  }
  Together(sets, machines).judge(out);
  for (const Container& container : config.containers) {
    judge_container(container, out);
  }
  const auto add = [&out](Rule rule, const std::vector<NotRead>& places, const Message& advice) {
    for (const NotRead& each : places) {
      out.push_back({rule, info_of(rule).usual, each.at, each.why, advice, {}});
    }
  };
  add(Rule::memory_unit, config.memory_units, Message("Write Mi or M."));
  add(Rule::not_read, config.not_read, Message("Nothing there was judged."));
  std::ranges::stable_sort(
      out, {}, [](const Finding& each) { return std::pair(each.at.line, each.at.column); });
  return out;
}

}  // namespace whyoom::lint
