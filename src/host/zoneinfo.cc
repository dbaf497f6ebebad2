#include "host/zoneinfo.h"

#include <optional>
#include <set>
#include <string_view>

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr NamedField<Zone, Pages> marks[] = {
    {"min", &Zone::min},         {"low", &Zone::low},     {"high", &Zone::high},
    {"promo", &Zone::promo},     {"boost", &Zone::boost}, {"present", &Zone::present},
    {"managed", &Zone::managed},
};

constexpr NamedField<Zone, Pages> tail[] = {
    {"reserved_highatomic", &Zone::reserved_highatomic},
    {"free_highatomic", &Zone::free_highatomic},
};

constexpr std::size_t most_zones = 4096;
constexpr std::size_t most_protections = 16;

struct Header {
  int node = 0;
  std::string_view zone;
};

// "Node 0, zone   Normal"
std::optional<Header> header(std::string_view line) {
  Cursor cursor(line);
  if (!cursor.take("Node ")) {
    return std::nullopt;
  }
  cursor.skip_spaces();
  const auto node = cursor.take_unsigned();
  if (!node || *node > 65535 || !cursor.take(", zone")) {
    return std::nullopt;
  }
  const std::string_view name = trim(cursor.rest());
  if (name.empty() || name.find_first_of(" \t") != std::string_view::npos) {
    return std::nullopt;
  }
  return Header{static_cast<int>(*node), name};
}

// "(0, 3019, 9931, 9931)"
std::optional<std::vector<Pages>> protection(std::string_view text) {
  Cursor cursor(trim(text));
  std::vector<Pages> result;
  if (!cursor.take('(')) {
    return std::nullopt;
  }
  while (result.size() < most_protections) {
    cursor.skip_spaces();
    const auto value = cursor.take_unsigned();
    if (!value) {
      return std::nullopt;
    }
    result.emplace_back(*value);
    if (cursor.take(')')) {
      return cursor.at_end() ? std::optional(result) : std::nullopt;
    }
    if (!cursor.take(',')) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(Lines lines) : lines_(lines) {}

  std::vector<Zone> parse() {
    while (lines_.next()) {
      const std::string_view text = trim(lines_.line());
      if (lines_.line().starts_with("Node ")) {
        begin_zone();
      } else if (text == "per-node stats") {
        in_node_ = true;
      } else if (zone_ != nullptr && !text.empty()) {
        zone_line(text);
      } else if (!text.empty()) {
        lines_.damaged(tr("\"Node N, zone NAME\""), text);
      }
    }
    return stands_twice_ ? std::vector<Zone>() : std::move(result_);
  }

 private:
  void begin_zone() {
    zone_ = nullptr;
    in_node_ = false;
    const auto found = header(lines_.line());
    if (!found || result_.size() == most_zones) {
      lines_.damaged(tr("\"Node N, zone NAME\""), lines_.line());
      return;
    }
    if (!stands_twice_ && !seen_.emplace(found->node, found->zone).second) {
      lines_.damaged(tr("each zone once, so that none of them is used"), lines_.line());
      stands_twice_ = true;
    }
    zone_ = &result_.emplace_back();
    zone_->node = found->node;
    zone_->name = found->zone;
    zone_->at = lines_.place();
  }

  void zone_line(std::string_view text) {
    if (text.starts_with("protection:")) {
      if (auto read = protection(text.substr(11))) {
        zone_->protection = Read<std::vector<Pages>>{std::move(*read), lines_.place()};
      } else {
        lines_.damaged("\"protection: (N, N, ...)\"", text);
      }
      return;
    }
    if (text.starts_with("pages free")) {
      in_node_ = false;
      text.remove_prefix(6);  // "free     3945"
      set_mark(text, "free", zone_->free);
      return;
    }
    const bool colon = text.find(':') != std::string_view::npos;
    if (colon) {
      colon_line(text);
    } else if (text != "pagesets") {
      plain_line(text);
    }
  }

  void set_mark(std::string_view text, std::string_view name, Maybe<Pages>& field) {
    const auto read = key_value(text);
    if (!read || read->key != name || read->kb) {
      lines_.damaged(tr("a number of pages"), text);
    } else if (!field) {
      field = Read<Pages>{Pages(read->value), lines_.place()};
    }
  }

  // "min 22", "nr_free_pages 3945"
  void plain_line(std::string_view text) {
    std::string_view rest = text;
    const std::string_view key = next_word(rest);
    for (const auto& mark : marks) {
      if (mark.name == key && !in_node_) {
        set_mark(text, key, *zone_.*mark.member);
        return;
      }
    }
    const auto read = key_value(text);
    if (!read || read->kb) {
      lines_.damaged(tr("\"name number\""), text);
    } else if (!in_node_) {
      set_counter(zone_->counters, read->key, read->value, lines_.place());
    }
  }

  // "cpu: 0", "count: 0", "start_pfn:  1"
  void colon_line(std::string_view text) {
    const std::string_view key = trim(text.substr(0, text.find(':')));
    if (key.starts_with("scanned")) {
      return;  // "scanned  0 (a: 0 i: 0)", before 2.6.39
    }
    if (key == "cpu" && text.find("pcp:") != std::string_view::npos) {
      return;  // "cpu: 0 pcp: 0", until 2.6.24
    }
    const auto read = key_value(text);
    if (!read) {
      lines_.damaged("\"name: number\"", text);
      return;
    }
    const Read<Pages> pages{Pages(read->value), lines_.place()};
    if (key == "count") {
      Maybe<Pages>& sum = zone_->in_cpu_lists;
      sum = sum ? Read<Pages>{sum->value + pages.value, sum->at} : pages;
    } else {
      set_field(*zone_, tail, key, pages);
    }
  }

  Lines lines_;
  std::vector<Zone> result_;
  Zone* zone_ = nullptr;  // the last of them
  bool in_node_ = false;
  std::set<std::pair<int, std::string_view>> seen_;
  bool stands_twice_ = false;
};

}  // namespace

std::vector<Zone> parse_zoneinfo(Lines lines) { return Parser(lines).parse(); }

}  // namespace whyoom::host
