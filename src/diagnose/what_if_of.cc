#include "diagnose/what_if_of.h"

#include <string>

#include "memory/settings.h"
#include "memory/whatif.h"

namespace whyoom::diagnose {

void add_what_if(std::vector<Finding>& findings, const memory::Machine& machine) {
  for (Finding& finding : findings) {
    for (Remedy& remedy : finding.remedies) {
      if (!remedy.setting && remedy.assume.empty()) {
        continue;
      }
      const std::string assignment =
          remedy.assume.empty() ? remedy.setting->key + "=" + std::to_string(remedy.setting->value)
                                : remedy.assume;
      memory::Settings settings;
      if (memory::has_what_if(assignment) && memory::apply_setting(settings, assignment, machine)) {
        remedy.what_if = memory::what_if(machine, settings);
        if (remedy.what_if->within_reach_after > remedy.what_if->within_reach_before) {
          remedy.gives = remedy.what_if->within_reach_after - remedy.what_if->within_reach_before;
        }
      }
    }
  }
}

}  // namespace whyoom::diagnose
