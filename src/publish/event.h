// An event of `whyoom explain --format ndjson`, read as what it is: text that anybody could have
// written. What is refused is never sent on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace whyoom::publish {

inline constexpr std::size_t most_event_bytes = std::size_t{1} << 20U;

// One of the flat fields that receivers of log lines get; docs/publish.md has the table. Names and
// meanings stay; a fact that the event lacks has no field.
struct Field {
  const char* name;       // in JSON
  const char* attribute;  // in OTLP
  std::variant<std::string, std::int64_t, double> value;
};

enum class Severity : std::uint8_t { warning, error, fatal };

struct Event {
  std::string id;       // 32 hex digits: of the report, so the same wherever it is read again
  std::string host;     // empty: not known
  std::string kind;     // oom-kill, ...
  std::string message;  // one sentence, fit for a terminal; at most 1000 bytes
  Severity severity = Severity::error;
  std::optional<std::int64_t> time_ns;  // since 1970, where the log has a date with its zone
  std::string pod_uid;                  // of the pod that was hit; empty: none
  std::vector<Field> fields;
  std::string whole;  // the event as one line of JSON, without what only looked like JSON
};

// `own_host`: who else could it be of? An event without a host gets it, one of another host is
// refused; empty: events of all hosts come here. The error says what is wrong.
tl::expected<Event, std::string> read_event(std::string_view line, const std::string& own_host);

// What receivers of log lines get: one object of flat fields on one line, without a newline.
std::string flat_json(const Event& event);

// A name that a host can have, or an address.
bool is_host_name(std::string_view name);

std::string_view name_of(Severity severity);
std::int64_t now_ns();
// 2026-11-29T12:00:00.000Z with so many digits of a fraction
std::string utc_text(std::int64_t ns, int digits);
// Of a time with its zone; no other one can be told from a wrong one.
std::optional<std::int64_t> time_of(std::string_view text);

}  // namespace whyoom::publish
