#include "app/writer.h"

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "render/json_writer.h"

namespace whyoom::app {
namespace {

using diagnose::Event;

constexpr std::size_t most_followers = 50;

std::string_view outcome_text(report::Outcome outcome) {
  switch (outcome) {
    case report::Outcome::unknown:
      return "";
    case report::Outcome::killed:
      return "killed";
    case report::Outcome::panic:
      return "panic";
    case report::Outcome::no_victim:
      return "no victim";
    case report::Outcome::recovered:
      return "recovered";
  }
  return "";
}

std::string victims_text(const report::Report& report) {
  constexpr std::size_t most_named = 4;
  std::string text;
  for (std::size_t i = 0; i < report.victims.size() && i < most_named; ++i) {
    const report::Victim& victim = report.victims[i];
    text += (i == 0 ? "" : ", ") + victim.comm;
    text += victim.pid > 0 ? " (pid " + std::to_string(victim.pid) + ")" : "";
  }
  if (report.victims.size() > most_named) {
    text += " and " + std::to_string(report.victims.size() - most_named) + " more";
  }
  return text;
}

render::Follower follower(const Event& first, const Event& event) {
  const report::Report& report = event.report;
  render::Follower out;
  out.kind = report::name(report.kind);
  out.trigger = report.trigger ? report.trigger->comm : std::string();
  out.victims = victims_text(report);
  out.outcome = outcome_text(report.outcome);
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
class StoryWriter : public Writer {
 public:
  explicit StoryWriter(linux::Output& out) : out_(out) {}

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

 protected:
  virtual std::string story(const Event& first, const std::vector<render::Follower>& followers,
                            std::uint64_t more) const = 0;

  void close_story() {
    if (first_ != nullptr) {
      out_.write(story(*first_, followers_, followers_more_));
      out_.flush();
    }
    first_.reset();
    followers_.clear();
    followers_more_ = 0;
  }

  linux::Output& out_;

 private:
  std::unique_ptr<Event> first_;
  std::vector<render::Follower> followers_;
  std::uint64_t followers_more_ = 0;
};

class TextWriter final : public StoryWriter {
 public:
  TextWriter(const render::TextStyle& style, linux::Output& out)
      : StoryWriter(out), style_(style) {}

  void finish(const render::Summary& summary) override {
    close_story();
    // An input that could not be used is told on standard error.
    const bool damage = summary.damage.size() > summary.failed_inputs;
    if (summary.events > 0 || damage || summary.lines_lost > 0 || !summary.sources.empty()) {
      out_.write(render::text_summary(summary, style_));
    }
  }

 protected:
  std::string story(const Event& first, const std::vector<render::Follower>& followers,
                    std::uint64_t more) const override {
    return render::text_story(first, followers, more, style_);
  }

 private:
  render::TextStyle style_;
};

class MarkdownWriter final : public StoryWriter {
 public:
  MarkdownWriter(bool all, linux::Output& out) : StoryWriter(out), all_(all) {}

  void finish(const render::Summary& summary) override {
    close_story();
    out_.write(render::markdown_summary(summary));
  }

 protected:
  std::string story(const Event& first, const std::vector<render::Follower>& followers,
                    std::uint64_t more) const override {
    return render::markdown_story(first, followers, more, all_);
  }

 private:
  bool all_;
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
      return std::make_unique<MarkdownWriter>(style.all, out);
    case Format::text:
      break;
  }
  return std::make_unique<TextWriter>(style, out);
}

}  // namespace whyoom::app
