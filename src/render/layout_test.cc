#include "render/layout.h"

#include <gtest/gtest.h>

namespace whyoom::render {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("hog"), 3U);
  EXPECT_EQ(display_width("中文"), 4U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);  // e with a combining accent
  EXPECT_EQ(display_width("\xe4\xb8"), 2U);   // a cut character: one column a byte
}

using Lines = std::vector<std::string>;

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("one two three", 8), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap("one two three", 3, 9), (Lines{"one", "two three"}));
  EXPECT_EQ(wrap("", 8), (Lines{""}));
}

TEST(Wrap, KeepsNumberAndUnitTogether) {
  EXPECT_EQ(wrap("it had 787688 kB, no more", 13), (Lines{"it had", "787688 kB, no", "more"}));
  EXPECT_EQ(wrap("killed hog (pid 153)", 15), (Lines{"killed hog", "(pid 153)"}));
}

TEST(Wrap, BreaksLongWordsBehindAFolder) {
  EXPECT_EQ(wrap("in /a.slice/b-c.slice/d", 16), (Lines{"in", "/a.slice/", "b-c.slice/d"}));
  EXPECT_EQ(wrap("abcdefghij", 4), (Lines{"abcd", "efgh", "ij"}));
  EXPECT_EQ(wrap("中文中文", 5), (Lines{"中文", "中文"}));
}

TEST(Wrap, BreaksBetweenChineseCharacters) {
  EXPECT_EQ(wrap("内存不足", 4), (Lines{"内存", "不足"}));
  EXPECT_EQ(wrap("内存zone不足", 8), (Lines{"内存zone", "不足"}));
  // Text that has spaces keeps them inside a line.
  EXPECT_EQ(wrap("内存区 DMA32 不足", 13), (Lines{"内存区 DMA32", "不足"}));
}

TEST(Wrap, NoLineBeginsWithClosingOrEndsWithOpeningPunctuation) {
  EXPECT_EQ(wrap("内存不足，已杀", 8), (Lines{"内存不", "足，已杀"}));
  EXPECT_EQ(wrap("内存（不足）已杀", 6), (Lines{"内存", "（不", "足）已", "杀"}));
  EXPECT_EQ(wrap("杀死了 (x)，", 7), (Lines{"杀死了", "(x)，"}));
}

TEST(Wrap, ANumberStaysWithTheWordThatCounts) {
  EXPECT_EQ(wrap("杀死了 5 个进程", 8), (Lines{"杀死了", "5 个进程"}));
}

TEST(Bar, MarkStandsOnTheRightSideOfTheFill) {
  EXPECT_EQ(bar(0.5, std::nullopt, 4), "[==  ]");
  EXPECT_EQ(bar(0.79, 0.80, 10), "[======= | ]");
  // Too close to tell apart in ten cells: below stays left of the mark, above right of it.
  EXPECT_EQ(bar(0.500, 0.501, 10), "[=====|    ]");
  EXPECT_EQ(bar(0.501, 0.500, 10), "[====|     ]");
  EXPECT_EQ(bar(7.0, 9.0, 4), "[===|]");
  EXPECT_EQ(bar(-1.0, 0.0, 4), "[|   ]");
}

std::string table_at(unsigned width, const Table& table) {
  Document document;
  document.table(table);
  return to_text(document, {.width = width});
}

TEST(Table, AlignsAndHangsTheLastColumn) {
  Table table{{{.flexible = true}, {.right = true}, {.whole = true}}};
  table.add({{"free"}, {"15780 kB"}, {"/var/log/a-rather-long-name/messages-20261123:12345678"}});
  table.add({{"min"}, {"7 kB"}, {"b:1"}});
  EXPECT_EQ(table_at(100, table),
            "  free  15780 kB  /var/log/a-rather-long-name/messages-20261123:12345678\n"
            "  min       7 kB  b:1\n");
  EXPECT_EQ(table_at(60, table),
            "  free  15780 kB\n"
            "    /var/log/a-rather-long-name/messages-20261123:12345678\n"
            "  min       7 kB\n"
            "    b:1\n");
}

TEST(Table, LeavesOutAnOptionalColumnBeforeItBreaksTheOthers) {
  Table table{{{}, {.optional = true}, {.flexible = true, .least = 10}}};
  table.add({{std::string(30, 'a')}, {"[====]"}, {std::string(22, 'b')}});
  EXPECT_EQ(table_at(80, table),
            "  " + std::string(30, 'a') + "  [====]  " + std::string(22, 'b') + "\n");
  table.add({{std::string(45, 'c')}, {"[====]"}, {"d"}});
  const std::string narrow = table_at(60, table);
  EXPECT_EQ(narrow.find('['), std::string::npos);
  EXPECT_NE(narrow.find(std::string(45, 'c')), std::string::npos);
}

TEST(Table, BarsAndHeadsFitTheWidth) {
  Table table{
      {{.head = "bar", .narrow_head = "b", .bars = {2, 4, 8}}, {.head = "n", .right = true}}, true};
  table.add({{{}, {}, Bar{0.5, {}}}, {"12"}});
  EXPECT_EQ(table_at(60, table), "  b      n\n  [= ]  12\n");
  EXPECT_EQ(table_at(80, table), "  bar      n\n  [==  ]  12\n");
  EXPECT_EQ(table_at(100, table), "  bar          n\n  [====    ]  12\n");
}

TEST(Text, PaintsOnlyWithColour) {
  Document document;
  document.text("short", Paint::red, 2);
  EXPECT_EQ(to_text(document, {}), "  short\n");
  EXPECT_EQ(to_text(document, {.colour = true}), "  \x1b[31mshort\x1b[0m\n");
}

// Whoever makes a document need not think of it.
TEST(Text, NothingDrivesTheTerminal) {
  Document document;
  document.text("a\x1b[2Jb\t");
  document.labelled("l\xe2\x80\xae", Paint::plain, "c\xc2\x9b");
  document.code("-d\te\r", Paint::plain, 0);
  Table table{std::vector<Column>(1)};
  table.add({{"f\xe2\x80\x8b"}});
  document.table(std::move(table));
  document.line({"g\x07"}, Paint::plain);
  EXPECT_EQ(to_text(document, {.colour = true}),
            "a\\x1b[2Jb\\x09\nl\\xe2\\x80\\xae c\\xc2\\x9b\n-d\te\\x0d\n  f\\xe2\\x80\\x8b\n"
            "g\\x07\n");
}

TEST(Text, ALineOfPartsBreaksBetweenThem) {
  Document document;
  document.line({std::string(40, 'a'), std::string(10, 'b'), std::string(20, 'c')}, Paint::plain);
  EXPECT_EQ(to_text(document, {.width = 80}), std::string(40, 'a') + "  " + std::string(10, 'b') +
                                                  "  " + std::string(20, 'c') + "\n");
  EXPECT_EQ(to_text(document, {.width = 60}), std::string(40, 'a') + "  " + std::string(10, 'b') +
                                                  "\n  " + std::string(20, 'c') + "\n");
}

TEST(Text, WidthIsKeptBetween60And200) {
  Document document;
  document.text(std::string(500, 'a'));
  EXPECT_EQ(to_text(document, {.width = 1}).find('\n'), 60U);
  EXPECT_EQ(to_text(document, {.width = 4000}).find('\n'), 200U);
}

}  // namespace
}  // namespace whyoom::render
