// The recorder's ring for people: the curve of memory, what happened, what grew; and as JSON.
#pragma once

#include <string>
#include <vector>

#include "diagnose/event.h"
#include "record/history.h"
#include "render/document.h"

namespace whyoom::render {

struct HistoryView {
  const record::History& history;
  std::string store;
  std::string running_boot;  // the machine's own; empty: the ring is of another one
  // The kernel's reports in the ring, explained, in order.
  std::vector<const diagnose::Event*> events{};
};

// `width` 0: without the curve.
Document history_document(const HistoryView& view, std::size_t width);
std::string html_history(const HistoryView& view);  // a whole page
std::string json_history(const HistoryView& view);

}  // namespace whyoom::render
