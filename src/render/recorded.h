// What the recorder adds to an event: which of its numbers stand in for the log's, what grew.
#pragma once

#include <span>
#include <string>

#include "diagnose/event.h"
#include "memory/recorded.h"
#include "render/document.h"
#include "render/json_writer.h"

namespace whyoom::render {

// ", service app.service"; empty where the path tells no owner.
std::string owner_text(const std::string& cgroup);

// "java (pid 42, app.service) grew from 1 GiB to 20 GiB in 41 s, since ..."
std::string growth_text(const memory::Growth& growth);
void write_growth(Document& out, std::span<const memory::Growth> grew);
void write_growth(JsonWriter& json, JsonKey key, std::span<const memory::Growth> grew);

// A section of a story; nothing where nothing grew.
void add_recorded(Document& out, const diagnose::Event& event);
// The curve of memory before it; only a page has it.
void add_recorded_curve(Document& out, const diagnose::Event& event);
void write_recorded(JsonWriter& json, const diagnose::Event& event);

}  // namespace whyoom::render
