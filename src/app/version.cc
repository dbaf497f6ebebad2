#include "app/version.h"

namespace whyoom::app {
std::string version_text() { return "whyoom " WHYOOM_VERSION; }
}  // namespace whyoom::app
