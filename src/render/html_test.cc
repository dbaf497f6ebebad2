#include "render/html.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace whyoom::render {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Html, NothingInATextBecomesMarkup) {
  const std::string bad = "<script>alert(1)</script>\"'&\x1b[31m\xe2\x80\xae";
  Document document;
  document.heading(bad);
  document.text(bad);
  document.labelled(bad, Paint::red, bad);
  document.code(bad);
  document.line({bad, bad}, Paint::dim);
  Table table{{Column{.head = bad}, Column{}}, true};
  table.add({{bad}, {bad}});
  table.rows.back().back().link = bad;
  document.table(table);
  document.fold(bad);
  document.quote(bad, bad);
  document.unfold();
  document.timeline({{{0.5, Paint::red, true, bad}}, bad, bad, bad});
  const std::string html = html_head(bad) + to_html(document, "story");
  EXPECT_FALSE(has(html, "<script"));
  EXPECT_FALSE(has(html, "\x1b"));
  EXPECT_FALSE(has(html, "\xe2\x80\xae"));
  EXPECT_FALSE(has(html, "alert(1)</"));
  EXPECT_TRUE(has(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x1b[31m"));
}

TEST(Html, APageNeedsNothingElse) {
  const std::string head = html_head("t");
  EXPECT_TRUE(has(head, "default-src 'none'"));
  EXPECT_TRUE(has(head, "script-src 'sha256-"));
  EXPECT_FALSE(has(head, "src=")) << head;
  EXPECT_FALSE(has(head, "href="));
  EXPECT_FALSE(has(head, "url("));
}

TEST(Html, ABarIsAPictureWithWords) {
  Document document;
  Table table{{Column{.bars = {10, 10, 10}}}};
  table.add({Cell{.text = {}, .bar = Bar{0.25, 1.5}}});
  document.table(table);
  const std::string html = to_html(document, "story");
  EXPECT_TRUE(has(html, "aria-label=\"25 % filled, mark at 150 %\"")) << html;
  EXPECT_TRUE(has(html, "class=\"fill\" width=\"250\"")) << html;
  EXPECT_TRUE(has(html, "class=\"mark\" x=\"992\"")) << html;
}

TEST(Html, ABarHasTicksAndWhatIsOfNoUse) {
  Document document;
  Table table{{Column{.bars = {10, 10, 10}}}};
  table.add(
      {Cell{.text = {}, .bar = Bar{.filled = 0.5, .mark = {}, .useless = 0.125, .ticks = {0.75}}}});
  document.table(table);
  const std::string html = to_html(document, "story");
  EXPECT_TRUE(has(html, "50 % filled, 12 % of no use")) << html;
  EXPECT_TRUE(has(html, "class=\"useless\" x=\"375\" width=\"125\"")) << html;
  EXPECT_TRUE(has(html, "class=\"tick\" x=\"750\"")) << html;
}

TEST(Html, ATableSaysWhatItsScriptMayDo) {
  Document document;
  Table table{{Column{.head = "a"}}, true};
  table.add({{"1"}});
  table.add({{"2"}});
  table.sortable = true;
  document.table(table);
  table.sortable = false;
  table.slider = 1;
  document.table(table);
  const std::string html = to_html(document, "story");
  EXPECT_TRUE(has(html, "<div class=\"wide\"><table class=\"sortable\">")) << html;
  EXPECT_TRUE(has(html, "<div class=\"wide slider\"><table>")) << html;
  EXPECT_TRUE(has(html, "<tr class=\"chosen\"><td>2</td></tr>")) << html;
}

TEST(Html, MomentsLieWhereTheyAre) {
  Document document;
  document.timeline({{{0, Paint::red, false, "a"}, {1, Paint::dim, true, "b"}, {2, {}, false, "c"}},
                     "three",
                     "from",
                     "to"});
  const std::string html = to_html(document, "story");
  EXPECT_TRUE(has(html, "aria-label=\"three\"")) << html;
  EXPECT_TRUE(has(html, "class=\"moment red\" x=\"0\"")) << html;
  EXPECT_TRUE(has(html, "class=\"moment dim chief\" x=\"990\"")) << html;
  EXPECT_TRUE(has(html, "x=\"995\" y=\"15\"")) << html;
}

TEST(Html, WhatIsFoldedAndQuoted) {
  Document document;
  document.fold("more");
  document.quote("a < b", "l1");
  document.quote("c", "l2");
  document.unfold();
  EXPECT_EQ(
      to_html(document, "x"),
      "<article class=\"x\">\n<details><summary>more</summary>\n<pre class=\"log\"><code><span "
      "id=\"l1\">a &lt; b\n</span><span id=\"l2\">c\n</span></code></pre>\n</details>\n"
      "</article>\n");
}

TEST(Html, LinesOfCodeStandTogether) {
  Document document;
  document.text("a");
  document.code("b");
  document.code("c");
  document.blank();
  EXPECT_EQ(to_html(document, "x"),
            "<article class=\"x\">\n<p>a</p>\n<pre><code>b\nc</code></pre>\n</article>\n");
  EXPECT_EQ(to_html(Document(), "x"), "");
}

}  // namespace
}  // namespace whyoom::render
