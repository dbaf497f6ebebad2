// Findings, with their proofs and remedies.
#include "render/json_parts.h"
#include "render/phrase.h"

namespace whyoom::render {

namespace {

void write_remedy(JsonWriter& json, const diagnose::Remedy& remedy) {
  json("title", remedy.title.str());
  json.object("setting", remedy.setting, [&](const diagnose::Setting& setting) {
    json("key", setting.key);
    json("value", setting.value);
  });
  const auto& commands = remedy.commands;
  json.values("commands", commands, [](const ShellCommand& each) { return each.text(); });
  json.values("argv", commands, [](const ShellCommand& each) { return each.argv(); });
  json("gives_back", remedy.gives);
  json.object("what_if", remedy.what_if,
              [&](const memory::WhatIf& what_if) { write_change(json, what_if); });
}

}  // namespace

void write_findings(JsonWriter& json, std::span<const diagnose::Finding> findings,
                    const std::function<std::string(Place)>& place) {
  json.list("findings", findings, [&](const diagnose::Finding& finding) {
    json("cause", finding.cause);
    json("role", diagnose::name(finding.role));
    json.number("confidence", finding.confidence);
    json("summary", finding.summary.str());
    json.list("evidence", finding.proof, [&](const diagnose::Proof& proof) {
      json("what", proof.what.str());
      json.number("value", proof.value);
      json("unit", diagnose::name(proof.unit));
      json("at", text_or_null(place(proof.at)));
    });
    json.list("remedies", finding.remedies,
              [&](const diagnose::Remedy& remedy) { write_remedy(json, remedy); });
  });
}

}  // namespace whyoom::render
