#include "explain/story_writer.h"

#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "base/language.h"
#include "diagnose/tally.h"
#include "explain/open_stories.h"
#include "render/brief.h"
#include "render/html.h"
#include "render/layout.h"
#include "render/markdown_text.h"
#include "render/tally.h"

namespace whyoom::explain {
namespace {

using diagnose::Event;
using render::Format;

// More of them are added up, and only the last one is told.
constexpr std::size_t most_told = 5;

class StoryWriter final : public Writer {
 public:
  StoryWriter(const Telling& telling, Sink out)
      : telling_(telling),
        detail_{telling.format != Format::text, telling.style.all, is_brief(), telling.tasks,
                telling.format == Format::html},
        out_(std::move(out)) {}

  void event(std::unique_ptr<Event> event) override;
  void quiet() override;
  void finish(const render::Summary& summary) override;

 private:
  [[nodiscard]] bool is_brief() const {
    return telling_.format == Format::text && !telling_.whole && !telling_.style.all;
  }
  void ended(OpenStory&& story);
  void hold(OpenStory story);
  void tell_held();
  void write(const render::Document& document, std::string_view part = "story");

  Telling telling_;
  render::Detail detail_;
  Sink out_;
  OpenStories open_{[this](OpenStory&& story) { ended(std::move(story)); }};
  // The first ones, until there are too many to tell all; then the last one alone.
  std::list<OpenStory> held_;
  diagnose::Tally tally_;
  std::uint64_t closed_ = 0;
  bool page_begun_ = false;
  bool streams_ = false;  // somebody waits: what comes is told at once
};

void StoryWriter::write(const render::Document& document, std::string_view part) {
  switch (telling_.format) {
    case Format::html:
      out_.write(std::exchange(page_begun_, true) ? "" : render::html_head(tr("OOM events")));
      out_.write(render::to_html(document, part));
      break;
    case Format::markdown:
      out_.write(render::to_markdown(document));
      break;
    default:
      out_.write(render::to_text(document, telling_.style));
  }
}

void StoryWriter::event(std::unique_ptr<Event> event) {
  tally_.add(*event);
  open_.add(std::move(event));
}

void StoryWriter::ended(OpenStory&& story) {
  ++closed_;
  if (telling_.summary) {
    return;
  }
  if (is_brief() && !streams_) {
    return hold(std::move(story));
  }
  write(is_brief() ? render::brief(story.story(), telling_.style.width, telling_.tasks)
                   : render::story(story.story(), detail_));
  out_.flush();
}

void StoryWriter::hold(OpenStory story) {
  if (closed_ > most_told) {
    held_.clear();
  }
  held_.push_back(std::move(story));
}

void StoryWriter::tell_held() {
  if (closed_ > most_told && !held_.empty()) {
    write(render::tally_document(tally_, detail_));
    render::Document head;
    head.heading(tr("The last one"), "###");
    head.blank();
    write(head);
  }
  for (const OpenStory& story : held_) {
    write(render::brief(story.story(), telling_.style.width, telling_.tasks));
  }
  held_.clear();
}

void StoryWriter::quiet() {
  open_.end_all();
  tell_held();
  streams_ = true;
}

void StoryWriter::finish(const render::Summary& summary) {
  open_.end_all();
  tell_held();
  const bool html = telling_.format == Format::html;
  if (tally_.events() > 0 &&
      (telling_.summary || (closed_ > most_told && (html || (streams_ && is_brief()))))) {
    write(render::tally_document(tally_, detail_), "summary");
  }
  // An input that could not be used is told on standard error.
  const bool damage = summary.damage.size() > summary.failed_inputs;
  if (detail_.page || summary.events > 0 || damage || summary.lines_lost > 0 ||
      !summary.sources.empty()) {
    write(render::summary(summary, detail_), "end");
  }
  out_.write(html ? render::html_tail() : "");
}

}  // namespace

std::unique_ptr<Writer> make_story_writer(const Telling& telling, Sink sink) {
  return std::make_unique<StoryWriter>(telling, std::move(sink));
}

}  // namespace whyoom::explain
