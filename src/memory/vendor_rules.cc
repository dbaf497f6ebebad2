#include "memory/vendor_rules.h"

#include <algorithm>
#include <set>

namespace whyoom::memory {

namespace {

std::optional<KiB> kernels_choice(const Machine& machine) { return machine.default_min_free; }

// Thousandths of RAM.
template <unsigned part>
std::optional<KiB> of_ram(const Machine& machine) {
  return machine.ram ? std::optional(to_kib(*machine.ram / 1000 * part)) : std::nullopt;
}

std::uint64_t nodes_of(const Machine& machine) {
  std::set<int> nodes;
  for (const ZoneState& zone : machine.zones) {
    if (zone.size() > Pages(0)) {
      nodes.insert(zone.node);
    }
  }
  return std::max<std::uint64_t>(nodes.size(), 1);
}

std::optional<KiB> half_gib_a_node(const Machine& machine) {
  return KiB(524288) * nodes_of(machine);
}

// memstate's own: 0.5 % of RAM, or 1 GiB for each node, whichever is more.
std::optional<KiB> memstate(const Machine& machine) {
  const auto part = of_ram<5>(machine);
  return part ? std::optional(std::max(*part, KiB(1048576) * nodes_of(machine))) : std::nullopt;
}

std::optional<KiB> memstate_least(const Machine& machine) {
  const auto wanted = memstate(machine);
  return wanted ? std::optional(*wanted / 10 * 8) : std::nullopt;
}

std::optional<KiB> memstate_most(const Machine& machine) {
  const auto wanted = memstate(machine);
  return wanted ? std::optional(*wanted / 10 * 15) : std::nullopt;
}

constexpr VendorRule rules[] = {
    {"the kernel", "its own choice, by zones and huge pages",
     "mm/page_alloc.c init_per_zone_wmark_min(), mm/khugepaged.c", kernels_choice, kernels_choice},
    {"Tencent Cloud", "at most 1 % of RAM", "cloud.tencent.com/document/product/213/54647", nullptr,
     of_ram<10>},
    {"AWS (ENA)", "1 to 3 % of RAM, a rule of thumb",
     "github.com/amzn/amzn-drivers ENA_Linux_Best_Practices.rst", of_ram<10>, of_ram<30>},
    {"Broadcom (Greenplum)", "3 % of RAM", "knowledge.broadcom.com/external/article/296235",
     of_ram<30>, of_ram<30>},
    {"Red Hat", "5 to 10 % of RAM runs out of memory at once",
     "RHEL 6 Performance Tuning Guide, 5.5", nullptr, of_ram<50>},
    {"Oracle, support", "524288 kB for each node", "document 2501269.1, as others quote it",
     half_gib_a_node, half_gib_a_node},
    {"Oracle, memstate", "0.8 to 1.5 times the larger of 0.5 % of RAM and 1 GiB for each node",
     "memstate, its code", memstate_least, memstate_most},
};

std::optional<WhatIf> with(const Machine& machine, const std::optional<KiB>& value) {
  if (!value || machine.zones.empty()) {
    return std::nullopt;
  }
  Settings settings;
  settings.min_free_kbytes = value;
  return what_if(machine, settings);
}

}  // namespace

std::span<const VendorRule> vendor_rules() { return rules; }

std::vector<VendorView> vendors_on(const Machine& machine) {
  std::vector<VendorView> views;
  for (const VendorRule& rule : rules) {
    VendorView view;
    view.rule = &rule;
    view.least = rule.least != nullptr ? rule.least(machine) : std::nullopt;
    view.most = rule.most != nullptr ? rule.most(machine) : std::nullopt;
    view.at_least = with(machine, view.least);
    view.at_most = view.most == view.least ? view.at_least : with(machine, view.most);
    const bool known = (rule.least == nullptr || view.least) && (rule.most == nullptr || view.most);
    if (known && machine.min_free) {
      const KiB now = machine.min_free->value;
      view.kept = (!view.least || now >= *view.least) && (!view.most || now <= *view.most);
    }
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace whyoom::memory
