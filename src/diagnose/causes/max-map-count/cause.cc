#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

ProcessFilter nobody(const TaskLimit& /*limit*/) {
  return [](const host::Process&) { return false; };
}

Message reached(const TaskLimit& limit, const std::string& /*makers*/) {
  return Message(
      "{} has {} that vm.max_map_count allows: mmap, mprotect and new "
      "threads of this process fail with {}, however much memory is free.",
      limit.whose, filled_text(limit), errno_text(limit.error));
}

void complete(const HostContext& /*context*/, const TaskLimit& limit, Finding& finding) {
  finding.remedies = {set_remedy(
      Message("Raise the limit if the program is made so (Elasticsearch asks for 262144), "
              "or find what it maps"),
      "vm.max_map_count",
      limit.limit < 131072 ? 262144 : static_cast<std::int64_t>(limit.limit * 2))};
}

std::vector<Claim> check(const HostContext& context) {
  return judge_limits(context, {TaskLimit::Kind::max_map_count, nobody, reached, complete});
}

}  // namespace

extern const Cause cause_max_map_count{"max-map-count", 'D',
                                       "a process has as many mappings as vm.max_map_count allows",
                                       nullptr, check};

}  // namespace whyoom::diagnose::causes
