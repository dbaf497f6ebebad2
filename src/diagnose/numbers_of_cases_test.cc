// Every number that the cases beside the causes lead to: who is blamed, how surely, on which
// numbers, and a digest of all others. The cases' own `expect` lines say what must be found; this
// says that a change of the arithmetic is seen wherever it is felt.
//
// numbers_of_cases.txt, parts_of_cases.txt of cases with something lost, and changed_of_cases.txt
// of cases with another number are written by `./dev docs`. A change of them is read like a change
// of code.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "diagnose/case_file.h"
#include "diagnose/min_free_steps.h"
#include "diagnose/partial_answer.h"
#include "memory/printed_score.h"

namespace whyoom::diagnose {
namespace {

std::filesystem::path file_of(std::string_view name) {
  return std::filesystem::path(WHYOOM_SOURCE_DIR) / "src/diagnose" / name;
}

// Numbers, each behind a blank; those of a text are its digits, so that other words change nothing.
class Numbers {
 public:
  template <std::integral T>
  void add(T number) {
    text_ += " " + std::to_string(number);
  }
  void add(double number) {
    std::ostringstream shown;
    shown.precision(10);
    shown << " " << number;
    text_ += shown.str();
  }
  void add(Bytes size) { add(size.count()); }
  void add(KiB size) { add(size.count()); }
  void add(Pages pages) { add(pages.count()); }
  template <class T>
  void add(const std::optional<T>& number) {
    if (number) {
      add(*number);
    } else {
      text_ += " -";
    }
  }
  void add_text(std::string_view text) {
    bool inside = false;
    for (const char c : text) {
      if (is_digit(c) || (c == '.' && inside)) {
        text_ += inside ? "" : " ";
        text_ += c;
      }
      inside = is_digit(c) || (c == '.' && inside);
    }
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string digest() const {
    Sha256 hash;
    hash.add(text_);
    return hex(hash.finish(), 4);
  }

 private:
  std::string text_;
};

void add_what_if(Numbers& all, const memory::WhatIf& what_if) {
  for (const Bytes size : {what_if.out_of_reach_before, what_if.out_of_reach_after,
                           what_if.within_reach_before, what_if.within_reach_after}) {
    all.add(size);
  }
  for (const auto& assumption : what_if.assumptions) {
    all.add_text(assumption.str());
  }
}

// A line for each finding that is not ruled out; of all of them what the line does not say to
// `all`.
std::string lines_of(const std::vector<Finding>& findings, Numbers& all) {
  std::ostringstream text;
  for (const Finding& finding : findings) {
    Numbers proof;
    for (const Proof& each : finding.proof) {
      proof.add(each.value);
      all.add_text(each.what.str());
      all.add(each.at.line);
    }
    if (finding.role == Role::ruled_out) {
      all.add(finding.confidence);
      all.add_text(proof.text());
    } else {
      text << "  " << name(finding.role) << " " << finding.cause << " " << finding.confidence << ":"
           << proof.text() << "\n";
    }
    all.add_text(finding.summary.str());
    for (const Remedy& remedy : finding.remedies) {
      all.add_text(remedy.title.str());
      all.add_text(remedy.assume);
      all.add(remedy.gives);
      for (const ShellCommand& command : remedy.commands) {
        all.add_text(command.text());
      }
      if (remedy.setting) {
        all.add(remedy.setting->value);
      }
      if (remedy.what_if) {
        add_what_if(all, *remedy.what_if);
      }
    }
  }
  return text.str();
}

void add_machine(Numbers& all, const memory::Machine& machine) {
  all.add(machine.ram);
  if (machine.min_free) {
    all.add(machine.min_free->value);
    all.add(machine.min_free->share_of_ram);
  }
  all.add(machine.default_min_free);
  all.add(machine.scale_factor);
  all.add(machine.panic_on_oom);
  all.add(machine.request.order);
  all.add(machine.unprinted);
  for (const std::uint32_t ratio : machine.reserve_ratio) {
    all.add(ratio);
  }
  for (const memory::HugepagePool& pool : machine.hugepages) {
    all.add(pool.size);
    all.add(pool.total);
    all.add(pool.free);
  }
  if (machine.cgroup) {
    all.add(machine.cgroup->usage);
    all.add(machine.cgroup->limit);
  }
  for (const memory::ZoneState& zone : machine.zones) {
    for (const Pages pages :
         {zone.min, zone.low, zone.high, zone.free, zone.boost, zone.unusable, zone.reserve,
          zone.kernel_reserve, zone.reclaimable, zone.floor, zone.slack}) {
      all.add(pages);
    }
    all.add(zone.managed);
  }
}

void add_account(Numbers& all, const std::optional<memory::Account>& account) {
  if (account) {
    all.add(account->total);
    all.add(account->overcounted);
    for (const memory::AccountLine& line : account->lines) {
      all.add(line.size);
    }
  }
}

void add_tasks(Numbers& all, const memory::Evidence& evidence) {
  for (const memory::TaskUse& use : evidence.attribution.top) {
    all.add(use.total());
  }
  for (const memory::NameUse& name : evidence.attribution.names) {
    all.add(name.count);
    all.add(name.memory);
    all.add(name.own);
  }
  if (evidence.ranking) {
    all.add(evidence.ranking->total);
    all.add(evidence.ranking->place);
    all.add(evidence.ranking->spared_at);
    for (const memory::ScoredTask& task : evidence.ranking->spared) {
      all.add(task.score);
      all.add(task.chosen_from);
    }
  }
}

// By these one root is chosen of several.
void add_claim(Numbers& all, const Claim& claim) {
  all.add(static_cast<int>(claim.rank));
  all.add(claim.strength);
}

// What is told beside the findings.
void add_told(Numbers& all, const Event& event) {
  for (const Message& sentence : partial_answer(event)) {
    all.add_text(sentence.str());
  }
  if (const auto score = memory::printed_score(event.evidence)) {
    all.add(score->share);
    all.add(score->at_least);
    all.add(score->rest);
  }
  for (const MinFreeStep& step : min_free_steps(event)) {
    all.add(step.value);
    all.add(static_cast<int>(step.why));
    all.add(step.out_of_reach);
    all.add(step.within_reach);
    all.add(step.free);
    all.add(step.needed);
  }
}

std::string said_of(const Event& event) {
  Numbers all;
  const StoryContext story;
  for (const Cause* cause : all_causes()) {
    if (cause->judge != nullptr) {
      if (const auto claim = cause->judge({event.evidence, event.report, story})) {
        add_claim(all, *claim);
      }
    }
  }
  add_told(all, event);
  const std::string lines = lines_of(event.findings, all);
  for (const Overturn& overturn : event.overturned_by) {
    all.add_text(overturn.what.str() + " " + overturn.condition.str());
  }
  add_machine(all, event.evidence);
  add_account(all, event.evidence.account);
  add_tasks(all, event.evidence);
  std::string candidates;
  for (const Candidate& candidate : event.candidates) {
    candidates += (candidates.empty() ? ": " : ", ") + std::string(candidate.cause);
  }
  return "  " + std::string(name(event.verdict)) + candidates + ", all numbers " + all.digest() +
         "\n" + lines;
}

std::string said_of(const HostCheck& host) {
  Numbers all;
  host::Sources sources = host.sources();
  for (const Cause* cause : all_causes()) {
    if (cause->check != nullptr) {
      for (const Claim& claim : cause->check({host.facts, host.state, host.limits, sources})) {
        add_claim(all, claim);
      }
    }
  }
  const std::string lines = lines_of(host.findings, all);
  add_machine(all, host.state.machine);
  add_account(all, host.state.account);
  all.add(host.state.available_with_default);
  if (host.state.kills_from) {
    all.add(host.state.kills_from->value);
  }
  if (host.state.with_default) {
    add_what_if(all, *host.state.with_default);
  }
  for (const TaskLimit& limit : host.limits) {
    all.add(limit.limit);
    all.add(limit.used);
  }
  for (const memory::NextVictim& next : host.next_victims) {
    all.add(next.memory);
    all.add(next.score);
  }
  return "  all numbers " + all.digest() + "\n" + lines;
}

// The lines of a log; the files of a host.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (const std::string_view line : cases::split_lines(text)) {
    if (parts.empty() || !cases::is_host(text) || line.starts_with("== /")) {
      parts.emplace_back();
    }
    parts.back() += line;
  }
  return parts;
}

// What is said of variants of a case: how often which answer is given, and a digest of all numbers.
class Variants {
 public:
  explicit Variants(std::string_view text) : host_(cases::is_host(text)) {}
  void add(std::string_view text) {
    if (host_) {
      all_.add(said_of(*cases::check_host(text)));
      return;
    }
    for (const auto& event : cases::explain_log(text)) {
      ++answers_[std::string(name(event->verdict)) + (event->verdict == Verdict::undetermined
                                                          ? ""
                                                          : " " + std::string(event->root_cause))];
      all_.add(said_of(*event));
    }
  }
  [[nodiscard]] std::string said() {
    std::string said = ":";
    for (const auto& [answer, count] : answers_) {
      said += " " + std::to_string(count) + " " + answer + ",";
    }
    return said + " all numbers " + hex(all_.finish(), 4) + "\n";
  }

 private:
  bool host_;
  std::map<std::string, std::size_t> answers_;
  Sha256 all_;
};

// Without each of its parts, and of a log from each fourth line on.
std::string said_of_parts(std::string_view text) {
  Variants variants(text);
  std::size_t from = 0;
  std::size_t number = 0;
  for (const std::string& part : parts_of(text)) {
    const std::string_view rest = text.substr(from + part.size());
    variants.add(std::string(text.substr(0, from)) + std::string(rest));
    if (!cases::is_host(text) && ++number % 4 == 0) {
      variants.add(rest);
    }
    from += part.size();
  }
  return variants.said();
}

// Numbers behind a name ("free:15104kB", "order=0") or in front of "pages"; in a file of a host all
// that stand for themselves.
std::vector<std::string_view> values_in(std::string_view text) {
  const bool host = cases::is_host(text);
  std::vector<std::string_view> values;
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); at = end + 1) {
    end = at;
    while (end < text.size() && is_digit(text[end])) {
      ++end;
    }
    if (end == at) {
      continue;
    }
    const std::size_t before = at == 0 ? at : text.find_last_not_of(host ? "" : " ", at - 1);
    const char sign = before == std::string_view::npos ? '\n' : text[before];
    if (std::string_view(host ? ":= \t\n" : ":=").find(sign) != std::string_view::npos ||
        (!host && text.substr(end).starts_with(" pages"))) {
      values.push_back(text.substr(at, end - at));
    }
  }
  return values;
}

// With one number after the other lost, 0, half or twice of it; of many every second, or fewer.
std::string said_of_changed(std::string_view text) {
  constexpr std::size_t most = 60;
  Variants variants(text);
  const auto values = values_in(text);
  const std::size_t step = values.size() / most + 1;
  for (std::size_t i = 0; i < values.size(); i += step) {
    const auto at = static_cast<std::size_t>(values[i].data() - text.data());
    const std::uint64_t value = parse_number<std::uint64_t>(values[i]).value_or(0);
    const std::uint64_t others[] = {0, value / 2, value * 2};
    const std::size_t which = i / step % 4;
    variants.add(std::string(text.substr(0, at)) +
                 (which == 3 ? "" : std::to_string(others[which])) +
                 std::string(text.substr(at + values[i].size())));
  }
  return variants.said();
}

std::string said_of_all() {
  std::string text;
  for (const auto& path : cases::case_paths(cases::Of::both)) {
    const cases::Case one = cases::load_case(path);
    text += one.name + "\n";
    if (cases::is_host(one.log)) {
      text += said_of(*cases::check_host(one.log));
    } else {
      for (const auto& event : cases::explain_log(one.log)) {
        text += said_of(*event);
      }
    }
  }
  return text;
}

bool writes_files() { return std::getenv("WHYOOM_WRITE_NUMBERS") != nullptr; }

void expect_same(const std::filesystem::path& file, const std::string& now) {
  if (writes_files()) {
    std::ofstream(file, std::ios::binary) << now;
  }
  const std::string before = test::read_file(file);
  const auto of_now = cases::split_lines(now);
  const auto of_before = cases::split_lines(before);
  std::string_view name;
  for (std::size_t i = 0; i < std::max(of_now.size(), of_before.size()); ++i) {
    const std::string_view line = i < of_now.size() ? of_now[i] : "nothing\n";
    const std::string_view old = i < of_before.size() ? of_before[i] : "nothing\n";
    name = line.starts_with(' ') ? name : line;
    ASSERT_EQ(line, old) << "in " << name << "When that is meant, ./dev docs writes "
                         << file.filename() << " again.";
  }
}

// A line for each case; the first that differs ends it.
void expect_same_variants(std::string_view file,
                          std::string (*said_of_variants)(std::string_view)) {
  const std::string before = test::read_file(file_of(file));
  const auto of_before = cases::split_lines(before);
  std::string now;
  std::size_t line = 0;
  for (const auto& path : cases::case_paths(cases::Of::both)) {
    const cases::Case one = cases::load_case(path);
    const std::string said = one.name + said_of_variants(one.log);
    now += said;
    if (line < of_before.size() && of_before[line++] != said && !writes_files()) {
      break;
    }
  }
  expect_same(file_of(file), now);
}

TEST(Cases, LeadToTheSameNumbers) { expect_same(file_of("numbers_of_cases.txt"), said_of_all()); }

TEST(Cases, LeadToTheSameNumbersInParts) {
  expect_same_variants("parts_of_cases.txt", said_of_parts);
}

TEST(Cases, LeadToTheSameNumbersWithOneChanged) {
  expect_same_variants("changed_of_cases.txt", said_of_changed);
}

}  // namespace
}  // namespace whyoom::diagnose
