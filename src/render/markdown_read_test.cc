#include "render/markdown_read.h"

#include <gtest/gtest.h>

#include "render/layout.h"

namespace whyoom::render {
namespace {

std::string shown_markdown(std::string_view text) {
  return to_text(read_markdown(text), {.width = 60});
}

TEST(ReadMarkdown, HeadingsParagraphsAndLists) {
  EXPECT_EQ(
      shown_markdown("# Title\n\nOne line\nand another.\n\n- a **point**\n  of two lines\n- b\n"),
      "Title\n\nOne line and another.\n\n- a point of two lines\n- b\n");
  EXPECT_EQ(shown_markdown("1. first\n2. second\n"), "1. first\n2. second\n");
}

TEST(ReadMarkdown, LinksAndCode) {
  EXPECT_EQ(shown_markdown("[case](x.case) by `a[0](b)`, see [it](https://x.org).\n"),
            "case by `a[0](b)`, see it (https://x.org).\n");
  EXPECT_EQ(shown_markdown("Do\n\n    sysctl -a\n\nso.\n"), "Do\n\n    sysctl -a\n\nso.\n");
  EXPECT_EQ(shown_markdown("```sh\nls *\n```\n"), "    ls *\n");
}

TEST(ReadMarkdown, ATableFitsTheWidth) {
  const std::string text =
      shown_markdown("| who | says |\n|---|---|\n| `a\\|b` | " + std::string(30, 'x') + " " +
                     std::string(30, 'y') + " |\n| c |\n");
  EXPECT_NE(text.find("who"), std::string::npos);
  EXPECT_EQ(text.find("---"), std::string::npos);
  EXPECT_EQ(text.find("| c"), std::string::npos);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    EXPECT_LE(text.find('\n', at) - at, 60U) << text;
  }
}

TEST(ReadMarkdown, WhatIsCutStaysText) {
  for (const char* text : {"", "[", "[a](", "[a](b", "`", "**", "\\", "|", "```", "#", "-", "- "}) {
    EXPECT_NO_FATAL_FAILURE(shown_markdown(text)) << text;
  }
}

}  // namespace
}  // namespace whyoom::render
