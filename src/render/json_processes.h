// The parts of an event that tell who had the memory: cgroup, victims, process table.
#pragma once

#include <string_view>

#include "diagnose/event.h"
#include "render/json_parts.h"

namespace whyoom::render {

Json memcg_json(const diagnose::Event& event);
Json victims_json(const diagnose::Event& event);
Json tasks_json(const diagnose::Event& event);
// Whose the cgroup of this path is, or null.
Json owner_json(std::string_view path);

}  // namespace whyoom::render
