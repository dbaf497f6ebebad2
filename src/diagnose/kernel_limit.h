// Tables and pools of the kernel with a limit of their own (connections, open files, sockets'
// memory): full, they refuse work although memory is free. In a log the kernel's own line is the
// proof, for it prints that line when it found the limit reached; on a host it is how full they
// are.
#pragma once

#include <cstdint>
#include <optional>

#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose {

// The claim of a log with that line, role root; nothing for another one.
std::optional<Claim> judge_limit(const Context& context, report::LimitReached::What what,
                                 Message (*sentence)(const report::LimitReached& limit));

// What there is of something that a host has a limit for.
struct Fill {
  std::uint64_t used = 0, limit = 0;
  Place used_at{}, limit_at{};
  [[nodiscard]] double part() const {
    return limit == 0 ? 0 : static_cast<double>(used) / static_cast<double>(limit);
  }
};
// Both numbers as they were read; nothing without one of them or with a limit of 0.
std::optional<Fill> fill_of(const host::Settings::Number& used,
                            const host::Settings::Number& limit);

// Role root, with the sentence `reached`, from 95 % on; risk, with `near`, from 80 % on; else ruled
// out by the number, and without the remedy. `used` and `limit` are what the numbers are:
// "connections tracked".
Claim check_fill(const Fill& fill, Message reached, Message near, Message used, Message limit,
                 std::optional<Remedy> remedy);

// To so many times the limit; nullopt: no setting takes that.
std::optional<Remedy> raise_limit(ShellLiteral key, const Fill& fill, std::uint64_t times);

// "30,100 of 32,768 (92 %)"
std::string fill_text(const Fill& fill);

}  // namespace whyoom::diagnose
