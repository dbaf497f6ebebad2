#include <algorithm>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// pkg/kubelet/apis/config/v1beta1/defaults_linux.go
constexpr Bytes kubelet_default{100ULL << 20U};

struct Threshold {
  Bytes size;
  Place at{};
  std::string text;
};

std::optional<Threshold> threshold(const Maybe<host::EvictionThreshold>& setting, Bytes ram) {
  if (!setting) {
    return std::nullopt;
  }
  const host::EvictionThreshold& value = setting->value;
  if (value.bytes) {
    return Threshold{*value.bytes, setting->at, value.text};
  }
  if (value.percent) {
    const double bytes = static_cast<double>(ram.count()) * *value.percent / 100;
    return Threshold{Bytes(static_cast<std::uint64_t>(bytes)), setting->at, value.text};
  }
  return std::nullopt;
}

// The one that acts first: the higher of the two.
Threshold first_to_act(const host::Kubelet& kubelet, Bytes ram) {
  Threshold first =
      threshold(kubelet.hard_memory, ram)
          .value_or(Threshold{kubelet_default, {}, tr("100Mi, the kubelet's default")});
  const auto soft = threshold(kubelet.soft_memory, ram);
  return soft && soft->size > first.size ? *soft : first;
}

// The free memory at which the kernel gives nothing more to an ordinary request, and that up to
// which kswapd frees.
struct Marks {
  Bytes floor, high;
};
Marks marks_of(const memory::Machine& machine) {
  Marks sum;
  for (const memory::ZoneState& zone : machine.zones) {
    const auto held = [&](Pages mark) {
      return to_bytes(std::min(zone.size(), mark + zone.reserve), machine.page);
    };
    sum.floor += held(zone.min);
    sum.high += held(zone.high);
  }
  return sum;
}

Message sentence(const Threshold& limit, const Marks& marks) {
  if (limit.size <= marks.floor) {
    return Message(
        "The kubelet evicts pods below {} available ({}), but the kernel keeps {} free from "
        "ordinary requests (min and reserve of all zones): it kills before the kubelet sees a "
        "shortage.",
        human(limit.size), printable(limit.text), human(marks.floor));
  }
  return Message(
      "The kubelet evicts pods below {} available ({}), and the kernel reclaims until {} are free "
      "(high marks and reserves) and kills at {}: the kubelet has little room to act first.",
      human(limit.size), printable(limit.text), human(marks.high), human(marks.floor));
}

std::vector<Claim> check(const HostContext& context) {
  const host::Kubelet& kubelet = context.facts.host.kubelet;
  const memory::HostState& state = context.state;
  if (!kubelet.seen || !state.ram || state.machine.zones.empty()) {
    return {};
  }
  const Threshold limit = first_to_act(kubelet, *state.ram);
  const Marks marks = marks_of(state.machine);
  const bool below = limit.size < marks.high;
  // A file with other thresholds can stand where this tool does not look.
  const double confidence = limit.at.line == 0 ? 0.7 : 0.9;
  Claim result =
      claim(below ? Role::risk : Role::ruled_out, Rank::limit,
            limit.size <= marks.floor ? 0.5 : 0.2, confidence,
            below ? sentence(limit, marks)
                  : Message("the kubelet evicts below {}, the kernel reclaims until {} are free",
                            human(limit.size), human(marks.high)));
  result.prove(Message("memory.available of the kubelet"), limit.size, limit.at);
  result.prove(Message("min and reserve of all zones"), marks.floor);
  result.prove(Message("high and reserve of all zones"), marks.high);
  if (below) {
    constexpr std::uint64_t mib = 1ULL << 20U;
    const std::uint64_t enough = (marks.high + kubelet_default).count() / mib + 1;
    result.remedy(Message("Set evictionHard memory.available to {}Mi or more", enough),
                  {ShellCommand("grep -A5 eviction /var/lib/kubelet/config.yaml")});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_eviction_below_watermark{
    "eviction-below-watermark", 'F', "the kernel kills before the kubelet evicts", nullptr, check};

}  // namespace whyoom::diagnose::causes
