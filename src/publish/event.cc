#include "publish/event.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"

namespace whyoom::publish {
namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 64;
constexpr std::size_t most_text = 1000;
constexpr std::size_t most_host = 253;

// What is too deep costs a reader of JSON its memory.
bool is_too_deep(std::string_view line) {
  int depth = 0;
  bool in_text = false, escaped = false;
  for (const char c : line) {
    if (in_text) {
      in_text = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      in_text = true;
      escaped = false;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) {
        return true;
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// Cut where a character ends.
std::string shortened(std::string text) {
  if (text.size() > most_text) {
    std::size_t end = most_text - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    text.resize(end);
    text += "...";
  }
  return text;
}

// The value at a path of names; null where there is none.
const Json& at(const Json& from, std::initializer_list<const char*> path) {
  static const Json nothing;
  const Json* here = &from;
  for (const char* name : path) {
    if (!here->is_object() || !here->contains(name)) {
      return nothing;
    }
    here = &(*here)[name];
  }
  return *here;
}

std::string text_of(const Json& value) {
  return value.is_string() ? shortened(printable(value.get_ref<const std::string&>()))
                           : std::string();
}

bool is_word(const Json& value) {
  if (!value.is_string()) {
    return false;
  }
  const auto& text = value.get_ref<const std::string&>();
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || is_lower(c) || c == '-'; });
}

bool is_id(const Json& value) {
  if (!value.is_string()) {
    return false;
  }
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 32 && std::ranges::all_of(text, is_lower_hex);
}

Severity severity_of(const std::string& kind, const Json& outcome) {
  if (kind == "oom-panic" || outcome == "panic") {
    return Severity::fatal;
  }
  return kind.find("kill") == std::string::npos ? Severity::warning : Severity::error;
}

// Those that tell most of whom it hit first.
const Json& owner_of(const Json& json, const Json& victim) {
  for (const Json* owner : {&at(victim, {"owner"}), &at(json, {"memcg", "task_owner"}),
                            &at(json, {"memcg", "owner"})}) {
    if (owner->is_object()) {
      return *owner;
    }
  }
  return at(json, {"memcg", "owner"});
}

class Fields {
 public:
  explicit Fields(std::vector<Field>& fields) : fields_(fields) {}

  void text(const char* name, const char* attribute, const Json& value) {
    if (std::string text = text_of(value); !text.empty()) {
      fields_.push_back({name, attribute, std::move(text)});
    }
  }
  void number(const char* name, const char* attribute, const Json& value) {
    // Of more than that JSON's readers make something else.
    constexpr std::int64_t most = std::int64_t{1} << 53U;
    if (value.is_number_integer() && value <= most && value >= -most) {
      fields_.push_back({name, attribute, value.get<std::int64_t>()});
    }
  }
  void add(const char* name, const char* attribute,
           std::variant<std::string, std::int64_t, double> value) {
    fields_.push_back({name, attribute, std::move(value)});
  }

 private:
  std::vector<Field>& fields_;
};

void read_fields(const Json& json, Event& event) {
  static const Json nothing;
  Fields to(event.fields);
  const Json& victims = at(json, {"victims"});
  const bool any_victim = victims.is_array() && !victims.empty();
  const Json& victim = any_victim ? victims[0] : nothing;
  const Json& owner = owner_of(json, victim);
  to.text("kind", "whyoom.kind", at(json, {"kind"}));
  to.text("cause", "whyoom.cause", at(json, {"root_cause"}));
  to.text("verdict", "whyoom.verdict", at(json, {"verdict"}));
  to.text("unverified", "whyoom.unverified", at(json, {"unverified_why"}));
  to.text("outcome", "whyoom.outcome", at(json, {"outcome"}));
  to.text("boot", "whyoom.boot.id", at(json, {"boot"}));
  to.text("kernel", "whyoom.kernel.release", at(json, {"kernel", "release"}));
  to.text("event_time", "whyoom.event.time", at(json, {"time", "wall"}));
  if (const Json& uptime = at(json, {"time", "monotonic"}); uptime.is_number()) {
    to.add("uptime_s", "whyoom.event.uptime", uptime.get<double>());
  }
  to.text("victim_comm", "process.executable.name", at(victim, {"comm"}));
  to.number("victim_pid", "process.pid", at(victim, {"pid"}));
  if (any_victim) {
    std::set<std::int64_t> pids;  // the kernel names the first of a group again
    std::int64_t killed = 0;
    for (const Json& each : victims) {
      const Json& pid = at(each, {"pid"});
      const bool named = pid.is_number() && pid.get<std::int64_t>() > 0;
      killed += !named || pids.insert(pid.get<std::int64_t>()).second ? 1 : 0;
    }
    to.add("victims", "whyoom.victims", killed);
  }
  to.text("trigger_comm", "whyoom.trigger.name", at(json, {"trigger", "comm"}));
  to.text(
      "cgroup", "process.linux.cgroup",
      at(victim, {"cgroup"}).is_string() ? at(victim, {"cgroup"}) : at(json, {"memcg", "path"}));
  to.number("memory_limit", "whyoom.memory.limit", at(json, {"memcg", "limit"}));
  to.text("unit", "whyoom.systemd.unit", at(owner, {"unit"}));
  to.text("container_id", "container.id", at(owner, {"container"}));
  event.pod_uid = text_of(at(owner, {"pod"}));
  if (!event.pod_uid.empty()) {
    to.add("pod_uid", "k8s.pod.uid", event.pod_uid);
  }
  const Json& findings = at(json, {"findings"});
  const Json& root = findings.is_array() && !findings.empty() ? findings[0] : nothing;
  const Json& remedies = at(root, {"remedies"});
  if (remedies.is_array() && !remedies.empty()) {
    const Json& commands = at(remedies[0], {"commands"});
    to.text("fix", "whyoom.fix", commands.is_array() && !commands.empty() ? commands[0] : nothing);
  }
  to.text("log_file", "log.file.path", at(json, {"source", "file"}));
  to.number("log_line", "whyoom.log.line", at(json, {"source", "first_line"}));
  event.message = text_of(at(root, {"summary"}));
  if (event.message.empty()) {
    event.message = event.kind + ": the cause could not be determined";
  }
}

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> names = {"warning", "error", "fatal"};
  return names[static_cast<std::size_t>(severity)];
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string flat_json(const Event& event) {
  Json json;
  json["timestamp"] = utc_text(event.time_ns.value_or(now_ns()), 6);
  json["timestamp_is"] = event.time_ns ? "event" : "sent";
  json["level"] = name_of(event.severity);
  json["service"] = "whyoom";
  json["id"] = event.id;
  json["host"] = event.host.empty() ? Json() : Json(event.host);
  json["message"] = event.message;
  for (const Field& field : event.fields) {
    std::visit([&](const auto& value) { json[field.name] = value; }, field.value);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= most_host && (is_alnum(name[0]) || name[0] == ':') &&
         std::ranges::all_of(name, [](char c) {
           return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
         });
}

std::optional<std::int64_t> time_of(std::string_view text) {
  // 2026-11-23T07:41:32.123456Z, or +01:00, or +0100
  const auto number = [&](std::size_t from, std::size_t size) {
    return text.size() >= from + size ? parse_number<unsigned>(text.substr(from, size))
                                      : std::nullopt;
  };
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2), hour = number(11, 2),
             minute = number(14, 2), second = number(17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':' || *year < 1970 ||
      *year > 2250 || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour > 23 ||
      *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  Cursor rest(text.substr(19));
  std::int64_t ns = 0;
  if (rest.take('.') || rest.take(',')) {
    std::int64_t unit = 100'000'000;
    while (is_digit(rest.peek())) {
      ns += (rest.peek() - '0') * unit;
      unit /= 10;
      rest.take(rest.peek());
    }
  }
  std::int64_t ahead_s = 0;
  if (!rest.take('Z')) {
    const bool west = rest.peek() == '-';
    if (!rest.take(west ? '-' : '+')) {
      return std::nullopt;
    }
    std::string zone(rest.rest());
    std::erase(zone, ':');
    const auto value = parse_number<unsigned>(zone);
    if (zone.size() != 4 || !value || *value > 1500) {
      return std::nullopt;
    }
    ahead_s = static_cast<std::int64_t>(*value / 100 * 3600 + *value % 100 * 60) * (west ? -1 : 1);
  } else if (!rest.at_end()) {
    return std::nullopt;
  }
  std::tm parts{};
  parts.tm_year = static_cast<int>(*year) - 1900;
  parts.tm_mon = static_cast<int>(*month) - 1;
  parts.tm_mday = static_cast<int>(*day);
  parts.tm_hour = static_cast<int>(*hour);
  parts.tm_min = static_cast<int>(*minute);
  parts.tm_sec = static_cast<int>(*second);
  const std::int64_t seconds = ::timegm(&parts) - ahead_s;
  return seconds < 0 ? std::nullopt : std::optional(seconds * 1'000'000'000 + ns);
}

std::string utc_text(std::int64_t ns, int digits) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (digits > 0) {
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), "%09lld",
                  static_cast<long long>(ns % 1'000'000'000));
    return std::string(text.data(), size) + "." +
           std::string(fraction.data(), static_cast<std::size_t>(digits)) + "Z";
  }
  return std::string(text.data(), size) + "Z";
}

tl::expected<Event, std::string> read_event(std::string_view line, const std::string& own_host) {
  if (is_too_deep(line)) {
    return tl::unexpected("it is nested more than " + std::to_string(deepest) + " deep");
  }
  Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) {
    return tl::unexpected(std::string("it is no JSON object"));
  }
  if (!is_id(at(json, {"id"}))) {
    return tl::unexpected(std::string("it has no id of 32 hex digits"));
  }
  for (const char* name : {"kind", "root_cause", "verdict"}) {
    if (!is_word(at(json, {name}))) {
      return tl::unexpected("\"" + std::string(name) + "\" is none of this schema");
    }
  }
  const Json& host = at(json, {"host"});
  if (!host.is_null() && (!host.is_string() || !is_host_name(host.get_ref<const std::string&>()))) {
    return tl::unexpected(std::string("its host is no name that a host can have"));
  }
  Event event;
  event.id = json["id"].get<std::string>();
  event.kind = json["kind"].get<std::string>();
  event.host = host.is_string() ? host.get<std::string>() : own_host;
  if (!own_host.empty() && event.host != own_host) {
    return tl::unexpected("it says that it is of " + event.host + ", and only those of " +
                          own_host + " are taken here");
  }
  if (!event.host.empty()) {
    json["host"] = event.host;
  }
  event.severity = severity_of(event.kind, at(json, {"outcome"}));
  event.time_ns = time_of(text_of(at(json, {"time", "wall"})));
  read_fields(json, event);
  event.whole = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return event;
}

}  // namespace whyoom::publish
