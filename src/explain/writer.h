// Events to an output in the chosen format, as they come.
#pragma once

#include <memory>

#include "app/command.h"
#include "diagnose/event.h"
#include "linux/output.h"
#include "render/layout.h"
#include "render/render.h"

namespace whyoom::app {

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
  Format format = Format::text;
  render::TextStyle style{};
  bool whole = false;    // text: every story with its whole proof
  bool summary = false;  // text and Markdown: the events added up, no story
  bool nothing = false;  // --quiet
  render::TaskList tasks{};
};

std::unique_ptr<Writer> make_writer(const Telling& telling, linux::Output& out);

}  // namespace whyoom::app
