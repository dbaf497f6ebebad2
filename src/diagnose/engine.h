// Runs every cause over one report, picks the root, orders the rest.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "diagnose/cause.h"
#include "diagnose/event.h"

namespace whyoom::diagnose {

inline constexpr std::string_view undetermined = "undetermined";

// By role, then by rank, the strongest first.
std::vector<Finding> in_order(std::vector<Claim>&& claims);

// The event owns the report; its evidence points into it, so it stays where it is.
// Numbers that the recorder has and the report lacks are used where the verdict is a stronger one
// with them.
std::unique_ptr<Event> explain(report::Report&& report, const StoryContext& story = {},
                               std::optional<memory::Recorded> recorded = std::nullopt);

}  // namespace whyoom::diagnose
