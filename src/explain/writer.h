// Events to an output in the chosen format, as they come.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "diagnose/event.h"
#include "render/format.h"
#include "render/layout.h"
#include "render/render.h"

namespace whyoom::explain {

// Where it goes.
struct Sink {
  std::function<void(std::string_view)> write;
  std::function<void()> flush;  // somebody may wait for what was written
};

class Writer {
 public:
  virtual ~Writer() = default;
  virtual void event(std::unique_ptr<diagnose::Event> event) = 0;
  // The input is quiet for now: show what is held back.
  virtual void quiet() = 0;
  virtual void finish(const render::Summary& summary) = 0;
};

// How events are told.
struct Telling {
  render::Format format = render::Format::text;
  render::TextStyle style{};
  bool whole = false;    // text: every story with its whole proof
  bool summary = false;  // text, Markdown and HTML: the events added up, no story
  bool nothing = false;  // --quiet
  render::TaskList tasks{};
  // It shows lines of the log, so that the readers have to keep them.
  [[nodiscard]] bool quotes() const {
    return format == render::Format::html && !summary && !nothing;
  }
};

std::unique_ptr<Writer> make_writer(const Telling& telling, Sink sink);

}  // namespace whyoom::explain
