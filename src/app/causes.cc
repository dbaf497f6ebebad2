#include "app/causes.h"

#include <string>
#include <string_view>

#include "app/run.h"
#include "base/text.h"
#include "diagnose/cause.h"

namespace whyoom::app {
namespace {

struct Section {
  char letter;
  std::string_view title;
};
constexpr Section sections[] = {
    {'A', "The kernel says OOM although memory is free"},
    {'B', "Memory is used up, and by what"},
    {'C', "A cgroup's limit"},
    {'D', "\"Cannot allocate memory\" without an OOM kill"},
    {'E', "What happens on OOM"},
    {'F', "On a host: the next OOM"},
};

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(out.size() + 1, width), ' ');
  return out;
}

std::string row(const diagnose::Cause& cause) {
  constexpr std::size_t id_width = 25;
  return "  " + padded(cause.id, id_width) + std::string(cause.title) + "\n";
}

std::string list() {
  std::string text;
  for (const Section& section : sections) {
    bool begun = false;
    for (const diagnose::Cause* cause : diagnose::all_causes()) {
      if (cause->section != section.letter) {
        continue;
      }
      if (!begun) {
        text += (text.empty() ? "" : "\n") + std::string(section.title) + "\n";
        begun = true;
      }
      text += row(*cause);
    }
  }
  return text + "\n`whyoom causes ID` tells more about one of them.\n";
}

// Causes whose id has the word that was asked for, for a mistyped or shortened id.
std::string similar(std::string_view id) {
  std::string text;
  for (const diagnose::Cause* cause : diagnose::all_causes()) {
    if (cause->id.find(id) != std::string_view::npos ||
        id.find(cause->id) != std::string_view::npos) {
      text += row(*cause);
    }
  }
  return text;
}

}  // namespace

int causes(const CausesOptions& options, linux::Output& out, linux::Output& errors) {
  if (options.id.empty()) {
    out.write(list());
    return nothing_found;
  }
  const diagnose::Cause* cause = diagnose::find_cause(options.id);
  if (cause == nullptr) {
    errors.write("whyoom: no cause has the id \"" + printable(options.id) + "\"\n");
    const std::string near = similar(options.id);
    errors.write(near.empty() ? "`whyoom causes` lists them.\n" : "Is it one of these?\n" + near);
    return trouble;
  }
  const std::string_view text = diagnose::documentation(options.id);
  out.write(text.empty() ? row(*cause) : std::string(text));
  return nothing_found;
}

}  // namespace whyoom::app
