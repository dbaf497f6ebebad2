#include "app/cause_name.h"

#include <vector>

#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"
#include "diagnose/cause.h"

namespace whyoom::app {

std::string no_cause(std::string_view id) {
  std::vector<std::string_view> ids;
  for (const diagnose::Cause* cause : diagnose::all_causes()) {
    ids.push_back(cause->id);
  }
  const std::string near = did_you_mean(id, ids);
  return tr("there is no cause \"{}\"{}", printable(id),
            near.empty() ? tr("; `whyoom causes` lists them") : near);
}

}  // namespace whyoom::app
