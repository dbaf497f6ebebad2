#include "render/story_quotes.h"

#include <gtest/gtest.h>

#include "render/html.h"
#include "render/layout.h"
#include "render/markdown_text.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

constexpr Detail html_page{.page = true, .html = true};

std::unique_ptr<diagnose::Event> quoted_event() {
  auto event = sample::min_free_event();
  event->story = 3;
  event->report.lines = {{412, "init invoked oom-killer: <b>"},
                         {454, "Node 0 DMA32 free:787688kB"}};
  return event;
}

bool page_has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(StoryQuotes, LinksEachNumberToItsLine) {
  const auto event = quoted_event();
  const std::string html = to_html(story(story_of(*event, {}, 0), html_page), "story");
  EXPECT_TRUE(page_has(html, "<a href=\"#line-3.1-454\">dmesg.log:454</a>")) << html;
  EXPECT_TRUE(page_has(html, "<span id=\"line-3.1-454\">454  Node 0 DMA32 free:787688kB\n</span>"))
      << html;
  EXPECT_TRUE(page_has(html, "412  init invoked oom-killer: &lt;b&gt;")) << html;
}

TEST(StoryQuotes, ALineThatIsNotThereHasNoLink) {
  const auto event = quoted_event();
  EXPECT_EQ(quote_id(*event, {0, 455}), "");
  EXPECT_EQ(quote_id(*event, {1, 454}), "") << "the recorder's";
  event->report.lines.clear();
  const std::string html = to_html(story(story_of(*event, {}, 0), html_page), "story");
  EXPECT_FALSE(page_has(html, "href=")) << html;
  EXPECT_FALSE(page_has(html, "The lines of the log")) << html;
}

TEST(StoryQuotes, TwoMessagesOfOneLineHaveOneId) {
  const auto event = quoted_event();
  event->report.lines = {{454, "a"}, {454, "b"}};
  Document document;
  add_quotes(document, *event);
  const std::string html = to_html(document, "x");
  EXPECT_TRUE(page_has(html, "<span id=\"line-3.1-454\">454  a\n</span><span>454  b\n</span>"))
      << html;
}

TEST(StoryQuotes, TextAndMarkdownAreTheSameWithAndWithoutThem) {
  const auto with = quoted_event();
  const auto without = sample::min_free_event();
  EXPECT_EQ(text_story(*with, {}, 0, {80, false, false}),
            text_story(*without, {}, 0, {80, false, false}));
  const Detail page{.page = true, .all = true};
  EXPECT_EQ(to_markdown(story(story_of(*with, {}, 0), page)),
            to_markdown(story(story_of(*without, {}, 0), page)));
}

}  // namespace
}  // namespace whyoom::render
