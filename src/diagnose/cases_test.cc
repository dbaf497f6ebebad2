#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "diagnose/case_file.h"
#include "diagnose/cause.h"

namespace whyoom::diagnose {
namespace {

using cases::Case;

std::set<std::string> folders() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(cases::causes_folder())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

TEST(Causes, EachFolderHasItsFiles) {
  ASSERT_FALSE(folders().empty());
  for (const std::string& id : folders()) {
    for (const char* file : {"cause.cc", "README.md", "positive.case", "near-miss.case"}) {
      EXPECT_TRUE(std::filesystem::is_regular_file(cases::causes_folder() / id / file))
          << id << "/" << file;
    }
  }
}

TEST(Causes, EachFolderIsACauseOfTheBuildAndTheOtherWayRound) {
  std::set<std::string> ids;
  for (const Cause* cause : all_causes()) {
    EXPECT_TRUE(ids.emplace(cause->id).second) << cause->id << " stands twice";
  }
  EXPECT_EQ(ids, folders());
}

TEST(Causes, EachReadmeHasItsSectionsAndNamesItsCases) {
  const auto all = cases::case_paths(cases::Of::both);  // opens each
  for (const std::string& id : folders()) {
    const std::string text = test::read_file(cases::causes_folder() / id / "README.md");
    EXPECT_TRUE(text.starts_with("# " + id + "\n")) << id;
    for (const char* section : {"\n## Symptom\n", "\n## Mechanism\n", "\n## Proof\n",
                                "\n## Remedy\n", "\n## Looks like it but is not\n"}) {
      EXPECT_NE(text.find(section), std::string::npos) << id << section;
    }
    // A case that the text does not speak of is one that its reader never finds.
    for (const auto& path : all) {
      const std::string file = path.filename().string();
      if (path.parent_path().filename() == id && !file.starts_with("near-miss-")) {
        EXPECT_NE(text.find(file), std::string::npos) << id << " " << file;
      }
    }
  }
}

TEST(Causes, AnUnknownIdHasNoCause) {
  EXPECT_EQ(find_cause("no-such-cause"), nullptr);
  EXPECT_EQ(find_cause(""), nullptr);
}

TEST(CaseFile, ReadsWhatItExpects) {
  const Case read = cases::parse_case("x",
                                      "# c\nexpect kind oom-kill\nexpect cause a-b refused\n"
                                      "expect root undetermined\nexpect events 2\n---\nl1\n");
  EXPECT_TRUE(read.errors.empty());
  EXPECT_EQ(read.kind, "oom-kill");
  EXPECT_EQ(read.root, "undetermined");
  EXPECT_EQ(read.events, 2U);
  ASSERT_EQ(read.causes.size(), 1U);
  EXPECT_EQ(read.causes[0].cause, "a-b");
  EXPECT_EQ(read.causes[0].role, "refused");
  EXPECT_EQ(read.log, "l1\n");
}

TEST(CaseFile, SaysWhatItDoesNotUnderstand) {
  EXPECT_EQ(cases::parse_case("x", "expect cause a maybe\n---\n").errors.size(), 1U);
  EXPECT_EQ(cases::parse_case("x", "expect rot a\n---\n").errors.size(), 1U);
  EXPECT_EQ(cases::parse_case("x", "expect events two\n---\n").errors.size(), 1U);
  EXPECT_EQ(cases::parse_case("x", "expect root a\n").errors.size(), 1U);
}

std::string test_name(const std::filesystem::path& path) {
  std::string text = path.parent_path().filename().string() + "_" + path.stem().string();
  std::ranges::replace_if(
      text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return text;
}

std::string param_name(const testing::TestParamInfo<std::filesystem::path>& info) {
  return test_name(info.param);
}

class EveryCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(EveryCase, IsFoundAsExpected) {
  const Case wanted = cases::load_case(GetParam());
  ASSERT_TRUE(wanted.errors.empty()) << wanted.errors.front();
  ASSERT_FALSE(wanted.root.empty()) << "a case says what the root is";
  const std::string own_id = GetParam().parent_path().filename().string();
  EXPECT_TRUE(std::ranges::any_of(wanted.causes, [&](const auto& e) { return e.cause == own_id; }))
      << "a case says what becomes of its own cause";

  const auto events = cases::explain_log(wanted.log);
  ASSERT_FALSE(events.empty()) << "no event was found";
  if (wanted.events) {
    EXPECT_EQ(events.size(), *wanted.events);
  }
  const Event& last = *events.back();
  if (!wanted.kind.empty()) {
    EXPECT_EQ(report::name(last.report.kind), wanted.kind);
  }
  EXPECT_EQ(last.root_cause, wanted.root) << cases::describe(last);
  if (!wanted.verdict.empty()) {
    EXPECT_EQ(name(last.verdict), wanted.verdict) << cases::describe(last);
  } else if (wanted.root != undetermined) {
    EXPECT_EQ(last.verdict, Verdict::proved) << "say `expect verdict likely`";
  }
  for (const auto& [cause, role] : wanted.causes) {
    EXPECT_NE(find_cause(cause), nullptr) << cause << " is no cause";
    EXPECT_EQ(cases::role_of(last, cause), role) << cause << "\n" << cases::describe(last);
  }
}

// A case is whole: what damage the parser sees in it is a mistake of the one or of the other.
TEST_P(EveryCase, IsReadWithoutDamage) {
  const Case read = cases::load_case(GetParam());
  for (const auto& event : cases::explain_log(read.log)) {
    for (const auto& damage : event->report.damage) {
      ADD_FAILURE() << "line " << damage.line << ": " << damage.what;
    }
    const bool global = event->report.kind == report::Kind::oom_kill;
    if (global && read.whole) {
      for (const auto& part : report::missing_parts(event->report)) {
        ADD_FAILURE() << "missing: " << part;
      }
      ASSERT_TRUE(event->evidence.account);
      EXPECT_EQ(event->evidence.account->overcounted.count(), 0U);
    }
  }
}

TEST_P(EveryCase, HasAProofForEachFinding) {
  for (const auto& event : cases::explain_log(cases::load_case(GetParam()).log)) {
    for (const Finding& finding : event->findings) {
      EXPECT_FALSE(finding.proof.empty()) << finding.cause;
      EXPECT_FALSE(finding.summary.empty()) << finding.cause;
      EXPECT_GT(finding.confidence, 0) << finding.cause;
      EXPECT_LE(finding.confidence, 1) << finding.cause;
      EXPECT_EQ(finding.summary.str().find("{}"), std::string::npos) << finding.summary.str();
    }
    EXPECT_LE(std::ranges::count(event->findings, Role::root, &Finding::role), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, EveryCase, testing::ValuesIn(cases::case_paths()), param_name);

class EveryHostCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(EveryHostCase, IsFoundAsExpected) {
  const Case wanted = cases::load_case(GetParam());
  ASSERT_TRUE(wanted.errors.empty()) << wanted.errors.front();
  const std::string own_id = GetParam().parent_path().filename().string();
  EXPECT_TRUE(std::ranges::any_of(wanted.causes, [&](const auto& e) { return e.cause == own_id; }))
      << "a case says what becomes of its own cause";
  const auto host = cases::check_host(wanted.log);
  for (const auto& [cause, role] : wanted.causes) {
    ASSERT_NE(find_cause(cause), nullptr) << cause << " is no cause";
    EXPECT_NE(find_cause(cause)->check, nullptr) << cause << " is not judged on a host";
    EXPECT_EQ(cases::role_of(host->findings, cause), role) << cause << "\n"
                                                           << cases::describe(host->findings);
  }
  for (const auto& damage : host->facts.host.damage) {
    ADD_FAILURE() << host->sources().name(damage.at.source) << ":" << damage.at.line << ": "
                  << damage.what;
  }
}

TEST_P(EveryHostCase, HasAProofForEachFinding) {
  const auto host = cases::check_host(cases::load_case(GetParam()).log);
  for (const Finding& finding : host->findings) {
    EXPECT_FALSE(finding.proof.empty()) << finding.cause;
    EXPECT_FALSE(finding.summary.empty()) << finding.cause;
    EXPECT_GT(finding.confidence, 0) << finding.cause;
    EXPECT_LE(finding.confidence, 1) << finding.cause;
    EXPECT_EQ(finding.summary.str().find("{}"), std::string::npos) << finding.summary.str();
    for (const Proof& proof : finding.proof) {
      EXPECT_EQ(proof.what.str().find("{}"), std::string::npos) << proof.what.str();
      EXPECT_TRUE(proof.at.source == 0 || !host->sources().name(proof.at.source).empty())
          << finding.cause;
    }
  }
}

// A host that lacks a file can lose a finding. It must not get one that it had not.
TEST_P(EveryHostCase, WithoutOneFileHasNoOtherFinding) {
  const std::string text = cases::load_case(GetParam()).log;
  const auto whole = cases::check_host(text);
  std::vector<std::size_t> heads;
  for (std::size_t at = text.find("== /"); at != std::string::npos; at = text.find("\n== /", at)) {
    at += text[at] == '\n' ? 1 : 0;
    heads.push_back(at);
  }
  heads.push_back(text.size());
  for (std::size_t i = 0; i + 1 < heads.size(); ++i) {
    const std::string path = text.substr(heads[i] + 3, text.find('\n', heads[i]) - heads[i] - 3);
    // Without a configuration file the host is another host, not one that cannot be read. Without
    // the counters of a module (ZFS) what it holds is indeed in no counter.
    if ((!path.starts_with("/proc/") && !path.starts_with("/sys/")) ||
        path.starts_with("/proc/spl/")) {
      continue;
    }
    const auto host = cases::check_host(text.substr(0, heads[i]) + text.substr(heads[i + 1]));
    for (const Finding& finding : host->findings) {
      const bool known = finding.role == Role::ruled_out ||
                         cases::role_of(whole->findings, finding.cause) != "refused";
      EXPECT_TRUE(known) << "without " << path << ": " << finding.cause << ": "
                         << finding.summary.str();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, EveryHostCase,
                         testing::ValuesIn(cases::case_paths(cases::Of::host)), param_name);

std::set<std::string> roots_of(std::string_view log) {
  std::set<std::string> roots;
  for (const auto& event : cases::explain_log(log)) {
    roots.emplace(event->root_cause);
  }
  return roots;
}

// What processes have locked is theirs, and many processes are processes.
bool says_the_same(std::string_view cause, const std::set<std::string>& allowed) {
  return cause == "memory-exhausted" &&
         (allowed.contains("unevictable") || allowed.contains("many-processes"));
}

// A damaged report may lose its answer. It must not be proved to have another one, and another one
// is likely in at most 1 of 20. The near misses count most: a lost line must not turn one into what
// it is not.
class DamagedCase : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    log_ = cases::load_case(GetParam()).log;
    lines_ = cases::split_lines(log_);
    allowed_ = roots_of(log_);
    allowed_.emplace(undetermined);
    for (const auto& event : cases::explain_log(log_)) {
      for (const Finding& finding : event->findings) {
        if (finding.role == Role::contributing) {
          contributing_.emplace(finding.cause);
        }
      }
    }
  }

  void TearDown() override {
    std::string text;
    for (const std::string& line : wrong_) {
      text += "\n  " + line;
    }
    EXPECT_TRUE(wrong_.empty()) << wrong_.size() << " times another root" << text;
    std::string likely;
    for (const std::string& line : likely_) {
      likely += "\n  " + line;
    }
    EXPECT_LE(likely_.size() * 20, std::max<std::size_t>(tried_, 20))
        << "likely another root" << likely;
  }

  void check(std::string_view log, const std::string& what) {
    ++tried_;
    for (const auto& event : cases::explain_log(log)) {
      const std::string root(event->root_cause);
      if (!allowed_.contains(root) && !says_the_same(root, allowed_)) {
        if (event->verdict != Verdict::likely) {
          wrong_.push_back(root + ": " + what);
        } else if (!contributing_.contains(root)) {
          likely_.push_back(root + ": " + what);
        }
      }
    }
  }

  // "line 7 (Node 0 DMA free:...)", the line as the case's log counts.
  [[nodiscard]] std::string line_text(std::size_t index) const {
    return "line " + std::to_string(index + 1) + ": " +
           std::string(trim(lines_[index].substr(0, 90)));
  }

  std::string log_;
  std::vector<std::string_view> lines_;
  std::set<std::string> allowed_;
  std::set<std::string> contributing_;  // what helped is likely to have been the cause of a part
  std::vector<std::string> wrong_, likely_;
  std::size_t tried_ = 0;
};

TEST_P(DamagedCase, CutAtTheEndKeepsItsRoot) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    check(std::string_view(log_).substr(0, size), "cut before " + line_text(i));
    size += lines_[i].size();
  }
}

TEST_P(DamagedCase, CutInsideALineKeepsItsRoot) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    check(std::string_view(log_).substr(0, size + lines_[i].size() / 2), "cut in " + line_text(i));
    size += lines_[i].size();
  }
}

TEST_P(DamagedCase, CutAtTheBeginKeepsItsRoot) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    check(std::string_view(log_).substr(from), "begins with " + line_text(i));
    from += lines_[i].size();
  }
}

TEST_P(DamagedCase, WithoutOneLineKeepsItsRoot) {
  for (std::size_t dropped = 0; dropped < lines_.size(); ++dropped) {
    std::string text;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (i != dropped) {
        text += lines_[i];
      }
    }
    check(text, "without " + line_text(dropped));
  }
}

TEST_P(DamagedCase, WithTwoLinesSwappedKeepsItsRoot) {
  for (std::size_t at = 0; at + 1 < lines_.size(); ++at) {
    std::vector<std::string_view> order = lines_;
    std::swap(order[at], order[at + 1]);
    std::string text;
    for (const std::string_view line : order) {
      text += line;
    }
    check(text, "swapped with the next: " + line_text(at));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, DamagedCase, testing::ValuesIn(cases::case_paths()), param_name);

}  // namespace
}  // namespace whyoom::diagnose
