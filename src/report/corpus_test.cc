// Reports that people posted: mails, forums, issue trackers. Wrapped, quoted, cut.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::read_log;

// The text as one line with single blanks: a wrap no longer hides what it cut.
std::string unwrapped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const char plain = is_space(c) ? ' ' : c;
    if (plain != ' ' || out.empty() || out.back() != ' ') {
      out += plain;
    }
  }
  return out;
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++n;
  }
  return n;
}

// "Killed process 946": the pids, in order.
std::vector<std::int64_t> killed_pids(const std::string& text) {
  std::vector<std::int64_t> pids;
  constexpr std::string_view key = "Killed process ";
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
    const std::string_view rest = std::string_view(text).substr(at + key.size());
    if (const auto pid = Cursor(rest).take_unsigned()) {
      pids.push_back(static_cast<std::int64_t>(*pid));
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

TEST(Corpus, EveryHeaderAndVictimIsInAnEvent) {
  WHYOOM_SHARED_OR_SKIP(folder, "corpus/real");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".log") {
      continue;
    }
    ++files;
    SCOPED_TRACE(entry.path().filename().string());
    const std::string text = test::read_file(entry.path());
    const std::string flat = unwrapped(text);
    const auto result = read_log(text);
    std::size_t headers = 0;
    std::vector<std::int64_t> pids;
    for (const auto& event : result.events) {
      headers += event.trigger && event.kind != Kind::page_allocation_failure ? 1 : 0;
      for (const auto& victim : event.victims) {
        pids.push_back(victim.pid);
        EXPECT_FALSE(victim.comm.empty());
      }
    }
    std::sort(pids.begin(), pids.end());
    EXPECT_EQ(headers + result.account.copies, count(flat, " invoked oom-killer: gfp_mask="));
    const auto expected = killed_pids(flat);
    EXPECT_TRUE(std::includes(pids.begin(), pids.end(), expected.begin(), expected.end()))
        << pids.size() << " victims found, " << expected.size() << " are there";
  }
  EXPECT_GT(files, 40U);
}

TEST(Corpus, HeadersAreWholeWhereTheyWereOnlyWrapped) {
  WHYOOM_SHARED_OR_SKIP(folder, "corpus/real");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".log") {
      continue;
    }
    SCOPED_TRACE(entry.path().filename().string());
    for (const auto& event : read_log(test::read_file(entry.path())).events) {
      if (event.trigger && event.kind != Kind::page_allocation_failure) {
        EXPECT_TRUE(event.trigger->gfp.has_value());
        EXPECT_TRUE(event.trigger->order.has_value());
      }
    }
  }
}

}  // namespace
}  // namespace whyoom::report
