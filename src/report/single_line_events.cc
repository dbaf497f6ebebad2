#include "report/single_line_events.h"

#include <algorithm>
#include <utility>

#include "kernel/swiotlb.h"
#include "report/fingerprint.h"

namespace whyoom::report {
namespace {

constexpr std::size_t most_forks = 64;
constexpr std::size_t most_limits = 16;
constexpr std::size_t most_requests = 64;
constexpr std::size_t most_seen = 256;
constexpr double overcommit_burst = 60;
constexpr LineNumber overcommit_lines = 1000;
constexpr double limit_burst = 3600;
constexpr LineNumber limit_lines = 20000;
constexpr double kill_burst = 10;
constexpr LineNumber kill_lines = 60;
constexpr double facts_age = 600;
constexpr double fails_within = 20;  // earlyoom waits 10 s for a process to exit (kill.c)

LineNumber lines_since(const Moment& last, const logtext::Line& line) {
  return line.number > last.line ? line.number - last.line : 0;
}

bool near(const Moment& last, const logtext::Line& line, double seconds, LineNumber lines) {
  const auto passed = seconds_between(last, line);
  return passed ? *passed >= -1 && *passed <= seconds : lines_since(last, line) <= lines;
}

// Of one table. A device whose request no pool of bounce buffers can serve, and one that finds the
// pool full, are two events.
bool same_limit(const LimitReached& a, const LimitReached& b) {
  constexpr auto most = kernel::swiotlb_largest_mapping;
  return a.what == b.what && a.name == b.name &&
         (a.what != LimitReached::What::swiotlb ||
          (a.bytes.value_or(0) > most) == (b.bytes.value_or(0) > most));
}

// One refusal, told of by the pool and right behind that by who asked it.
bool is_told_again(const LimitReached& before, const LimitReached& limit) {
  return before.what == limit.what && limit.teller > before.teller &&
         (!before.bytes || !limit.bytes || *before.bytes == *limit.bytes);
}

// Numbers of pressure are of the cgroup that it was measured in, and no reason for a kill by swap.
bool is_about(const UserspaceKill& facts, const UserspaceKill& kill) {
  return !facts.pressure_limit_percent || (!kill.mem_used && kill.victim.starts_with(facts.victim));
}

// Of two refusals of a pool, the one with less free for what it asked; of memory in one piece the
// larger one.
bool lacks_more(const LimitReached& a, const LimitReached& b) {
  if (a.what == LimitReached::What::xfs_memory) {
    return a.bytes.value_or(0) > b.bytes.value_or(0);
  }
  const auto lack = [](const LimitReached& limit) {
    const std::uint64_t free =
        limit.limit.value_or(0) - std::min(*limit.used, limit.limit.value_or(0));
    const std::uint64_t needed = kernel::swiotlb_slots_for(limit.bytes.value_or(0)).least;
    return static_cast<double>(needed) - static_cast<double>(free);
  };
  return a.used && (!b.used || lack(a) > lack(b));
}

}  // namespace

Report SingleLineEvents::begin(Kind kind, const logtext::Line& line) const {
  Report report;
  begin_report(report, source_, kind, line);
  if (keeps_lines_) {
    keep_line(report, line);
  }
  return report;
}

bool SingleLineEvents::repeated(const logtext::Line& line) {
  if (!line.monotonic_us) {
    return false;
  }
  Hash hash;
  hash.add(*line.monotonic_us);
  hash.add(line.text);
  if (std::find(seen_.begin(), seen_.end(), hash.value()) != seen_.end()) {
    return true;
  }
  seen_.push_back(hash.value());
  if (seen_.size() > most_seen) {
    seen_.pop_front();
  }
  return false;
}

// People tell what they found, and then show it.
bool SingleLineEvents::is_quotation(std::deque<Gathered>& of, std::deque<Gathered>::iterator& known,
                                    const logtext::Line& line) {
  if (known->framed && !line.framed) {
    return true;
  }
  if (!known->framed && line.framed) {
    of.erase(known);
    known = of.end();
  }
  return false;
}

void SingleLineEvents::fork_rejected(const logtext::Line& line, ForkRejected&& rejected) {
  if (repeated(line)) {
    return;
  }
  end_one(overcommit_);
  auto known = std::ranges::find_if(forks_, [&rejected](const Gathered& each) {
    return each.report.fork_rejected->path == rejected.path;
  });
  if (known != forks_.end() && is_quotation(forks_, known, line)) {
    return;
  }
  if (known != forks_.end()) {
    ++known->report.fork_rejected->count;
    known->report.last_line = line.number;
    known->last = moment_of(line);
    return;
  }
  if (forks_.size() >= most_forks) {
    emit_one(forks_, forks_.begin());
  }
  Gathered fresh{begin(Kind::fork_rejected, line), moment_of(line), line.framed};
  fresh.report.fork_rejected = std::move(rejected);
  forks_.push_back(std::move(fresh));
}

void SingleLineEvents::overcommit(const logtext::Line& line, OvercommitRefused::Request&& request) {
  if (repeated(line)) {
    return;
  }
  if (overcommit_ && !near(overcommit_->last, line, overcommit_burst, overcommit_lines)) {
    end_one(overcommit_);
  }
  if (!overcommit_) {
    overcommit_ = Gathered{begin(Kind::overcommit_refused, line), {}};
    overcommit_->report.overcommit.emplace();
  }
  overcommit_->last = moment_of(line);
  overcommit_->report.last_line = line.number;
  OvercommitRefused& refused = *overcommit_->report.overcommit;
  ++refused.count;
  if (refused.requests.size() < most_requests) {
    if (keeps_lines_ && refused.count > 1) {
      keep_line(overcommit_->report, line);
    }
    refused.requests.push_back(std::move(request));
  }
}

// Such a line comes every few seconds as long as the table is full: one event, until a quiet hour.
void SingleLineEvents::limit_reached(const logtext::Line& line, LimitReached&& limit) {
  if (repeated(line)) {
    return;
  }
  for (auto known = limits_.begin(); known != limits_.end(); ++known) {
    LimitReached& before = *known->report.limit_reached;
    const bool again = is_told_again(before, limit) && near(known->last, line, 1, 3);
    if (!again && !same_limit(before, limit)) {
      continue;
    }
    if (!near(known->last, line, limit_burst, limit_lines)) {
      emit_one(limits_, known);
      break;
    }
    if (is_quotation(limits_, known, line)) {
      return;
    }
    if (known == limits_.end()) {
      break;
    }
    const unsigned teller = limit.teller;
    const auto bytes = limit.bytes;
    // The moment that was furthest from having what was asked for tells most.
    if (lacks_more(limit, before)) {
      limit.count = before.count;
      before = std::move(limit);
      if (keeps_lines_) {
        keep_line(known->report, line);
      }
    }
    before.count += again ? 0 : 1;
    before.teller = teller;
    before.bytes = before.bytes ? before.bytes : bytes;
    known->report.last_line = line.number;
    known->last = moment_of(line);
    return;
  }
  if (limits_.size() >= most_limits) {
    emit_one(limits_, limits_.begin());
  }
  Gathered fresh{begin(Kind::limit_reached, line), moment_of(line), line.framed};
  fresh.report.limit_reached = std::move(limit);
  limits_.push_back(std::move(fresh));
}

SingleLineEvents::Facts* SingleLineEvents::facts_of(const std::string& killer) {
  for (auto& facts : facts_) {
    if (facts.kill.killer == killer) {
      return &facts;
    }
  }
  return nullptr;
}

void SingleLineEvents::userspace(const logtext::Line& line, const UserspaceKill& part) {
  Facts* facts = facts_of(part.killer);
  if (held_ && !near(held_->last, line, fails_within, kill_lines)) {
    end_one(held_);
  }
  if (part.done) {
    if (held_ && held_->report.userspace->pid == part.pid) {
      held_->report.userspace->failed = false;
      held_->report.outcome = Outcome::killed;
    }
    return;
  }
  if (part.undone) {
    if (held_) {
      outlived_ = held_->report.userspace->pid;
      held_.reset();
      kills_.clear();  // the next try is another kill
    }
    return;
  }
  if (part.what.empty()) {
    if (facts == nullptr) {
      facts_.push_back({part, moment_of(line)});
      return;
    }
    // The newest numbers count; what the newer line does not know is kept for a while.
    UserspaceKill merged = part;
    if (near(facts->last, line, kill_burst, kill_lines)) {
      merge_facts(facts->kill, merged);
    }
    *facts = {std::move(merged), moment_of(line)};
    return;
  }
  one_kill(line, part, facts);
}

void SingleLineEvents::one_kill(const logtext::Line& line, UserspaceKill kill, const Facts* facts) {
  kill.failed = kill.failed || (kill.pid && kill.pid == outlived_);
  outlived_.reset();
  if (kill.needs_facts && facts == nullptr) {
    return;
  }
  if (facts != nullptr && near(facts->last, line, facts_age, kill_lines * 10) &&
      is_about(facts->kill, kill)) {
    merge_facts(facts->kill, kill);
  }
  for (auto& before : kills_) {
    if (before.kill.killer == kill.killer && before.kill.victim == kill.victim &&
        before.kill.pid == kill.pid && near(before.last, line, kill_burst, kill_lines)) {
      before.last = moment_of(line);
      return;
    }
  }
  std::erase_if(kills_, [&](const Facts& old) { return old.kill.killer == kill.killer; });
  kills_.push_back({kill, moment_of(line)});
  Report report = begin(Kind::userspace_kill, line);
  report.outcome = kill.by_command || kill.failed ? Outcome::unknown : Outcome::killed;
  const bool may_fail = kill.killer == "earlyoom" || kill.killer == "nohang";
  report.userspace = std::move(kill);
  end_one(held_);
  held_ = Gathered{std::move(report), moment_of(line)};
  if (!may_fail) {
    end_one(held_);
  }
}

std::optional<LineNumber> SingleLineEvents::first_open() const {
  std::optional<LineNumber> first;
  for (const auto* gathered : {&forks_, &limits_}) {
    for (const Gathered& each : *gathered) {
      first = earlier(first, each.report.first_line);
    }
  }
  for (const auto* one : {&overcommit_, &held_}) {
    if (*one) {
      first = earlier(first, (*one)->report.first_line);
    }
  }
  return first;
}

void SingleLineEvents::end_one(std::optional<Gathered>& one) {
  if (one) {
    Report done = std::move(one->report);
    one.reset();
    sink_(std::move(done));
  }
}

std::optional<UserspaceKill> SingleLineEvents::killed_by_kernel(const logtext::Line& line,
                                                                std::int64_t pid) {
  std::optional<UserspaceKill> sent;
  if (held_ && held_->report.userspace->pid == pid &&
      near(held_->last, line, fails_within, kill_lines)) {
    if (!held_->report.userspace->by_command) {
      sent = std::move(held_->report.userspace);
    }
    held_.reset();
  }
  return sent;
}

void SingleLineEvents::interrupt(bool keeps_kill) {
  end_one(overcommit_);
  if (!keeps_kill) {
    end_one(held_);
  }
  for (auto* gathered : {&forks_, &limits_}) {
    while (!gathered->empty()) {
      emit_one(*gathered, gathered->begin());
    }
  }
}

void SingleLineEvents::emit_one(std::deque<Gathered>& from,
                                const std::deque<Gathered>::iterator& which) {
  Gathered done = std::move(*which);
  from.erase(which);
  sink_(std::move(done.report));
}

}  // namespace whyoom::report
