// Whose prompts stand in a text that somebody posted: what its commands printed is of that host.
#pragma once

#include <string_view>

namespace whyoom::host {

// "root@web9:~# free -m", "[root@web9 ~]$ ...". True: there are such, and none is of `host`. Names
// are the same up to their first dot.
bool is_of_other_host(std::string_view text, std::string_view host);

}  // namespace whyoom::host
