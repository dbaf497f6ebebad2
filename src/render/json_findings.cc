// Findings, with their proofs and remedies.
#include <cmath>

#include "render/json_parts.h"
#include "render/phrase.h"

namespace whyoom::render {

Json number(double value) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) {
    return nullptr;
  }
  if (value == std::trunc(value) && std::fabs(value) <= exact) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

namespace {

Json remedies_json(const diagnose::Finding& finding) {
  Json list = Json::array();
  for (const auto& remedy : finding.remedies) {
    Json json;
    json["title"] = clean(remedy.title);
    json["setting"] = nullptr;
    if (remedy.setting) {
      json["setting"] = {{"key", text(remedy.setting->key)}, {"value", remedy.setting->value}};
    }
    json["commands"] = Json::array();
    json["argv"] = Json::array();
    for (const ShellCommand& command : remedy.commands) {
      const auto argv = command.argv();
      json["commands"].push_back(text(command.text()));
      json["argv"].push_back(argv ? Json(*argv) : Json(nullptr));
    }
    json["what_if"] = remedy.what_if ? change_json(*remedy.what_if) : Json(nullptr);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Json findings_json(std::span<const diagnose::Finding> findings,
                   const std::function<std::string(Place)>& place) {
  Json list = Json::array();
  for (const auto& finding : findings) {
    Json evidence = Json::array();
    for (const auto& proof : finding.proof) {
      Json json;
      json["what"] = clean(proof.what);
      json["value"] = number(proof.value);
      json["unit"] = diagnose::name(proof.unit);
      json["at"] = text_or_null(place(proof.at));
      evidence.push_back(std::move(json));
    }
    Json json;
    json["cause"] = text(finding.cause);
    json["role"] = diagnose::name(finding.role);
    json["confidence"] = number(finding.confidence);
    json["summary"] = clean(finding.summary);
    json["evidence"] = std::move(evidence);
    json["remedies"] = remedies_json(finding);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace whyoom::render
