// The answer of `whyoom check`: the four steps of the runbook on a host, what the rules found, and
// what to do.
#pragma once

#include <string>

#include "diagnose/host_check.h"
#include "render/render.h"

namespace whyoom::render {

Document check_document(const diagnose::HostCheck& check, Detail detail);
// Output version 1, one object, no newline at the end.
std::string json_check(const diagnose::HostCheck& check);

// Found: something that happens now or can happen. The exit status hangs on it.
bool has_findings(const diagnose::HostCheck& check);

// " on db1, kernel 6.1.0"; what of it is known.
std::string host_words(const std::string& name, const host::Host& host);

// The four steps: a label and its sentences, most important first.
struct CheckStep {
  std::string title;  // "1 Memory"
  std::vector<std::string> lines;
};
std::vector<CheckStep> check_steps(const diagnose::HostCheck& check);
// That this is not known: how much memory is left.
std::string too_little_read();

// "/proc/meminfo:1"; "" for a number that was computed.
std::string place_text(const host::Sources& sources, Place at);

}  // namespace whyoom::render
