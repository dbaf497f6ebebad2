#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/sum_of.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double big_balloon = 0.20;  // of RAM and balloon together

// Of what the machine has, kept from the kernel. At boot the kernel's text, its tables, KASAN's
// shadow (an eighth) and a crash kernel of a small machine take less.
constexpr double big_gap = 1.0 / 3;
constexpr Bytes notable_gap{std::uint64_t{256} << 20U};

// A size that was told from other zones' reserves is no proof: a report that ends early does not
// tell which zones these are of.
bool is_size_printed(const memory::ZoneState& zone) {
  const auto& fields = zone.printed->fields;
  return fields.get(kernel::Field::managed) || fields.get(kernel::Field::present);
}

// More than the zone has, or than the machine. A bug in how a driver tells what it took makes what
// is managed wrap, and the marks with it (5.3 to 5.4, drivers/virtio/virtio_balloon.c).
std::optional<Claim> absurd_mark(const memory::ZoneState& zone, const memory::Evidence& evidence) {
  const Bytes min = to_bytes(zone.min, evidence.page);
  const bool sized = is_size_printed(zone) && zone.managed && zone.managed->count() > 0;
  const bool beyond_ram = evidence.ram && min > *evidence.ram;
  if (!zone.eligible || (!(sized && zone.min > *zone.managed) && !beyond_ram)) {
    return std::nullopt;
  }
  const Bytes most = sized ? to_bytes(*zone.managed, evidence.page) : *evidence.ram;
  Claim result = claim(
      Role::root, Rank::out_of_reach, 0.3, 0.8,
      sized
          ? Message("The min of zone {} ({}) is more than the zone manages ({}): memory was taken "
                    "away from the machine (balloon, hot-unplug) after the marks were set.",
                    zone.name, kb(min), kb(most))
          : Message("The min of zone {} ({}) is more than the machine has ({}): memory was taken "
                    "away from it (balloon, hot-unplug), and counted wrongly.",
                    zone.name, kb(min), kb(most)));
  result.prove(Message("zone {}: min", zone.name), min, zone.at);
  if (sized) {
    result.prove(Message("zone {}: managed", zone.name), most, zone.at);
  } else {
    result.prove(Message("RAM that the kernel manages"), most);
    weaken(result, Message("the rest of the line of zone {}", zone.name),
           Message("what the zone manages is as much as RAM"));
  }
  return result;
}

void add_remedy(Finding& finding) {
  finding.remedy(
      Message("Give the guest its memory back on the host (balloon target), or set a lower bound"));
}

// What the machine has and the kernel does not manage: the zones' lines say it, and the last ones.
Maybe<Bytes> kept_back(const memory::Evidence& evidence) {
  const report::Report& report = *evidence.report;
  if (evidence.reserved) {
    return Read<Bytes>{*evidence.reserved, report.tail.reserved->at};
  }
  const auto present = memory::sum_of(report.zones, kernel::Field::present);
  const auto managed = memory::sum_of(report.zones, kernel::Field::managed);
  if (!present || !managed || managed->value > present->value) {
    return std::nullopt;
  }
  return Read<Bytes>{to_bytes(present->value - managed->value), managed->at};
}

// Pages that a driver gave away are "reserved" to the report, as are those that were kept back at
// boot: which of them, it does not tell. Processes had the rest, and would have had these.
std::optional<Claim> given_away(const Context& context) {
  const auto& evidence = context.evidence;
  const memory::Account* account = used_up(context);
  const auto kept = kept_back(evidence);
  if (account == nullptr || !kept || !evidence.ram) {
    return std::nullopt;
  }
  const Bytes gap = kept->value;
  const Bytes all = *evidence.ram + gap;
  const double part = share(gap, all);
  if (part < big_gap || gap < notable_gap ||
      share(account->size(memory::AccountLine::What::anon), account->total) < most_of_ram) {
    return std::nullopt;
  }
  const auto& at_boot = context.report.reserved_at_boot_kib;
  const Bytes since = gap - to_bytes(KiB(at_boot ? at_boot->value : 0));
  if (at_boot && share(since, all) < big_gap) {
    Claim boot = claim(Role::ruled_out, Rank::out_of_reach, part, 0.9,
                       Message("the boot itself kept {} from the kernel (\"crashkernel=\", tables)",
                               human(to_bytes(KiB(at_boot->value)))));
    boot.prove(Message("present, and not managed"), gap, kept->at);
    boot.prove(Message("kept from the kernel at boot"), to_bytes(KiB(at_boot->value)), at_boot->at);
    return boot;
  }
  Claim result = claim(Role::root, Rank::out_of_reach, part, 0.75,
                       Message("{} of the machine's {} ({}) are kept from the kernel: most likely "
                               "a balloon or unplug took them, and processes used up the rest.",
                               human(gap), human(all), percent(part)));
  result.prove(Message("present, and not managed"), gap, kept->at);
  result.prove(Message("RAM that the kernel manages"), *evidence.ram, place_of_ram(context.report));
  if (at_boot) {
    result.confidence = 0.9;
    result.prove(Message("kept from the kernel at boot"), to_bytes(KiB(at_boot->value)),
                 at_boot->at);
  } else {
    weaken(result, Message(R"(what the boot kept back ("crashkernel=", its line "Memory: ..."))"),
           Message("it was most of these {}", human(gap)));
  }
  add_remedy(result);
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context)) {
    return std::nullopt;
  }
  for (const auto& zone : evidence.zones) {
    if (auto claim = absurd_mark(zone, evidence)) {
      return claim;
    }
  }
  // Most drivers take the pages out of `managed`, so they are in no account.
  const auto [held, at] = balloon(evidence);
  if (at.line == 0) {  // before 6.18
    return given_away(context);
  }
  if (held.count() == 0 || !evidence.ram) {
    return std::nullopt;
  }
  const double part = share(held, *evidence.ram + held);
  const bool root = part >= big_balloon;
  if (root && used_up(context) == nullptr) {
    return std::nullopt;
  }
  Claim result =
      claim(root ? Role::root : Role::ruled_out, Rank::out_of_reach, part, 0.9,
            root ? Message("The balloon driver holds {} ({} of RAM and balloon) for the host.",
                           human(held), percent(part))
                 : Message("the balloon holds {} ({} of RAM)", human(held), percent(part)));
  result.prove(Message("balloon"), held, at);
  if (root) {
    add_remedy(result);
  }
  return result;
}

// The same of a host.
std::vector<Claim> check_gap(const host::Host& host, PageSize page) {
  Pages present;
  Pages managed;
  Place at;
  for (const host::Zone& zone : host.zones) {
    if (zone.present && zone.managed) {
      present += zone.present->value;
      managed += zone.managed->value;
      at = zone.present->value > zone.managed->value ? zone.managed->at : at;
    }
  }
  const Bytes all = to_bytes(present, page);
  const auto& crash_kernel = host.kept.kexec_crash_size;
  const Bytes gap =
      to_bytes(present - managed, page) - Bytes(crash_kernel ? crash_kernel->value : 0);
  const double part = share(gap, all);
  if (part < big_gap || gap < notable_gap) {
    return {};
  }
  Claim result =
      claim(Role::risk, Rank::out_of_reach, part, 0.75,
            Message("{} of the machine's {} ({}) are kept from the kernel: most likely a balloon "
                    "or unplug took them.",
                    human(gap), human(all), percent(part)));
  result.prove(Message("present, and not managed"), gap, at);
  add_remedy(result);
  return {std::move(result)};
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto& total = host.meminfo.mem_total;
  Bytes held;
  Place at;
  if (host.meminfo.balloon) {
    held = to_bytes(host.meminfo.balloon->value);
    at = host.meminfo.balloon->at;
  } else if (const auto& pages = host.vmstat.pages.balloon_pages) {
    held = to_bytes(pages->value, context.state.machine.page);
    at = pages->at;
  } else {
    return check_gap(host, context.state.machine.page);
  }
  if (!total) {
    return {};
  }
  const HostShare part{held, to_bytes(total->value) + held, at, total->at};
  Claim result =
      share_claim(Rank::out_of_reach, part, big_balloon, Message("balloon"),
                  Message("The balloon driver holds {} ({} of RAM and balloon) for the host.",
                          human(held), percent(part.part())));
  if (result.role == Role::risk) {
    add_remedy(result);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_balloon_or_hotplug{
    "balloon-or-hotplug", 'A', "a balloon or hot-unplug took the memory", judge, check};

}  // namespace whyoom::diagnose::causes
