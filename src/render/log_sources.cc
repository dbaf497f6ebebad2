// Which logs of a host were read, how far back each reaches, and what that leaves open.
#include <string>
#include <string_view>
#include <vector>

#include "base/human.h"
#include "base/text.h"
#include "render/layout.h"
#include "render/phrase.h"
#include "render/render.h"

namespace whyoom::render {
namespace {

constexpr std::size_t most_rows = 20;

}  // namespace

std::string source_text(const LogSource& source) {
  const std::string from = time_text(source.from);
  const std::string to = time_text(source.to);
  std::string text =
      plural(source.events, "event", "events") + " in " + plural(source.lines, "line", "lines");
  if (from.empty() && to.empty()) {
    return text + ", no time in it";
  }
  return text + ", " + (from == to ? from : "from " + from + " to " + to);
}

std::string text_sources(const std::vector<LogSource>& sources, const TextStyle& style) {
  Canvas out(style.width, style.colour);
  std::size_t shown = 0;
  for (const LogSource& source : sources) {
    if (++shown > most_rows) {
      out.text("and " + plural(sources.size() - most_rows, "more log", "more logs"), Paint::dim);
      break;
    }
    const std::string name = printable(source.name);
    if (source.read) {
      out.labelled("read:", Paint::dim, name + ": " + source_text(source), 0);
    }
    if (!source.gap.empty()) {
      out.labelled(source.read ? "but:" : "not read:", Paint::yellow,
                   (source.read ? "" : name + ": ") + printable(source.gap), 0);
    }
  }
  return out.take();
}

}  // namespace whyoom::render
