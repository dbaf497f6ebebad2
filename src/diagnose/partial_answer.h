// What is certain of an event whose cause is open. Never nothing: that a report exists says that
// somebody asked for memory, and how it ended.
#pragma once

#include <vector>

#include "diagnose/event.h"

namespace whyoom::diagnose {

// Sentences, the most telling first; at least one.
std::vector<Message> partial_answer(const Event& event);

}  // namespace whyoom::diagnose
