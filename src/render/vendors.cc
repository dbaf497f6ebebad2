#include "render/vendors.h"

#include "base/human.h"
#include "base/language.h"
#include "render/json_parts.h"

namespace whyoom::render {
namespace {

using memory::VendorView;
using memory::WhatIf;

std::string size(KiB value) { return kb(to_bytes(value)); }

std::string allowed(const VendorView& view) {
  if (view.least && view.most) {
    return *view.least == *view.most ? size(*view.most)
                                     : tr("{} to {}", size(*view.least), size(*view.most));
  }
  return view.most    ? tr("up to {}", size(*view.most))
         : view.least ? tr("from {}", size(*view.least))
                      : "?";
}

// Of the most that a rule allows.
Cell cost(const VendorView& view) {
  const auto& most = view.at_most ? view.at_most : view.at_least;
  if (!most) {
    return {};
  }
  const bool kills = most->request && !most->request->passes_after;
  return {human(most->out_of_reach_after) + (kills ? tr(", kills") : ""),
          kills ? Paint::red : Paint::plain};
}

}  // namespace

Document vendors_document(const memory::Machine& machine, std::span<const VendorView> vendors) {
  Document out;
  out.text(machine.min_free ? tr("vm.min_free_kbytes is {}.", size(machine.min_free->value))
                            : tr("vm.min_free_kbytes is not known."),
           Paint::bold);
  out.blank();
  Table table{{{.head = tr("who"), .flexible = true, .least = 12},
               {.head = tr("allows here"), .right = true},
               {.head = tr("takes at most"), .right = true},
               {.head = tr("now")}},
              true};
  for (const VendorView& view : vendors) {
    const bool broken = view.kept == false;
    table.add({{tr(view.rule->who)},
               {allowed(view)},
               cost(view),
               {!view.kept ? ""
                : broken   ? tr("outside")
                           : tr("within"),
                broken ? Paint::yellow : Paint::plain}});
  }
  out.table(std::move(table));
  out.blank();
  out.text(tr("\"takes\": free memory that the value puts out of reach of an ordinary request as "
              "this machine is. The rules contradict each other; a value that is the kernel's own "
              "choice is never a finding."),
           Paint::dim);
  out.blank();
  for (const VendorView& view : vendors) {
    out.labelled(tr("{}:", translated(view.rule->who)), Paint::dim,
                 tr("{} ({})", translated(view.rule->says), translated(view.rule->source)));
  }
  return out;
}

std::string json_vendors(const memory::Machine& machine, std::span<const VendorView> vendors) {
  const auto count = [](const std::optional<KiB>& value) {
    return value ? std::optional(value->count()) : std::nullopt;
  };
  JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json("key", "vm.min_free_kbytes");
    json("value", count(machine.min_free ? std::optional(machine.min_free->value) : std::nullopt));
    json.list("vendors", vendors, [&](const VendorView& view) {
      const auto change = [&json](const WhatIf& what_if) { write_change(json, what_if); };
      json("who", view.rule->who);
      json("says", view.rule->says);
      json("source", view.rule->source);
      json("least", count(view.least));
      json("most", count(view.most));
      json("kept", view.kept);
      json.object("at_least", view.at_least, change);
      json.object("at_most", view.at_most, change);
    });
  });
  return json.take();
}

}  // namespace whyoom::render
