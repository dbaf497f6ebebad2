#include "diagnose/kernel_limit.h"

#include <utility>

namespace whyoom::diagnose {

std::optional<Claim> judge_limit(const Context& context, report::LimitReached::What what,
                                 Message (*sentence)(const report::LimitReached& limit)) {
  const auto& limit = context.report.limit_reached;
  if (!limit || limit->what != what) {
    return std::nullopt;
  }
  Claim result = claim(Role::root, Rank::limit, 1, 0.97, sentence(*limit));
  result.prove(Message("times that the log says so"), limit->count, limit->at);
  return result;
}

std::optional<Fill> fill_of(const host::Settings::Number& used,
                            const host::Settings::Number& limit) {
  if (!used || !limit || used->value < 0 || limit->value <= 0) {
    return std::nullopt;
  }
  return Fill{static_cast<std::uint64_t>(used->value), static_cast<std::uint64_t>(limit->value),
              used->at, limit->at};
}

Claim check_fill(const Fill& fill, Message reached, Message near, Message used, Message limit,
                 std::optional<Remedy> remedy) {
  const Fullness full = fullness(fill.used, fill.limit);
  const bool room = full == Fullness::room;
  Claim result = claim(full == Fullness::reached ? Role::root
                       : room                    ? Role::ruled_out
                                                 : Role::risk,
                       Rank::limit, room ? 0 : fill.part(), 0.95,
                       full == Fullness::reached ? std::move(reached)
                       : room                    ? Message("{}: {}", used.str(), fill_text(fill))
                                                 : std::move(near));
  result.prove(std::move(used), fill.used, fill.used_at);
  result.prove(std::move(limit), fill.limit, fill.limit_at);
  if (remedy && !room) {
    result.remedies.push_back(std::move(*remedy));
  }
  return result;
}

std::optional<Remedy> raise_limit(ShellLiteral key, const Fill& fill, std::uint64_t times) {
  return fill.limit > INT64_MAX / times
             ? std::nullopt
             : std::optional(set_remedy(Message("Raise the limit, if so many are wanted"), key,
                                        static_cast<std::int64_t>(fill.limit * times)));
}

std::string fill_text(const Fill& fill) { return filled_text(fill.used, fill.limit, ""); }

}  // namespace whyoom::diagnose
