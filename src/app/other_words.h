// Words that people try who know other programs, and what they mean here.
#pragma once

#include <string_view>

namespace whyoom::app {

// "`whyoom undo`" for "rollback"; empty where nobody knows.
std::string_view command_for(std::string_view word);
// "--cgroup NAME" for "--pod".
std::string_view option_for(std::string_view option);

}  // namespace whyoom::app
