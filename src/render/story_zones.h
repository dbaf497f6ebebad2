// The zones of an event: what each had free, and what the request needed there.
#pragma once

#include <string>
#include <vector>

#include "diagnose/event.h"
#include "render/document.h"
#include "render/phrase.h"

namespace whyoom::render {

struct ZonePicture {
  Table table;
  std::vector<std::string> notes;  // what the marks are made of, where that is not plain
  std::size_t hidden = 0;          // zones for which there was no room
};

// At most `most` zones, those that the request may use first. Empty for a cgroup's OOM: they had no
// part in it.
ZonePicture zone_picture(const diagnose::Event& event, std::size_t most, Sizes sizes);

void add_zones(Document& out, const diagnose::Event& event, Detail detail);

}  // namespace whyoom::render
