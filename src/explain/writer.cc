#include "explain/writer.h"

#include <utility>

#include "explain/story_writer.h"
#include "render/json_writer.h"

namespace whyoom::explain {
namespace {

using diagnose::Event;
using render::Format;

class NdjsonWriter final : public Writer {
 public:
  explicit NdjsonWriter(Sink out) : out_(std::move(out)) {}

  void event(std::unique_ptr<Event> event) override {
    out_.write(render::json_event(*event, false));
    out_.write("\n");
    out_.flush();
  }
  void quiet() override {}
  void finish(const render::Summary& /*summary*/) override {}

 private:
  Sink out_;
};

// One object, written piece by piece so that it never has to be in memory as a whole.
class JsonWriter final : public Writer {
 public:
  explicit JsonWriter(Sink out) : out_(std::move(out)) {
    json_.begin_object();
    json_("schema", "whyoom/1");
    json_.begin_array("events");
  }

  void event(std::unique_ptr<Event> event) override {
    json_.raw(render::json_event(*event, true));
    out_.write(json_.take());
  }
  void quiet() override {}
  void finish(const render::Summary& summary) override {
    json_.end(']');
    json_.raw("input", render::json_input(summary, true));
    json_.end('}');
    out_.write(json_.take() + "\n");
  }

 private:
  Sink out_;
  render::JsonWriter json_{true};
};

// Nothing but the exit status.
class NoWriter final : public Writer {
 public:
  void event(std::unique_ptr<Event> /*event*/) override {}
  void quiet() override {}
  void finish(const render::Summary& /*summary*/) override {}
};

}  // namespace

std::unique_ptr<Writer> make_writer(const Telling& telling, Sink sink) {
  if (telling.nothing) {
    return std::make_unique<NoWriter>();
  }
  switch (telling.format) {
    case Format::json:
      return std::make_unique<JsonWriter>(std::move(sink));
    case Format::ndjson:
      return std::make_unique<NdjsonWriter>(std::move(sink));
    case Format::markdown:
    case Format::html:
    case Format::text:
      break;
  }
  return make_story_writer(telling, std::move(sink));
}

}  // namespace whyoom::explain
