#include "explain/event_summary.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "logtext/wall_clock.h"
#include "render/json_writer.h"

namespace whyoom::explain {
namespace {

using Group = EventSummary::Group;
using Member = EventSummary::Member;

constexpr std::size_t id_length = 32;
constexpr std::size_t longest_text = 1024;
constexpr std::size_t longest_name = 253;  // of a host, by RFC 1035
// PID_MAX_LIMIT: no event killed more, and so no sum of events wraps.
constexpr std::uint64_t most_killed = 4194304;

bool only(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [others](char c) { return is_alnum(c) || others.find(c) != std::string_view::npos; });
}

bool is_id(std::string_view text) {
  return text.size() == id_length && std::ranges::all_of(text, is_lower_hex);
}

int strength(std::string_view verdict) {
  return verdict == "proved" ? 2 : verdict == "likely" ? 1 : 0;
}

// A total order, so that the winner of any number of them is one and the same.
auto rank(const Member& member) {
  return std::tuple(!member.group->unverified, strength(member.group->verdict), member.killed,
                    member.panic, std::string_view(member.time), *member.group);
}

// What has no date is compared by its text.
std::tuple<double, std::string_view> moment(const Member& member) {
  const auto wall = logtext::parse_wall(member.time);
  if (!wall || !wall->year) {
    return {0, member.time};
  }
  return {logtext::seconds_since_1970(*wall, *wall->year) - wall->offset_seconds.value_or(0),
          member.time};
}

// Some events, added up.
struct Sum {
  std::uint64_t events = 0, killed = 0, panics = 0;
  const Member* first = nullptr;
  const Member* last = nullptr;
  std::map<std::string_view, std::uint64_t> others;  // of what stands beside it

  void add(const Member& member, std::string_view beside) {
    ++events;
    killed += member.killed;
    panics += member.panic ? 1 : 0;
    if (!beside.empty()) {
      ++others[beside];
    }
    if (member.time.empty()) {
      return;
    }
    if (first == nullptr || moment(member) < moment(*first)) {
      first = &member;
    }
    if (last == nullptr || moment(*last) < moment(member)) {
      last = &member;
    }
  }
};

using Sums = std::map<std::string_view, Sum>;

void add_table(render::Document& out, const Sums& sums, const std::string& head,
               const std::string& beside, std::size_t most_rows) {
  std::vector<const Sums::value_type*> rows;
  rows.reserve(sums.size());
  for (const auto& sum : sums) {
    rows.push_back(&sum);
  }
  std::ranges::stable_sort(
      rows, [](const auto* a, const auto* b) { return a->second.events > b->second.events; });
  const bool timed =
      std::ranges::any_of(sums, [](const auto& each) { return each.second.first != nullptr; });
  render::Table table{{{.head = tr("events"), .right = true},
                       {.head = tr("killed"), .right = true, .optional = true},
                       {.head = head, .flexible = true, .least = 18},
                       {.head = timed ? tr("first") : "", .optional = true},
                       {.head = timed ? tr("last") : ""},
                       {.head = beside, .whole = true}},
                      true};
  const std::size_t shown = std::min(most_rows, rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [name, sum] = *rows[i];
    const auto most = std::ranges::max_element(
        sum.others, [](const auto& a, const auto& b) { return a.second < b.second; });
    std::string others = most == sum.others.end() ? "" : printable(most->first);
    if (sum.others.size() > 1) {
      others += tr(" ({}) and {}", grouped(most->second),
                   plural(sum.others.size() - 1, "other", "others"));
    }
    table.add({{grouped(sum.events)},
               {grouped(sum.killed)},
               {name.empty() ? tr("(not known)") : printable(name)},
               {sum.first == nullptr ? "" : printable(sum.first->time)},
               {sum.last == nullptr ? "" : printable(sum.last->time)},
               {others, render::Paint::dim}});
  }
  out.table(std::move(table));
  if (shown < rows.size()) {
    out.text(tr("and {}: --all", plural(rows.size() - shown, "more row", "more rows")),
             render::Paint::dim, 2);
  }
  out.blank();
}

}  // namespace

std::string_view wrong_in(const EventFacts& facts) {
  if (!is_id(facts.id)) {
    return "id";
  }
  if (facts.cause.empty() || facts.cause.size() > longest_name || !only(facts.cause, "-")) {
    return "root_cause";
  }
  constexpr std::array<std::string_view, 3> verdicts = {"proved", "likely", "undetermined"};
  if (std::ranges::find(verdicts, facts.verdict) == verdicts.end()) {
    return "verdict";
  }
  if (facts.host.size() > longest_name || !only(facts.host, ".-_:")) {
    return "host";
  }
  if (facts.boot.size() > longest_name || !only(facts.boot, "-")) {
    return "boot";
  }
  if (facts.kernel.size() > longest_name || !only(facts.kernel, ".-_+~")) {
    return "kernel";
  }
  if (facts.kind.empty() || !only(facts.kind, "-")) {
    return "kind";
  }
  return facts.killed > most_killed          ? "killed"
         : facts.owner.size() > longest_text ? "owner"
         : facts.time.size() > longest_name  ? "time"
                                             : "";
}

bool EventSummary::add(const EventFacts& facts) {
  const Group group{facts.cause, facts.verdict, facts.kind,  facts.host,
                    facts.boot,  facts.kernel,  facts.owner, facts.unverified};
  const Member member{&*groups_.insert(group).first, facts.time, facts.killed, facts.panic};
  const auto [known, is_new] = events_.try_emplace(facts.id, member);
  if (!is_new && rank(known->second) < rank(member)) {
    known->second = member;
  }
  return is_new;
}

render::Document EventSummary::document(std::size_t most_rows) const {
  Sums causes, hosts, kernels;
  std::uint64_t killed = 0, unverified = 0;
  for (const auto& [id, member] : events_) {
    causes[member.group->cause].add(member, member.group->host);
    hosts[member.group->host].add(member, member.group->cause);
    kernels[member.group->kernel].add(member, member.group->cause);
    killed += member.killed;
    unverified += member.group->unverified ? 1 : 0;
  }
  render::Document out;
  const std::size_t known = hosts.size() - hosts.count("");
  out.text(tr("{} on {}, {} killed", plural(events_.size(), "event", "events"),
              known == 0 ? tr("hosts that are not named") : plural(known, "host", "hosts"),
              plural(killed, "process", "processes")),
           render::Paint::bold);
  if (unverified > 0) {
    out.text(tr("{} could be made up: others than the kernel can write into the log",
                plural(unverified, "event", "events")));
  }
  out.blank();
  if (events_.empty()) {
    return out;
  }
  add_table(out, causes, tr("cause"), known > 0 ? tr("hosts") : "", most_rows);
  if (known > 0) {
    add_table(out, hosts, tr("host"), tr("causes"), most_rows);
  }
  add_table(out, kernels, tr("kernel"), tr("causes"), most_rows);
  return out;
}

std::string EventSummary::json() const {
  struct Row {
    Sum sum;
    std::vector<const decltype(events_)::value_type*> members;
  };
  std::map<Group, Row> rows;
  for (const auto& event : events_) {
    Row& row = rows[*event.second.group];
    row.sum.add(event.second, {});
    row.members.push_back(&event);
  }
  render::JsonWriter json(false);
  json.document([&] {
    json("schema", "whyoom/1");
    json("type", "summary");
    json("events", events_.size());
    json.list("groups", rows, [&](const auto& each) {
      const auto& [group, row] = each;
      using render::text_or_null;
      json("root_cause", group.cause);
      json("verdict", group.verdict);
      json("kind", group.kind);
      json("host", text_or_null(group.host));
      json("boot", text_or_null(group.boot));
      json("kernel", text_or_null(group.kernel));
      json("owner", text_or_null(group.owner));
      json("unverified", group.unverified);
      json("events", row.sum.events);
      json("killed", row.sum.killed);
      json("panics", row.sum.panics);
      json("first", text_or_null(row.sum.first == nullptr ? "" : row.sum.first->time));
      json("last", text_or_null(row.sum.last == nullptr ? "" : row.sum.last->time));
      json.list("members", row.members, [&](const auto* event) {
        json("id", event->first);
        json("time", text_or_null(event->second.time));
        json("killed", event->second.killed);
        json("panic", event->second.panic);
      });
    });
  });
  return json.take() + "\n";
}

}  // namespace whyoom::explain
