#include "app/writer.h"

#include <algorithm>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "render/json_writer.h"
#include "render/layout.h"
#include "render/markdown_text.h"
#include "render/phrase.h"
#include "report/event_merge.h"

namespace whyoom::app {
namespace {

using diagnose::Event;

constexpr std::size_t most_followers = 50;
// Stories that can go on at the same time, and what their reports may take.
constexpr std::size_t most_open = 64;
constexpr std::size_t most_bytes = std::size_t{128} << 20U;

// How well an event explains its story: a proved root before a likely one before none; a report
// before the line of a kill alone.
int explains(const Event& event) {
  if (event.killed_at.line != 0) {
    return 0;  // what a victim still asked for
  }
  if (event.verdict != diagnose::Verdict::undetermined) {
    return event.verdict == diagnose::Verdict::proved ? 3 : 2;
  }
  return event.report.trigger || event.report.mem_info_at || event.report.memcg ? 1 : 0;
}

// A story while its events come in. The best explained one of them is kept, of the others a line.
class OpenStory {
 public:
  explicit OpenStory(std::unique_ptr<Event> event)
      : id_(event->story),
        first_(event->report.time),
        last_(event->report.time),
        begin_(since_first(*event)),
        end_(begin_),
        killed_(event->report.victims.size()),
        lead_(std::move(event)) {}

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] std::size_t bytes() const { return report::bytes_held(lead_->report); }

  void add(std::unique_ptr<Event> event) {
    ++events_;
    killed_ += event->report.victims.size();
    last_ = event->report.time;
    end_ = since_first(*event);
    // Only what went on before the end explains it: the first of two that do it equally well.
    if (explains(*event) > explains(*lead_)) {
      std::swap(event, lead_);
    }
    if (event->report.panic) {
      panic_ = event->report.panic;
    }
    others_.push_back({row_of(*event), since_first(*event), event->in_story});
    if (others_.size() > most_followers) {
      others_.erase(others_.end() - 2);
      ++left_out_;
    }
  }

  [[nodiscard]] render::Document document(render::Detail detail) {
    render::Story story{.lead = *lead_,
                        .others = {},
                        .others_left_out = left_out_,
                        .events = events_,
                        .killed = killed_,
                        .first = first_,
                        .last = last_,
                        .seconds = {},
                        .end = lead_->report.panic ? std::nullopt : panic_};
    if (begin_ && end_) {
      story.seconds = *end_ - *begin_;
    }
    std::ranges::stable_sort(others_, {}, &Other::number);
    const std::optional<double> at = since_first(*lead_);
    for (Other& other : others_) {
      other.row.before = other.number < lead_->in_story;
      other.row.seconds_after =
          at && other.since ? std::optional(*other.since - *at) : std::nullopt;
      story.others.push_back(std::move(other.row));
    }
    return render::story(story, detail);
  }

 private:
  struct Other {
    render::Follower row;
    std::optional<double> since;
    std::uint32_t number = 0;
  };

  static std::optional<double> since_first(const Event& event) {
    return event.in_story <= 1 ? std::optional(0.0) : event.since_first;
  }

  static render::Follower row_of(const Event& event) {
    const report::Report& report = event.report;
    render::Follower row;
    row.kind = report::name(report.kind);
    row.trigger = report.trigger ? report.trigger->comm : std::string();
    row.victims = report.victims.empty() ? std::string() : render::victims_text(report, 4);
    row.outcome = report.outcome == report::Outcome::no_victim
                      ? "no victim"
                      : std::string(render::outcome_name(report.outcome));
    row.root_cause = event.root_cause;
    row.of_victim = event.killed_at.line != 0;
    row.place = report.source + ":" + std::to_string(report.first_line);
    return row;
  }

  std::uint64_t id_ = 0;
  report::Time first_, last_;
  std::optional<double> begin_, end_;
  std::uint64_t events_ = 1, killed_ = 0, left_out_ = 0;
  std::unique_ptr<Event> lead_;
  std::vector<Other> others_;
  std::optional<report::Panic> panic_;
};

// Text and Markdown show a spree as one story. Stories of several machines and cgroups go on at the
// same time, and come out in the order in which they began.
class StoryWriter final : public Writer {
 public:
  StoryWriter(bool markdown, const render::TextStyle& style, linux::Output& out)
      : detail_{markdown, style.all}, style_(style), out_(out) {}

  void event(std::unique_ptr<Event> event) override {
    const auto own = std::ranges::find(open_, event->story, &OpenStory::id);
    if (own != open_.end()) {
      own->add(std::move(event));
    } else {
      open_.emplace_back(std::move(event));
    }
    std::size_t bytes = 0;
    for (const OpenStory& story : open_) {
      bytes += story.bytes();
    }
    while (open_.size() > most_open || (bytes > most_bytes && open_.size() > 1)) {
      bytes -= open_.front().bytes();
      close_oldest();
    }
  }

  void quiet() override {
    while (!open_.empty()) {
      close_oldest();
    }
  }

  void finish(const render::Summary& summary) override {
    quiet();
    // An input that could not be used is told on standard error.
    const bool damage = summary.damage.size() > summary.failed_inputs;
    if (detail_.page || summary.events > 0 || damage || summary.lines_lost > 0 ||
        !summary.sources.empty()) {
      write(render::summary(summary, detail_));
    }
  }

 private:
  void close_oldest() {
    write(open_.front().document(detail_));
    out_.flush();
    open_.pop_front();
  }

  void write(const render::Document& document) {
    out_.write(detail_.page ? render::to_markdown(document) : render::to_text(document, style_));
  }

  render::Detail detail_;
  render::TextStyle style_;
  linux::Output& out_;
  std::list<OpenStory> open_;
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
