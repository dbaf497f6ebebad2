// Escapes that transports put into a message instead of control characters.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::logtext {

// /dev/kmsg: "\x0a" becomes a newline, "\x09" a tab; other \xNN are decoded when they make
// printable text (UTF-8), else kept. The result is `text` itself or a view of `buffer`.
std::string_view unescape_kmsg(std::string_view text, std::string& buffer);

// rsyslog: "#012" becomes a newline, "#011" a tab, "#033[..m" nothing.
std::string_view unescape_rsyslog(std::string_view text, std::string& buffer);

}  // namespace whyoom::logtext
