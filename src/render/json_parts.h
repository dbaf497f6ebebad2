// Parts that several JSON documents share. Each writes members of the object that is open.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/place.h"
#include "diagnose/event.h"
#include "diagnose/finding.h"
#include "memory/whatif.h"
#include "render/json_writer.h"

namespace whyoom::render {

// "findings"; `place` names where a number was read, "" for one that was computed.
void write_findings(JsonWriter& json, std::span<const diagnose::Finding> findings,
                    const std::function<std::string(Place)>& place);

// What a change of settings does: "out_of_reach", "within_reach", "request", "on_failure".
void write_change(JsonWriter& json, const memory::WhatIf& what_if);

// The parts of an event that tell who had the memory: "memcg", "victims", "tasks".
void write_memcg(JsonWriter& json, const diagnose::Event& event);
void write_victims(JsonWriter& json, const diagnose::Event& event);
void write_tasks(JsonWriter& json, const diagnose::Event& event);
// Whose the cgroup is.
void write_owner(JsonWriter& json, JsonKey key, const std::optional<memory::CgroupOwner>& owner);

// Sizes that the kernel prints in kB.
template <class T>
std::optional<Bytes> from_kib(const std::optional<T>& value) {
  if constexpr (std::integral<T>) {
    return value ? std::optional(to_bytes(KiB(*value))) : std::nullopt;
  } else {
    return value ? std::optional(to_bytes(KiB(value->value))) : std::nullopt;
  }
}

}  // namespace whyoom::render
