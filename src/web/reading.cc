#include "web/reading.h"

#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/html.h"
#include "render/json_writer.h"
#include "render/markdown_text.h"
#include "render/phrase.h"
#include "render/story_text.h"
#include "render/tally.h"
#include "web/story_list.h"

namespace whyoom::web {
namespace {

using render::Format;

constexpr render::Detail whole_page{.page = true, .all = true};
constexpr render::Detail in_browser{.page = true, .all = true, .html = true};
constexpr std::size_t few_stories = 1;

void write_row(render::JsonWriter& json, const explain::OpenStory& kept) {
  const render::Story story = kept.story();
  const diagnose::Event& lead = story.lead;
  json("title", render::answer(lead));
  json("what", render::headline(story));
  json("when", render::time_text(lead.report.time));
  json("host", lead.report.host);
  json("place", render::source_range(lead.report));
  json("cause", lead.root_cause);
  json("verdict", diagnose::name(lead.verdict));
  json("unverified", !lead.report.unverified.empty());
  json("panic", lead.report.panic || story.end);
  json("events", story.events);
  json("killed", story.killed);
}

}  // namespace

Reading::Reading(std::optional<Format> format) {
  bool quotes = true;
  if (format) {
    explain::Telling telling{.format = *format};
    telling.whole = true;
    quotes = telling.quotes();
    writer_ = explain::make_writer(
        telling, {.write = [this](std::string_view text) { out_ += text; }, .flush = [] {}});
  } else {
    auto list = std::make_unique<StoryList>();
    list_ = list.get();
    writer_ = std::move(list);
  }
  pipeline_ = std::make_unique<explain::Pipeline>(explain::SelectionRules{}, *writer_, quotes);
}

Reading::~Reading() = default;

void Reading::begin_log(const std::string& name) {
  name_ = name;
  names_.push_back(printable(name));
  found_before_ = pipeline_->found();
  log_ = pipeline_->reader(name);
}

void Reading::feed(std::string_view bytes) {
  if (log_) {
    log_->feed(bytes);
  }
}

void Reading::end_log(const std::string& damage) {
  if (!log_) {
    return;
  }
  const report::InputAccount account = log_->finish();
  log_.reset();
  pipeline_->account(name_, account);
  std::string problem = damage;
  if (problem.empty()) {
    problem = explain::trouble_of(account, pipeline_->found() - found_before_);
  }
  if (problem.empty()) {
    any_read_ = true;
    return;
  }
  remarks_.push_back(names_.back() + ": " + printable(tr(problem)));
  if (problem != explain::empty_input) {
    pipeline_->failed(name_, problem);
  }
}

void Reading::finish() {
  pipeline_->finish();
  const std::string where =
      names_.size() == 1 ? names_.front() : plural(names_.size(), "file", "files");
  for (std::string& remark : pipeline_->remarks(where, any_read_)) {
    remarks_.push_back(std::move(remark));
  }
  if (list_ != nullptr) {
    write_list();
  }
}

void Reading::write_list() {
  render::JsonWriter json(false);
  json.document([&] {
    json.list("stories", list_->stories(),
              [&](const explain::OpenStory& story) { write_row(json, story); });
    json("left_out", list_->left_out());
    json.values("remarks", remarks_, [](const std::string& remark) { return remark; });
    json("events", pipeline_->summary().events);
    json("bytes", pipeline_->summary().bytes);
  });
  out_ += json.take();
}

std::string Reading::take() { return std::exchange(out_, {}); }

std::string Reading::summary_part() const {
  std::string html;
  if (list_ != nullptr && list_->stories().size() > few_stories) {
    html += render::to_html(render::tally_document(list_->tally(), whole_page), "summary");
  }
  return html + render::to_html(render::summary(pipeline_->summary(), whole_page), "end");
}

std::string Reading::story_part(std::size_t index) const {
  if (list_ == nullptr || index >= list_->stories().size()) {
    return {};
  }
  return render::to_html(render::story(list_->stories()[index].story(), in_browser), "story");
}

std::string Reading::story(std::size_t index, Format format) const {
  if (list_ == nullptr || index >= list_->stories().size()) {
    return {};
  }
  const render::Story story = list_->stories()[index].story();
  switch (format) {
    case Format::html:
      return render::html_head(render::headline(story)) + story_part(index) + render::html_tail();
    case Format::markdown:
      return render::to_markdown(render::story(story, whole_page));
    case Format::json:
    case Format::ndjson:
      break;
    case Format::text:
      return render::to_text(render::story(story, {.all = true}), {});
  }
  render::JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.array("events", [&] { json.raw(render::json_event(story.lead, true)); });
    json.raw("input", render::json_input(pipeline_->summary(), true));
  });
  return json.take() + "\n";
}

}  // namespace whyoom::web
