#include "render/markdown_text.h"

#include <gtest/gtest.h>

namespace whyoom::render {
namespace {

TEST(MarkdownText, EscapesMarkup) {
  EXPECT_EQ(markdown_text("min_free_kbytes *a* <b> [c] d|e ~f \\ & > g"),
            "min\\_free\\_kbytes `*a*` &lt;b&gt; `[c]` d\\|e `~f` \\\\ &amp; &gt; g");
  EXPECT_EQ(markdown_text("[6.580963] 80 % * ~ # | `"),
            "\\[6.580963\\] 80 % \\* \\~ \\# \\| &#96;");
}

// Where a forge looks for links, mentions and references in HTML, an entity is the character.
TEST(MarkdownText, WhatWouldBecomeALinkIsCode) {
  EXPECT_EQ(markdown_text("see www.example.org, or https://e.org."),
            "see `www.example.org`, or `https://e.org`.");
  EXPECT_EQ(markdown_text("WWW.E.org FTP://e.org MailTo:a"),
            "`WWW.E.org` `FTP://e.org` `MailTo:a`");
  EXPECT_EQ(markdown_text("/user.slice/user@1000.service (a@b.org)"),
            "`/user.slice/user@1000.service` (`a@b.org`)");
  EXPECT_EQ(markdown_text("@alice #123 GH-7 !12 ~bug $1 %1 &1"),
            "`@alice` `#123` `GH-7` `!12` `~bug` `$1` `%1` `&1`");
  EXPECT_EQ(markdown_text(":skull: :100: kern.log:100: kern.log:7:"),
            "`:skull`: `:100`: `kern.log:100`: kern.log:7:");
}

TEST(MarkdownText, CodeEndsWhereItsTextCouldEndIt) {
  EXPECT_EQ(markdown_text("a@b`c@d|e@f\\g@h<i@j"), "`a@b`&#96;`c@d`\\|`e@f`\\\\`g@h`&lt;`i@j`");
}

TEST(MarkdownText, IsPrintable) {
  EXPECT_EQ(markdown_text("a\nb\xe2\x80\xae"), "a\\\\x0ab\\\\xe2\\\\x80\\\\xae");
}

TEST(MarkdownDocument, NothingEndsABlockOfCode) {
  Document document;
  EXPECT_EQ(to_markdown(document), "");
  document.code("ls");
  document.code("echo '````'");
  EXPECT_EQ(to_markdown(document), "`````sh\nls\necho '````'\n`````\n\n");
}

TEST(MarkdownDocument, BlocksAreApartAndItemsTogether) {
  Document document;
  document.heading("a_b");
  document.text("bold", Paint::bold);
  document.labelled("risk:", Paint::yellow, "one");
  document.text("below it", Paint::dim, 2);
  document.blank();
  document.labelled("-", Paint::dim, "two");
  document.line({"a.log:7", "[1.5]"}, Paint::dim);
  Table table{{{.head = "zone"}, {.bars = {1, 1, 1}}, {.head = "free", .right = true}}};
  table.add({{"  DMA"}, {{}, {}, Bar{0.5, {}}}, {"1 kB"}});
  document.table(std::move(table));
  EXPECT_EQ(to_markdown(document),
            "## a\\_b\n\n**bold**\n\n- Risk: one\n- below it\n\n- two\n\na.log:7, \\[1.5\\]\n\n"
            "| Zone | Free |\n|---|---:|\n| DMA | 1 kB |\n");
}

}  // namespace
}  // namespace whyoom::render
