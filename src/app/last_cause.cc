#include "app/last_cause.h"

#include <algorithm>

#include "app/host_log.h"
#include "diagnose/engine.h"
#include "diagnose/last_word.h"

namespace whyoom::app {

LastCause last_cause(const HostRoot& root) {
  LastCause last;
  diagnose::LastWord word;
  // What could not be read is told by `whyoom` and `whyoom explain --host`.
  static_cast<void>(read_host_log(root, {}, [&](std::unique_ptr<diagnose::Event> event) {
    if (word.offer(*event) && event->root_cause != diagnose::undetermined) {
      const auto& remedies = event->findings.front().remedies;  // the root's
      last = {std::string(event->root_cause),
              event->report.source + ":" + std::to_string(event->report.first_line),
              std::ranges::any_of(remedies,
                                  [](const auto& remedy) { return remedy.setting.has_value(); })};
    }
  }));
  return last;
}

}  // namespace whyoom::app
