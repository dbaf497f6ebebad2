#include "app/event_files.h"

#include <set>

#include "app/explain_run.h"
#include "app/foreign_json.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"

namespace whyoom::app {
namespace {

using explain::EventFacts;

constexpr std::size_t longest_line = std::size_t{16} << 20U;
constexpr std::size_t longest_document = std::size_t{1} << 30U;
constexpr std::size_t most_told = 10;  // of what was refused

// What is not there, or of another type, is not known.
const Json* member(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// `other`: of what is there and no such number.
std::uint64_t number_of(const Json& object, const char* key, std::uint64_t other = 0) {
  const Json* value = member(object, key);
  return value == nullptr ? 0 : value->is_number_unsigned() ? value->get<std::uint64_t>() : other;
}

bool is_true(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& part(const Json& object, const char* key) {
  static const Json none;
  const Json* value = member(object, key);
  return value != nullptr ? *value : none;
}

// Whose limit it was, else whose process was killed.
std::string owner_of(const Json& event) {
  for (const char* place : {"memcg", "fork_rejected"}) {
    const Json& cgroup = part(event, place);
    for (const char* owner : {"owner", "task_owner"}) {
      if (std::string text = text_of(part(cgroup, owner), "text"); !text.empty()) {
        return text;
      }
    }
    if (std::string path = text_of(cgroup, "path"); !path.empty()) {
      return path;
    }
  }
  return {};
}

// Each process once: the kernel names the first of a group again when it comes to the others.
std::uint64_t killed_in(const Json& victims) {
  std::set<std::uint64_t> pids;
  std::uint64_t killed = 0;  // one without a number is another one each time
  for (const Json& victim : victims) {
    const std::uint64_t pid = number_of(victim, "pid");
    killed += pid == 0 || pids.insert(pid).second ? 1 : 0;
  }
  return killed;
}

EventFacts facts_of_event(const Json& event) {
  return {.id = text_of(event, "id"),
          .cause = text_of(event, "root_cause"),
          .verdict = text_of(event, "verdict"),
          .kind = text_of(event, "kind"),
          .host = text_of(event, "host"),
          .boot = text_of(event, "boot"),
          .kernel = text_of(part(event, "kernel"), "release"),
          .owner = owner_of(event),
          .time = text_of(part(event, "time"), "wall"),
          .killed = killed_in(part(event, "victims")),
          .panic = part(event, "panic").is_object(),
          .unverified = is_true(event, "unverified")};
}

// Calls `take` with each event of a document.
template <class Take>
void each_event(const Json& value, const Take& take) {
  if (text_of(value, "type") == "summary") {
    for (const Json& group : part(value, "groups")) {
      EventFacts facts = facts_of_event(group);
      facts.kernel = text_of(group, "kernel");
      facts.owner = text_of(group, "owner");
      for (const Json& each : part(group, "members")) {
        facts.id = text_of(each, "id");
        facts.time = text_of(each, "time");
        facts.killed = number_of(each, "killed", UINT64_MAX);  // refused
        facts.panic = is_true(each, "panic");
        take(facts);
      }
    }
  } else if (const Json& events = part(value, "events"); events.is_array()) {
    for (const Json& event : events) {
      take(facts_of_event(event));
    }
  } else {
    take(facts_of_event(value));
  }
}

}  // namespace

void EventFiles::refuse(const std::string& why) {
  if (++refused_ <= most_told) {
    io_.tell(tr("{}:{}: {}; left out", name_, std::to_string(line_), why));
  }
}

void EventFiles::offer(const explain::EventFacts& facts) {
  if (const std::string_view wrong = explain::wrong_in(facts); !wrong.empty()) {
    refuse(tr("no event of whyoom: \"{}\" is missing or not as it can be", std::string(wrong)));
  } else {
    take_(facts);
  }
}

void EventFiles::document(std::string_view text) {
  const Json value = parse_json(text);
  if (value.is_object()) {
    each_event(value, [this](const explain::EventFacts& facts) { offer(facts); });
  } else {
    refuse(tr("no JSON object"));
  }
}

void EventFiles::line(std::string_view text) {
  ++line_;
  whole_ = whole_ || (line_ == 1 && trim(text) == "{");
  if (!whole_ && !trim(text).empty()) {
    document(text);
  }
}

// Whole lines, as they come; a document of several lines is kept to its end.
void EventFiles::feed(std::string_view chunk) {
  held_.append(chunk);
  std::size_t at = 0;
  for (std::size_t end = held_.find('\n'); !whole_ && end != std::string::npos;
       end = held_.find('\n', at)) {
    const std::size_t begin = at;
    line(std::string_view(held_).substr(at, end - at));
    at = whole_ ? begin : end + 1;
  }
  held_.erase(0, at);
  if (held_.size() > (whole_ ? longest_document : longest_line)) {
    refuse(tr("the line is too long"));
    held_.clear();
  }
}

std::optional<bool> EventFiles::read_all(std::vector<std::string> files,
                                         linux::SandboxChoice sandbox) {
  if (files.empty()) {
    files.emplace_back("-");
  }
  const auto inputs = linux::open_inputs(files, sandbox);
  if (!inputs) {
    io_.fail(inputs.error());
    return std::nullopt;
  }
  bool all_read = true;
  for (const linux::Input& input : *inputs) {
    all_read = read(input) && all_read;
  }
  return all_read;
}

bool EventFiles::read(const linux::Input& input) {
  name_ = shown_name(input.path());
  line_ = 0;
  whole_ = false;
  held_.clear();
  const auto result = input.read({.data = [this](std::string_view chunk) { feed(chunk); },
                                  .quiet = [] {},
                                  .stop = [] { return false; },
                                  .refuse_archives = true});
  if (whole_) {
    document(held_);
  } else if (!held_.empty()) {
    line(held_);
  }
  const std::string why = !result ? result.error() : *result;
  if (!why.empty()) {
    io_.tell(tr("{}: {}", name_, why));
  }
  return why.empty();
}

void EventFiles::tell_refused() const {
  if (refused_ > 0) {
    io_.tell(tr("{} left out: no events, or forged", plural(refused_, "line", "lines")));
  }
}

}  // namespace whyoom::app
