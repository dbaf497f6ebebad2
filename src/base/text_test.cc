#include "base/text.h"

#include <gtest/gtest.h>

#include <vector>

namespace whyoom {
namespace {

using namespace std::string_literals;

TEST(Trim, TakesWhiteSpaceFromTheEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim_left("  a "), "a ");
  EXPECT_EQ(trim_right("  a "), "  a");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(ParseNumber, WholeTextOnly) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int>("-1"), -1);
  EXPECT_EQ(parse_number<unsigned>("ff", 16), 255U);
  EXPECT_FALSE(parse_number<int>(""));
  EXPECT_FALSE(parse_number<int>("42kB"));
  EXPECT_FALSE(parse_number<int>(" 42"));
  EXPECT_FALSE(parse_number<unsigned>("-1"));
  EXPECT_FALSE(parse_number<int>("+1"));
}

TEST(ParseNumber, TooLargeIsAFailureAndNotWrapped) {
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_FALSE(parse_number<std::uint64_t>("18446744073709551616"));
  EXPECT_FALSE(parse_number<std::uint8_t>("256"));
}

TEST(ParseHex, WithAndWithoutPrefix) {
  EXPECT_EQ(parse_hex("0x1f"), 0x1fU);
  EXPECT_EQ(parse_hex("0X1F"), 0x1fU);
  EXPECT_EQ(parse_hex("1f"), 0x1fU);
  EXPECT_FALSE(parse_hex("0x"));
  EXPECT_FALSE(parse_hex(""));
  EXPECT_FALSE(parse_hex("0x0x1"));
  EXPECT_FALSE(parse_hex("0x1ffffffffffffffff"));
}

TEST(Cursor, TakesOrStays) {
  Cursor c("Node 3 free:12kB x");
  EXPECT_FALSE(c.take("node"));
  EXPECT_TRUE(c.take("Node"));
  EXPECT_FALSE(c.take_unsigned());
  EXPECT_EQ(c.rest(), " 3 free:12kB x");
  c.skip_spaces();
  EXPECT_EQ(c.take_unsigned(), 3U);
  EXPECT_TRUE(c.take(' '));
  EXPECT_EQ(c.take_until(":"), "free");
  EXPECT_FALSE(c.take_until("!"));
  EXPECT_TRUE(c.take(':'));
  EXPECT_EQ(c.take_word(), "12kB");
  EXPECT_EQ(c.peek(), ' ');
  EXPECT_EQ(c.take_word(), "");
  c.skip_spaces();
  EXPECT_EQ(c.take_word(), "x");
  EXPECT_TRUE(c.at_end());
  EXPECT_EQ(c.peek(), '\0');
  EXPECT_EQ(c.take_word(), "");
  EXPECT_FALSE(c.take('x'));
}

TEST(Cursor, NumbersThatDoNotFitStay) {
  Cursor c("99999999999999999999 -5 -x");
  EXPECT_FALSE(c.take_unsigned());
  EXPECT_FALSE(c.take_signed());
  EXPECT_EQ(c.take_word().size(), 20U);
  c.skip_spaces();
  EXPECT_FALSE(c.take_unsigned());
  EXPECT_EQ(c.take_signed(), -5);
  c.skip_spaces();
  EXPECT_FALSE(c.take_signed());
  EXPECT_EQ(c.rest(), "-x");
}

TEST(ValueAfter, StopsAtCommaOrSpace) {
  EXPECT_EQ(value_after("a=1, b=2", "b="), "2");
  EXPECT_EQ(value_after("a=1, b=2", "a="), "1");
  EXPECT_EQ(value_after("a=\tx", "a="), "");
  EXPECT_EQ(value_after("pid=7", "pid="), "7");
  EXPECT_FALSE(value_after("a=1", "c="));
  EXPECT_FALSE(value_after("", "c="));
}

TEST(ValueAfter, KeyIsAWholeWord) {
  EXPECT_EQ(value_after("tgid=1 gid=2", "gid="), "2");
  EXPECT_EQ(value_after("anon-rss:1kB, rss:2kB", "rss:"), "2kB");
  EXPECT_FALSE(value_after("slab_free:1", "free:"));
  EXPECT_EQ(value_after("task=x,pid=5", ",pid="), "5");
}

TEST(Printable, KeepsTextAsItIs) {
  EXPECT_EQ(printable("java \\x41 caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa9"),
            "java \\x41 caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa9");
}

TEST(Printable, EscapesControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("a\0b"s), "a\\x00b");
  EXPECT_EQ(printable("\t\r\n\x7f"), "\\x09\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // C1: CSI as one character
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(Printable, EscapesWhatReordersOrBreaksLines) {
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // U+202E
  EXPECT_EQ(printable("\xe2\x80\xaa"), "\\xe2\\x80\\xaa");  // U+202A
  EXPECT_EQ(printable("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // U+2066
  EXPECT_EQ(printable("\xe2\x81\xa9"), "\\xe2\\x81\\xa9");  // U+2069
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // U+2028
  EXPECT_EQ(printable("\xe2\x80\xaf"), "\xe2\x80\xaf");     // U+202F, only a space
}

// One of each block that reorders or hides, and its neighbours that do neither.
TEST(Printable, EscapesWhatCannotBeSeen) {
  EXPECT_EQ(printable("a\xe2\x80\x8b"), "a\\xe2\\x80\\x8b");             // U+200B
  EXPECT_EQ(printable("\xe2\x80\x8d"), "\\xe2\\x80\\x8d");               // U+200D
  EXPECT_EQ(printable("\xe2\x80\x8e"), "\\xe2\\x80\\x8e");               // U+200E
  EXPECT_EQ(printable("\xe2\x80\x8f"), "\\xe2\\x80\\x8f");               // U+200F
  EXPECT_EQ(printable("\xd8\x9c"), "\\xd8\\x9c");                        // U+061C
  EXPECT_EQ(printable("\xc2\xad"), "\\xc2\\xad");                        // U+00AD
  EXPECT_EQ(printable("\xe2\x81\xa0"), "\\xe2\\x81\\xa0");               // U+2060
  EXPECT_EQ(printable("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");               // U+FEFF
  EXPECT_EQ(printable("\xe3\x85\xa4"), "\\xe3\\x85\\xa4");               // U+3164
  EXPECT_EQ(printable("\xef\xb8\x8f"), "\\xef\\xb8\\x8f");               // U+FE0F
  EXPECT_EQ(printable("\xf3\xa0\x81\xb7"), "\\xf3\\xa0\\x81\\xb7");      // U+E0077
  EXPECT_EQ(printable("\xe2\x80\x90\xc2\xae"), "\xe2\x80\x90\xc2\xae");  // U+2010, U+00AE
  EXPECT_EQ(printable("\xd7\xa9\xe3\x85\xa5"), "\xd7\xa9\xe3\x85\xa5");  // U+05E9, U+3165
}

TEST(Printable, ASecondTimeChangesNothing) {
  const std::string once = printable("a\\\x1b\xff\xe2\x80\xae\n");
  EXPECT_EQ(printable(once), once);
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\x80z"), "\\x80z");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut at the end
  EXPECT_EQ(printable("\xc3z"), "\\xc3z");                           // cut inside
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong '/'
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
}

TEST(Text, PrintableWithoutTwoCharacters) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string plain(size, 'a');
    EXPECT_TRUE(is_printable_without(plain, '<', '&')) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text = plain;
        text[at] = static_cast<char>(c);
        ASSERT_EQ(is_printable_without(text, '<', '&'),
                  c >= ' ' && c <= '~' && c != '<' && c != '&')
            << size << " " << at << " " << c;
      }
    }
  }
  EXPECT_FALSE(is_printable_without("a < b", '<', ' '));
  EXPECT_FALSE(is_printable_without(" ", '<', ' '));
}

TEST(TakePart, TakesTheSeparatorWithIt) {
  std::string_view rest = "a,,b";
  EXPECT_EQ(take_part(rest, ','), "a");
  EXPECT_EQ(rest, ",b");
  EXPECT_EQ(take_part(rest, ','), "");
  EXPECT_EQ(take_part(rest, ','), "b");
  EXPECT_EQ(rest, "");
  EXPECT_EQ(take_part(rest, ','), "");
  rest = "last,";
  EXPECT_EQ(take_part(rest, ','), "last");
  EXPECT_TRUE(rest.empty());
}

TEST(LastPart, IsAllOfANameWithoutASlash) {
  EXPECT_EQ(last_part("/a/b.service"), "b.service");
  EXPECT_EQ(last_part("b.service"), "b.service");
  EXPECT_EQ(last_part("/a/"), "");
  EXPECT_EQ(last_part(""), "");
}

TEST(Join, PutsTheSeparatorBetween) {
  const std::vector<std::string_view> words = {"a", "b", "c"};
  EXPECT_EQ(join(words, ", "), "a, b, c");
  EXPECT_EQ(join(words, "-", [](auto word) { return std::string(word) + "!"; }), "a!-b!-c!");
  EXPECT_EQ(join(std::vector<std::string_view>(), ", "), "");
  EXPECT_EQ(join(std::vector<std::string_view>{"one"}, ", "), "one");
}

TEST(Paths, AreBelowAnotherByWholeNames) {
  EXPECT_TRUE(is_at_or_below("/a/b", "/a/b"));
  EXPECT_TRUE(is_at_or_below("/a/b", "/a"));
  EXPECT_TRUE(is_at_or_below("/a/b", "/"));
  EXPECT_TRUE(is_at_or_below("/", "/"));
  EXPECT_FALSE(is_at_or_below("/ab", "/a"));
  EXPECT_FALSE(is_at_or_below("/a", "/a/b"));
  EXPECT_FALSE(is_at_or_below("/b/a", "/a"));
}

}  // namespace
}  // namespace whyoom
