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
// What is known beside the log, and the report lacks, is used where the verdict is a stronger one
// with it, or fewer candidates are left.
std::unique_ptr<Event> explain(report::Report&& report, const StoryContext& story = {},
                               std::optional<memory::Recorded> recorded = std::nullopt);

}  // namespace whyoom::diagnose
