// The statistics of a cgroup as numbers.
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/place.h"
#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

// The first of the names that is there, with the cgroups below where each has its own set.
Maybe<Bytes> memcg_stat(const report::Memcg& memcg, std::initializer_list<std::string_view> names);

// Anonymous memory, mapped or in the swap cache alone.
Maybe<Bytes> memcg_anon(const report::Memcg& memcg);

}  // namespace whyoom::memory
