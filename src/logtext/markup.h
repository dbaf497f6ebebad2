// What a web page leaves in the lines of a log that was copied from it: tags of forums ("[b]",
// "[code]"), of HTML ("<br>", "<span ...>"), and its entities ("&lt;").
#pragma once

#include <string>
#include <string_view>

namespace whyoom::logtext {

// `text` without them; it may point into `buffer`. Paths stay as they are: a cgroup is found by its
// name, whatever that is.
std::string_view strip_markup(std::string_view text, std::string& buffer);

}  // namespace whyoom::logtext
