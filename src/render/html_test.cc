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
  document.table(table);
  const std::string html = html_head(bad) + to_html(document, "story") + html_tail();
  EXPECT_FALSE(has(html, "<script"));
  EXPECT_FALSE(has(html, "\x1b"));
  EXPECT_FALSE(has(html, "\xe2\x80\xae"));
  EXPECT_FALSE(has(html, "alert(1)</"));
  EXPECT_TRUE(has(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x1b[31m"));
}

TEST(Html, APageNeedsNothingElse) {
  const std::string head = html_head("t");
  EXPECT_TRUE(has(head, "default-src 'none'"));
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
