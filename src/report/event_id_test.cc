#include "report/event_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::read_log;
using testing::sample_failure;
using testing::sample_report;

std::string id_of(const std::string& log) {
  const auto events = read_log(log).events;
  return events.size() == 1 ? event_id(events[0]) : std::to_string(events.size()) + " events";
}

TEST(EventId, IsTheSameEachTimeTheReportIsRead) {
  const std::string id = id_of(sample_report());
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  EXPECT_EQ(id_of(sample_report()), id);
  EXPECT_EQ(id_of("[    0.000000] Linux version 6.1.0\n" + sample_report()), id);
}

// A change of it counts events twice, so it is held to a value.
TEST(EventId, IsWhatItWasBefore) {
  EXPECT_EQ(id_of(sample_report()), "2be653de8ad80ae30e0b43eb69d1034f");
}

TEST(EventId, DiffersWithWhatTheReportSays) {
  const std::string log = sample_report();
  std::set<std::string> ids = {id_of(log), id_of(sample_failure())};
  EXPECT_EQ(ids.size(), 2U);
  const auto later = replaced(log, "[  812", "[  912");
  ASSERT_NE(later, log);
  EXPECT_TRUE(ids.insert(id_of(later)).second);
}

std::string framed(const std::string& host, const std::string& log) {
  std::string text;
  for (const std::string& line : testing::lines_of(log)) {
    text += "2026-11-23T07:41:32.000000+00:00 " + host + " kernel: " + line + "\n";
  }
  return text;
}

// Two machines that were started at one moment from one image.
TEST(EventId, DiffersFromHostToHost) {
  EXPECT_NE(id_of(framed("web1", sample_report())), id_of(framed("web2", sample_report())));
  EXPECT_EQ(id_of(framed("web1", sample_report())),
            id_of(framed("web1.example.org", sample_report())));
}

}  // namespace
}  // namespace whyoom::report
