// The answer of `whyoom check`: the four steps of the runbook on a host, what the rules found, and
// what to do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/host_check.h"
#include "render/render.h"

namespace whyoom::render {

Document check_document(const diagnose::HostCheck& check, Detail detail);
// Output version 1, one object, no newline at the end.
std::string json_check(const diagnose::HostCheck& check);

// Found: something that happens now or can happen. The exit status hangs on it.
bool has_findings(const diagnose::HostCheck& check);

// "now:", "risk:", "note:"
std::string role_label(const diagnose::Finding& finding);

// " on db1, kernel 6.1.0"; what of it is known.
std::string host_words(const std::string& name, const host::Host& host);

// The four steps: a label and its sentences, most important first.
struct CheckStep {
  std::string title;  // "1 Memory"
  std::vector<std::string> lines;
};
std::vector<CheckStep> check_steps(const diagnose::HostCheck& check);
// What the next boot sets of a key of which the history is read; empty: nothing, or not known.
// "vm.min_free_kbytes=1048572 (/etc/sysctl.conf:1)"
std::string set_at_boot(const diagnose::HostCheck& check, std::string_view key);
// The same where nobody can judge it, as the host does not tell how much RAM it has: of the first
// key that depends on it, and how to judge it. `root`: where the host's files are.
struct Unjudged {
  std::string key, set, lint;  // `lint`: a command
};
std::optional<Unjudged> unjudged_at_boot(const diagnose::HostCheck& check, const std::string& root);
// That this is not known: how much memory is left.
std::string too_little_read();

// "/proc/meminfo:1"; "" for a number that was computed.
std::string place_text(const host::Sources& sources, Place at);

}  // namespace whyoom::render
