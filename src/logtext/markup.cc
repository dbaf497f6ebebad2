#include "logtext/markup.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "logtext/clean.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_tag = 160;

// How surely a tag is none of the log's own text.
enum class Sure : bool {
  anywhere,  // no kernel prints it, and nobody calls a process so
  in_pairs   // one letter in brackets: with its end in the line, or at an end of it
};

struct TagName {
  std::string_view name;
  Sure sure;
};

constexpr auto forum = std::to_array<TagName>({{"b", Sure::in_pairs},
                                               {"i", Sure::in_pairs},
                                               {"u", Sure::in_pairs},
                                               {"code", Sure::anywhere},
                                               {"quote", Sure::anywhere},
                                               {"color", Sure::anywhere},
                                               {"size", Sure::in_pairs},
                                               {"spoiler", Sure::anywhere},
                                               {"font", Sure::anywhere}});
constexpr auto html = std::to_array<TagName>({{"br", Sure::anywhere},
                                              {"p", Sure::in_pairs},
                                              {"b", Sure::in_pairs},
                                              {"i", Sure::in_pairs},
                                              {"u", Sure::in_pairs},
                                              {"em", Sure::in_pairs},
                                              {"a", Sure::in_pairs},
                                              {"strong", Sure::anywhere},
                                              {"span", Sure::anywhere},
                                              {"code", Sure::anywhere},
                                              {"pre", Sure::anywhere},
                                              {"div", Sure::anywhere},
                                              {"font", Sure::anywhere},
                                              {"mark", Sure::anywhere},
                                              {"td", Sure::in_pairs},
                                              {"tr", Sure::in_pairs},
                                              {"li", Sure::in_pairs}});

constexpr auto entities = std::to_array<std::pair<std::string_view, char>>({{"&lt;", '<'},
                                                                            {"&gt;", '>'},
                                                                            {"&amp;", '&'},
                                                                            {"&quot;", '"'},
                                                                            {"&#39;", '\''},
                                                                            {"&#039;", '\''},
                                                                            {"&nbsp;", ' '}});

bool same_word(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return to_lower(a) == b; });
}

struct Tag {
  std::size_t length = 0;  // 0: there is none
  std::string_view name;   // as in the table
  Sure sure = Sure::anywhere;
};

// "[b]", "[/b]", "[color=red]", "<br />", "<span class=x>" at the start of `text`.
Tag tag_at(std::string_view text) {
  const bool angle = text.front() == '<';
  const std::size_t end = text.substr(0, longest_tag).find(angle ? '>' : ']');
  if (end == npos) {
    return {};
  }
  std::string_view inside = text.substr(1, end - 1);
  const bool closing = inside.starts_with('/');
  inside.remove_prefix(closing ? 1 : 0);
  const std::size_t word = std::min(inside.find_first_of(angle ? " /" : "="), inside.size());
  if (closing && word != inside.size()) {
    return {};
  }
  const auto known = [&](const auto& names) {
    const auto found = std::ranges::find_if(
        names, [&](const TagName& tag) { return same_word(inside.substr(0, word), tag.name); });
    return found == names.end() ? Tag() : Tag{end + 1, found->name, found->sure};
  };
  return angle ? known(html) : known(forum);
}

// There is "[/b]", or "</b>", in the line.
bool is_closed(std::string_view line, char open, std::string_view name) {
  const std::string begin = {open, '/'};
  for (std::size_t at = line.find(begin); at != npos; at = line.find(begin, at + 2)) {
    if (tag_at(line.substr(at)).name == name) {
      return true;
    }
  }
  return false;
}

// Closed tags are looked for once for each line and name, however often the tag is there.
class Pairs {
 public:
  explicit Pairs(std::string_view line) : line_(line) {}

  bool has(char open, const Tag& tag) {
    for (const auto& [first, name, closed] : known_) {
      if (first == open && name == tag.name) {
        return closed;
      }
    }
    const bool closed = is_closed(line_, open, tag.name);
    if (count_ < known_.size()) {
      known_[count_++] = {open, tag.name, closed};
    }
    return closed;
  }

 private:
  struct Known {
    char open = '\0';
    std::string_view name;
    bool closed = false;
  };
  std::string_view line_;
  std::array<Known, forum.size() + html.size()> known_{};
  std::size_t count_ = 0;
};

// What has a tag or an entity has one of these; most lines have none.
bool may_hold_markup(std::string_view text) {
  if (text.find('<') != npos || text.find('&') != npos) {
    return true;
  }
  for (std::size_t at = text.find('['); at < text.size(); at = text.find('[', at + 1)) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next == '/' || next == 'c' || next == 'q' || next == 'C') {
      return true;
    }
  }
  const auto is_tag = [text](std::size_t at) {
    return at < text.size() && text[at] == '[' && tag_at(text.substr(at)).length != 0;
  };
  const bool time_first = text.size() > 1 && (is_digit(text[1]) || text[1] == ' ');
  return (!time_first && is_tag(0)) || (text.ends_with(']') && is_tag(text.rfind('[')));
}

}  // namespace

std::string_view strip_markup(std::string_view text, std::string& buffer) {
  if (text.starts_with('{') || !may_hold_markup(text)) {
    return text;
  }
  Pairs pairs(text);
  std::string out;
  std::size_t kept = 0;  // what stands before it is in `out`, or gone
  const bool holds_path = text.find('/') != npos;
  const std::size_t name = holds_path ? std::min(text.rfind(",task="), text.size()) : 0;
  bool in_path = false;  // a name in a path can hold blanks: to the end, or to that of a process
  const auto replace = [&](std::size_t at, std::size_t length, std::string_view with) {
    out += text.substr(kept, at - kept);
    out += with;
    kept = at + length;
  };
  for (std::size_t at = 0; at < text.size(); at = std::max(at + 1, kept)) {
    const char c = text[at];
    const char before = at == 0 ? ' ' : text[at - 1];
    in_path = at < name && (in_path || (c == '/' && (before == ' ' || before == '=')));
    if (in_path) {
      continue;
    }
    if (c == '<' || c == '[') {
      const Tag tag = tag_at(text.substr(at));
      const bool at_end = at == 0 || at + tag.length == text.size();
      if (tag.length != 0 && (tag.sure == Sure::anywhere || at_end || pairs.has(c, tag))) {
        replace(at, tag.length, "");
      }
    } else if (c == '&') {
      for (const auto& [entity, meaning] : entities) {
        if (text.substr(at).starts_with(entity)) {
          replace(at, entity.size(), {&meaning, 1});
          break;
        }
      }
    }
  }
  if (kept == 0) {
    return text;
  }
  out += text.substr(kept);
  buffer = std::move(out);
  return trim_right(buffer);
}

}  // namespace whyoom::logtext
