#include "app/writer.h"

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "render/json_writer.h"
#include "render/layout.h"
#include "render/markdown_text.h"
#include "render/phrase.h"

namespace whyoom::app {
namespace {

using diagnose::Event;

constexpr std::size_t most_followers = 50;

render::Follower follower(const Event& first, const Event& event) {
  const report::Report& report = event.report;
  render::Follower out;
  out.kind = report::name(report.kind);
  out.trigger = report.trigger ? report.trigger->comm : std::string();
  out.victims = report.victims.empty() ? std::string() : render::victims_text(report, 4);
  out.outcome = report.outcome == report::Outcome::no_victim
                    ? "no victim"
                    : std::string(render::outcome_name(report.outcome));
  out.root_cause = event.root_cause;
  out.of_victim = event.killed_at.line != 0;
  out.place = report.source + ":" + std::to_string(report.first_line);
  const auto& begin = first.report.time.monotonic_us;
  const auto& now = report.time.monotonic_us;
  if (begin && now && *now >= *begin) {
    out.time_known = true;
    out.seconds_after = static_cast<double>(*now - *begin) / 1e6;
  }
  return out;
}

// Text and Markdown show a spree as one story: its first event in full, then what followed.
class StoryWriter final : public Writer {
 public:
  StoryWriter(bool markdown, const render::TextStyle& style, linux::Output& out)
      : detail_{markdown, style.all}, style_(style), out_(out) {}

  void event(std::unique_ptr<Event> event) override {
    const auto verified = [](const Event& each) { return each.report.unverified.empty(); };
    if (first_ == nullptr || event->in_story <= first_->in_story ||
        verified(*event) != verified(*first_)) {
      close_story();
      first_ = std::move(event);
    } else if (followers_.size() < most_followers) {
      followers_.push_back(follower(*first_, *event));
    } else {
      ++followers_more_;
    }
  }

  void quiet() override { close_story(); }

  void finish(const render::Summary& summary) override {
    close_story();
    // An input that could not be used is told on standard error.
    const bool damage = summary.damage.size() > summary.failed_inputs;
    if (detail_.page || summary.events > 0 || damage || summary.lines_lost > 0 ||
        !summary.sources.empty()) {
      write(render::summary(summary, detail_));
    }
  }

 private:
  void close_story() {
    if (first_ != nullptr) {
      write(render::story(*first_, followers_, followers_more_, detail_));
      out_.flush();
    }
    first_.reset();
    followers_.clear();
    followers_more_ = 0;
  }

  void write(const render::Document& document) {
    out_.write(detail_.page ? render::to_markdown(document) : render::to_text(document, style_));
  }

  render::Detail detail_;
  render::TextStyle style_;
  linux::Output& out_;
  std::unique_ptr<Event> first_;
  std::vector<render::Follower> followers_;
  std::uint64_t followers_more_ = 0;
};

class NdjsonWriter final : public Writer {
 public:
  explicit NdjsonWriter(linux::Output& out) : out_(out) {}

  void event(std::unique_ptr<Event> event) override {
    out_.write(render::json_event(*event, false) + "\n");
    out_.flush();
  }
  void quiet() override {}
  void finish(const render::Summary& /*summary*/) override {}

 private:
  linux::Output& out_;
};

// One object, written piece by piece so that it never has to be in memory as a whole.
class JsonWriter final : public Writer {
 public:
  explicit JsonWriter(linux::Output& out) : out_(out) {
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
  linux::Output& out_;
  render::JsonWriter json_{true};
};

}  // namespace

std::unique_ptr<Writer> make_writer(Format format, const render::TextStyle& style,
                                    linux::Output& out) {
  switch (format) {
    case Format::json:
      return std::make_unique<JsonWriter>(out);
    case Format::ndjson:
      return std::make_unique<NdjsonWriter>(out);
    case Format::markdown:
    case Format::text:
      break;
  }
  return std::make_unique<StoryWriter>(format == Format::markdown, style, out);
}

}  // namespace whyoom::app
