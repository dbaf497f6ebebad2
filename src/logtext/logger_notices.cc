#include "logtext/logger_notices.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;

// Counts can be anything in a damaged log.
std::uint32_t clamped(std::uint64_t count) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

// `before` N `after`, at the start of `text`.
std::optional<Loss> counted_loss(std::string_view text, std::string_view before,
                                 std::string_view after) {
  Cursor cursor(text);
  if (!cursor.take(before)) {
    return std::nullopt;
  }
  const auto count = cursor.take_unsigned();
  if (!count || !cursor.take(after)) {
    return std::nullopt;
  }
  return Loss{clamped(*count), true, cursor.rest()};
}

}  // namespace

std::optional<Loss> parse_loss(std::string_view text) {
  if (text.starts_with("** ")) {
    auto loss = counted_loss(text, "** ", " printk messages dropped **");
    if (loss && loss->rest.starts_with(' ')) {
      loss->rest.remove_prefix(1);
    }
    return loss;
  }
  if (text.empty() || std::string_view("pMSi/").find(text.front()) == npos) {
    return std::nullopt;
  }
  using Form = std::pair<std::string_view, std::string_view>;  // before and behind the number
  for (const auto& [before, behind] :
       {Form{"printk: ", " messages suppressed"}, Form{"printk: ", " messages dropped"},
        Form{"Missed ", " kernel messages"}, Form{"Suppressed ", " messages from kernel"},
        Form{"imjournal: ", " messages lost due to rate-limiting"}}) {
    if (auto loss = counted_loss(text, before, behind)) {
      loss->rest = {};
      return loss;
    }
  }
  if (text.starts_with("/dev/kmsg buffer overrun, some messages lost")) {
    return Loss{1, false, {}};
  }
  return std::nullopt;
}

bool may_be_in_a_name(std::string_view before) {
  constexpr std::array<std::string_view, 8> paths{
      "memcg=/",     "cpuset=",    "Task in /",        "limit of /",
      "stats for /", "Tasks in /", " controller in /", "reached of cgroup /"};
  if (std::any_of(paths.begin(), paths.end(),
                  [before](std::string_view path) { return before.find(path) != npos; })) {
    return true;
  }
  const std::size_t process = before.rfind("rocess ");  // "Killed process 12 ("
  return process != npos && before.find('(', process) != npos && before.find(')', process) == npos;
}

bool is_journal_note(std::string_view text) {
  return text.ends_with("--") && text.size() > 6 &&
         (text.starts_with("-- Reboot") || text.starts_with("-- Boot ") ||
          text.starts_with("-- Logs begin") || text.starts_with("-- Journal begins") ||
          text.starts_with("-- No entries"));
}

bool is_kmsg_dictionary(std::string_view text) {
  if (!text.starts_with(' ')) {
    return false;
  }
  const std::size_t equals = text.find('=');
  return equals != npos && equals > 1 &&
         std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(equals),
                     [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
}

std::optional<Repeat> parse_repeat(std::string_view text) {
  Cursor cursor(text);
  const bool last = cursor.take("last message repeated ");
  if (!last && !cursor.take("message repeated ")) {
    return std::nullopt;
  }
  const auto times = cursor.take_unsigned();
  if (!times || !cursor.take(" time")) {
    return std::nullopt;
  }
  if (last) {
    return Repeat{*times, {}};
  }
  if (!cursor.take("s: [") && !cursor.take(": [")) {
    return std::nullopt;
  }
  std::string_view inside = cursor.rest();
  if (inside.ends_with(']')) {
    inside.remove_suffix(1);
  }
  if (inside.starts_with(' ')) {
    inside.remove_prefix(1);
  }
  return inside.empty() ? std::nullopt : std::optional<Repeat>({*times, inside});
}

}  // namespace whyoom::logtext
