#include "publish/forwarder.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "base/text.h"

namespace whyoom::publish {
namespace {

constexpr std::size_t most_events = 100;
constexpr std::size_t most_bytes = std::size_t{4} << 20U;
constexpr std::uint64_t refused_told = 10;
constexpr auto say_again_after = std::chrono::minutes(1);
constexpr auto save_after = std::chrono::seconds(1);

std::string place_of(const Position& position) {
  return position.inode == 0 ? std::string()
                             : " at byte " + std::to_string(position.offset) + " of its file";
}

}  // namespace

bool Forwarder::take(std::string_view line, const Position& position) {
  if (line.empty()) {
    return true;
  }
  auto event = read_event(line, options_.own_host);
  if (!event) {
    refuse(event.error(), position);
    return true;
  }
  if (state_.knows(event->id) || std::ranges::find(batch_, event->id, &Event::id) != batch_.end()) {
    ++counts_.known;
    return true;
  }
  batch_bytes_ += event->whole.size();
  batch_.push_back(std::move(*event));
  positions_.push_back(position);
  return (batch_.size() < most_events && batch_bytes_ < most_bytes) || flush();
}

void Forwarder::refuse(std::string_view why, const Position& position) {
  if (++counts_.invalid <= refused_told) {
    tell_("an event was not sent" + place_of(position) + ": " + printable(why));
  } else if (counts_.invalid == refused_told + 1) {
    tell_("more events were not sent; they are counted at the end");
  }
}

void Forwarder::say_why(const std::string& why) {
  const auto now = Clock::now();
  if (why != told_why_ || now - told_ > say_again_after) {
    told_why_ = why;
    told_ = now;
    tell_("not now: " + printable(why) + ". It is tried again; nothing is lost");
  }
}

// One batch, as large as the rate allows; what has an answer leaves.
bool Forwarder::deliver_some() {
  const std::size_t count = rate_.take(batch_.size());
  if (count == 0) {
    return wait_for(rate_.until_next()) && go_on_();
  }
  const auto outcomes = receiver_.deliver(std::span(batch_).first(count));
  std::vector<Event> left;
  std::vector<Position> left_positions;
  std::string why;
  for (std::size_t i = 0; i < count; ++i) {
    const Outcome outcome = i < outcomes.size() ? outcomes[i] : Outcome{};
    if (outcome.answer == Answer::again) {
      if (why.empty()) {
        why = outcome.why;
      }
      left.push_back(std::move(batch_[i]));
      left_positions.push_back(positions_[i]);
      continue;
    }
    if (outcome.answer == Answer::accepted) {
      ++counts_.accepted;
      counts_.were_there += outcome.was_there ? 1 : 0;
    } else if (++counts_.refused <= refused_told) {
      tell_("the receiver refused event " + batch_[i].id + ": " + printable(outcome.why) +
            ". It is not sent again");
    }
    batch_bytes_ -= batch_[i].whole.size();
    state_.add(batch_[i].id);
    if (left.empty()) {  // else what is before it is not there yet
      state_.set_last(batch_[i].id, positions_[i]);
    }
  }
  const std::size_t unsent = left.size();
  const auto rest = static_cast<std::ptrdiff_t>(count);
  left.insert(left.end(), std::make_move_iterator(batch_.begin() + rest),
              std::make_move_iterator(batch_.end()));
  left_positions.insert(left_positions.end(), positions_.begin() + rest, positions_.end());
  batch_ = std::move(left);
  positions_ = std::move(left_positions);
  if (unsent < count) {
    moved_ = Clock::now();
    back_off_.reset();
    keep(false);
  }
  if (unsent == 0) {
    if (!told_why_.empty()) {
      told_why_.clear();
      tell_("events are taken again");
    }
    return true;
  }
  rate_.give_back(unsent);
  ++counts_.retries;
  say_why(why);
  return !receiver_.is_gone() && wait_for(back_off_.next(receiver_.asked_to_wait())) && go_on_();
}

bool Forwarder::flush() {
  while (!batch_.empty()) {
    if (!deliver_some()) {
      return false;
    }
  }
  return true;
}

void Forwarder::keep(bool now) {
  if (!state_.changed() || (!now && Clock::now() - saved_ < save_after)) {
    return;
  }
  saved_ = Clock::now();
  if (const std::string why = state_.save(); !why.empty()) {
    tell_("the state could not be written, so events may be sent twice: " + why);
  }
}

std::string text_of(const Counts& counts) {
  std::string text = std::to_string(counts.accepted) + " events sent";
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count > 0) {
      text += ", " + std::to_string(count) + " " + std::string(what);
    }
  };
  add(counts.were_there, "of them were there already");
  add(counts.known, "known from before");
  add(counts.refused, "refused by the receiver");
  add(counts.invalid, "not sent: no valid events");
  add(counts.retries, "retries");
  return text;
}

}  // namespace whyoom::publish
