// What to do: the remedies of findings in their order, and what each would have done.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "render/document.h"
#include "render/render.h"

namespace whyoom::render {

// Remedies of the findings that are not ruled out: the root's first, then what gives most back.
// `cause` is empty for the root's own.
struct Fix {
  std::string cause, title;
  std::vector<std::string> commands;  // lines for a shell
  // What it would have done at this moment, with the setting and without; empty = not computed.
  std::string effect, result;
  std::string with{};            // what the result assumes: "it", "580 MiB of RAM"
  std::optional<Bytes> gives{};  // memory, at most
};
// `restarted`: the machine has since, and its processes with it.
std::vector<Fix> fixes(std::span<const diagnose::Finding> findings, bool restarted = false);
void add_fixes(Document& out, std::span<const Fix> list, Detail detail);

}  // namespace whyoom::render
