
// `whyoom causes`
#include <memory>
#include <string>
#include <string_view>

#include "app/cause_pages.h"
#include "app/command.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "linux/terminal.h"
#include "render/layout.h"
#include "render/markdown_read.h"

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
  return "  " + padded(cause.id, id_width) + tr(cause.title) + "\n";
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
        text += (text.empty() ? "" : "\n") + tr(section.title) + "\n";
        begun = true;
      }
      text += row(*cause);
    }
  }
  return tr("{}\n`whyoom causes ID` tells more about one of them.\n", text);
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

struct CausesOptions : Options {
  std::string id;  // empty = all
};

int causes(const CausesOptions& options, Console& io) {
  const std::string& id = options.id;
  if (id.empty()) {
    io.out.write(list());
    return nothing_found;
  }
  const diagnose::Cause* cause = diagnose::find_cause(id);
  if (cause == nullptr) {
    const std::string near = similar(id);
    io.tell(near.empty() ? no_cause(id) : tr("there is no cause \"{}\"", printable(id)));
    io.errors.write(near.empty() ? "" : tr("Is it one of these?\n{}", near));
    return trouble;
  }
  const std::string text = cause_page(id);
  io.out.write(text.empty() ? row(*cause)
               : options.format == Format::markdown
                   ? text
                   : render::to_text(render::read_markdown(text), options.style()));
  return nothing_found;
}

}  // namespace

const Command causes_command{
    "causes", "whyoom causes [ID] [OPTIONS]",
    "Lists the causes that whyoom knows, or tells about one.",
    "Examples:\n"
    "  whyoom causes\n"
    "  whyoom causes min-free-too-high\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<CausesOptions>();
      flags.text("ID", "", options->id, "The cause to read about");
      flags.format(*options, "text (default) or markdown", {Format::text, Format::markdown});
      flags.look(*options);
      return [options](Console& io) { return causes(*options, io); };
    }};

}  // namespace whyoom::app
