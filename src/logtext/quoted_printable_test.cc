#include "logtext/quoted_printable.h"

#include <gtest/gtest.h>

#include <vector>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

constexpr const char* head =
    "[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";

// As a mailer writes a line: no more than 76 characters, and "=" as a code.
std::vector<std::string> as_mail(std::string_view line) {
  std::vector<std::string> rows(1);
  for (const char c : line) {
    const std::string next = c == '=' ? "=3D" : std::string(1, c);
    if (rows.back().size() + next.size() > 75) {
      rows.back() += '=';
      rows.emplace_back();
    }
    rows.back() += next;
  }
  return rows;
}

std::vector<std::string> texts_of(const std::vector<std::string>& rows) {
  Collector collector;
  LineNumber number = 0;
  for (const std::string& row : rows) {
    collector.line(row, ++number);
  }
  std::vector<std::string> texts;
  for (const Got& line : collector.finish().lines) {
    texts.push_back(line.text);
  }
  return texts;
}

TEST(QuotedPrintable, AMailIsTheLogThatWasSent) {
  std::vector<std::string> log{head}, mail = as_mail(head);
  for (const std::string_view line : report_lines()) {
    log.push_back("[   12.345679] " + std::string(line));
    for (std::string& row : as_mail(log.back())) {
      mail.push_back(std::move(row));
    }
  }
  ASSERT_GT(mail.size(), log.size());
  EXPECT_EQ(texts_of(mail), texts_of(log));
}

TEST(QuotedPrintable, LinesMayEndWithACarriageReturn) {
  std::vector<std::string> mail = as_mail(head);
  ASSERT_GT(mail.size(), 1U);
  for (std::string& row : mail) {
    row += '\r';
  }
  EXPECT_EQ(texts_of(mail), texts_of({head}));
}

TEST(QuotedPrintable, OtherCodes) {
  std::vector<std::string> rows = as_mail(head);
  rows.emplace_back("[   12.345679] Free swap  =3D 0kB=20");
  rows.emplace_back("[   12.345680] =C2=B5 x");
  const auto texts = texts_of(rows);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[1], "Free swap  = 0kB");
  EXPECT_EQ(texts[2], "\xc2\xb5 x");
}

// A name may look like a code, or end like a line that goes on.
TEST(QuotedPrintable, WhatAProcessIsCalledIsNoCode) {
  const std::string row = "[    7]     0     7     1     2     3     4     0 a=3Db";
  const std::string cut = "[    8]     0     8     1     2     3     4     0             0 evil=";
  const std::string other = "[    9]     0     9     1     2     3     4     0 next";
  EXPECT_EQ(texts_of({head, row, cut, other}),
            (std::vector<std::string>{std::string(head).substr(15), row, cut, other}));
  EXPECT_EQ(texts_of({"gfp_mask=3D0x x", row}), (std::vector<std::string>{"gfp_mask=3D0x x", row}));
  // In a mail, too, a row is not hidden by the one before it.
  std::vector<std::string> mail = as_mail(head);
  mail.insert(mail.end(), {cut, other});
  const auto texts = texts_of(mail);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts.back(), other);
}

// A post begins anywhere in a report, and a reply has its marks before each line that was sent.
TEST(QuotedPrintable, ZonesThatAMailerCut) {
  const std::string zone =
      "> > Jul 13 01:11:00 backup kernel: DMA32 free:19060kB min:5364kB low:6704kB high:8044kB "
      "active_anon:180632kB inactive_anon:38496kB present:3857440kB";
  const std::string buddy = "> > Jul 13 01:11:00 backup kernel: DMA: 6*4kB 1*8kB = 32kB";
  std::vector<std::string> mail = as_mail(zone);
  ASSERT_EQ(mail.front().back(), '=');
  for (const std::string& row : as_mail(buddy)) {
    mail.push_back(row);
  }
  EXPECT_EQ(texts_of(mail), texts_of({zone, buddy}));
  for (const char* line : {"  [  238.370533] Free swap  = 0kB", "Total swap = 67108860kB",
                           "Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 x"}) {
    EXPECT_EQ(texts_of(as_mail(line)), texts_of({line}));
  }
  // Where another line begins, or nothing was cut, "=" is a character.
  const std::string cut = as_mail(zone).front();
  const std::string next = "Jul 13 01:11:00 backup kernel: Mem-Info:";
  EXPECT_EQ(texts_of({cut, next}).size(), 2U);
  EXPECT_TRUE(texts_of({cut, next}).front().ends_with("="));
  EXPECT_TRUE(texts_of({cut}).front().ends_with("="));
  EXPECT_EQ(texts_of({"active_anon:1 x=", "y"}),
            (std::vector<std::string>{"active_anon:1 x=", "y"}));
}

TEST(QuotedPrintable, ALogBehindAMailIsReadAsItIs) {
  std::vector<std::string> rows = as_mail(head);
  rows.emplace_back(head);
  rows.emplace_back("[   13.000000] x=3Dy");
  const auto texts = texts_of(rows);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_EQ(texts[2], "x=3Dy");
}

TEST(QuotedPrintable, ALineWithoutItsRestIsGiven) {
  std::vector<std::string> rows = as_mail(head);
  rows.pop_back();
  EXPECT_EQ(texts_of(rows).size(), 1U);
}

TEST(QuotedPrintable, AnEndlessLineIsBounded) {
  std::vector<std::string> rows = as_mail(head);
  for (int i = 0; i < 1000; ++i) {
    rows.push_back(std::string(75, 'x') + "=");
  }
  const auto texts = texts_of(rows);
  EXPECT_GT(texts.size(), 2U);
  for (const std::string& text : texts) {
    EXPECT_LT(text.size(), 17000U);
  }
}

}  // namespace
}  // namespace whyoom::logtext
