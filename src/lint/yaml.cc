#include "lint/yaml.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "lint/yaml_text.h"

namespace whyoom::lint {

namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t most_values = 200'000;
constexpr std::size_t most_not_read = 20;

class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(text) {}

  YamlText read() {
    go_to(0);
    while (!lines_.at_end(line_)) {
      if (boundary_) {
        begin_document();
        continue;
      }
      YamlNode node;
      const auto before = std::pair(line_, offset_);
      read_block(node, 0);
      if (before == std::pair(line_, offset_)) {
        go_to(line_ + 1);  // nothing was taken
      }
      out_.documents.push_back(std::move(node));
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return lines_.content(line_).substr(offset_); }
  [[nodiscard]] Spot here() const { return spot(line_, offset_); }
  [[nodiscard]] Spot spot(std::size_t line, std::size_t offset) const {
    return {static_cast<std::uint32_t>(line + 1), characters(lines_.content(line), offset) + 1};
  }
  [[nodiscard]] bool stopped() const { return boundary_ || gave_up_ || lines_.at_end(line_); }

  // To the first line from `line` on that says something.
  void go_to(std::size_t line) {
    boundary_ = false;
    for (line_ = line; !lines_.at_end(line_); ++line_) {
      const std::string_view content = lines_.content(line_);
      offset_ = indent_of(content);
      const std::string_view what = content.substr(offset_);
      if (what.empty() || what.front() == '#' || (offset_ == 0 && what.front() == '%')) {
        continue;
      }
      if (is_template_line(what)) {
        if (out_.template_lines++ == 0) {
          out_.template_at = here();
        }
        continue;
      }
      boundary_ = offset_ == 0 && is_boundary(what);
      return;
    }
  }

  void begin_document() {
    gave_up_ = false;
    const std::string_view what = rest();
    const std::size_t skip = 3 + indent_of(what.substr(3));
    if (what.starts_with("---") && skip < what.size() && what[skip] != '#') {
      boundary_ = false;
      offset_ = skip;  // "--- {..}"
    } else {
      go_to(line_ + 1);
    }
  }

  void complain(Spot at, Message why) {
    if (out_.not_read.size() < most_not_read) {
      out_.not_read.push_back({at, std::move(why)});
    } else if (out_.not_read.size() == most_not_read) {
      out_.not_read.push_back({at, Message("there is more of it below")});
    }
  }

  // The rest of the document says nothing any more.
  void give_up(Message why) {
    complain(here(), std::move(why));
    gave_up_ = true;
    do {
      go_to(line_ + 1);
    } while (!boundary_ && !lines_.at_end(line_));
  }

  bool may_add(std::size_t depth) {
    if (++values_ > most_values) {
      give_up(Message("this has more than 200,000 values; the rest was not read"));
    } else if (depth > deepest) {
      give_up(Message("this is nested deeper than 64; the rest of the document was not read"));
    }
    return !gave_up_;
  }

  // What begins here: a list, a mapping or a text.
  void read_block(YamlNode& node, std::size_t depth) {
    if (!may_add(depth)) {
      return;
    }
    node.at = here();
    if (is_list_item(rest())) {
      read_list(node, depth);
    } else if (key_length(rest()) > 0) {
      read_map(node, depth);
    } else {
      read_value(node, static_cast<std::ptrdiff_t>(offset_) - 1, depth);
    }
  }

  void read_list(YamlNode& node, std::size_t depth) {
    node.kind = YamlNode::Kind::list;
    const std::size_t indent = offset_;
    while (!stopped() && offset_ == indent && is_list_item(rest())) {
      YamlEntry& entry = node.entries.emplace_back();
      entry.at = here();
      const std::size_t line = line_;
      const std::size_t skip = 1 + indent_of(rest().substr(1));
      const bool empty = skip >= rest().size() || rest()[skip] == '#';
      if (empty) {
        go_to(line + 1);
        if (stopped() || offset_ <= indent) {
          continue;
        }
      } else {
        offset_ += skip;
      }
      if (is_list_item(rest()) || key_length(rest()) > 0) {
        read_block(entry.value, depth + 1);
      } else if (may_add(depth + 1)) {
        read_value(entry.value, static_cast<std::ptrdiff_t>(indent), depth + 1);
      }
      pass_stray_lines(indent);
    }
  }

  void read_map(YamlNode& node, std::size_t depth) {
    node.kind = YamlNode::Kind::map;
    const std::size_t indent = offset_;
    while (!stopped() && offset_ == indent && !is_list_item(rest())) {
      const std::size_t length = key_length(rest());
      if (length == 0) {
        complain(here(), Message("this line is no KEY: VALUE"));
        go_to(line_ + 1);
        pass_stray_lines(indent);
        continue;
      }
      YamlEntry& entry = node.entries.emplace_back();
      entry.at = here();
      entry.key = unquoted(rest().substr(0, length));
      offset_ += length;
      offset_ += rest().find(':') + 1;
      offset_ += indent_of(rest());
      read_behind_key(entry.value, indent, depth + 1);
      pass_stray_lines(indent);
    }
  }

  void read_behind_key(YamlNode& node, std::size_t indent, std::size_t depth) {
    node.at = here();
    skip_properties();
    if (!rest().empty() && rest().front() != '#') {
      if (may_add(depth)) {
        read_value(node, static_cast<std::ptrdiff_t>(indent), depth);
      }
      return;
    }
    go_to(line_ + 1);
    // A list may stand as far to the left as its key.
    const bool below =
        !stopped() && (offset_ > indent || (offset_ == indent && is_list_item(rest())));
    if (below) {
      read_block(node, depth);
    }
  }

  // Lines that stand deeper than they can.
  void pass_stray_lines(std::size_t indent) {
    bool told = false;
    while (!stopped() && offset_ > indent) {
      if (!std::exchange(told, true)) {
        complain(here(), Message("this line stands deeper than what it could belong to"));
      }
      go_to(line_ + 1);
    }
  }

  // "&name" and "!tag" before a value.
  void skip_properties() {
    while (!rest().empty() && (rest().front() == '&' || rest().front() == '!')) {
      const std::size_t end = std::min(rest().find_first_of(" \t"), rest().size());
      offset_ += end;
      offset_ += indent_of(rest());
    }
  }

  // A text, or something in braces, whose first line begins here; lines of it that follow stand
  // deeper than `parent`.
  void read_value(YamlNode& node, std::ptrdiff_t parent, std::size_t depth) {
    skip_properties();
    node.at = here();
    const char first = rest().empty() ? '\0' : rest().front();
    if (first == '|' || first == '>') {
      read_block_text(node, parent);
    } else if ((first == '[' || first == '{') && !rest().starts_with("{{")) {
      read_flow(node, depth);
      end_line();
    } else if (first == '"' || first == '\'') {
      read_quoted(node);
      end_line();
    } else {
      node.alias = first == '*';
      node.text = plain_text(rest());
      for (go_to(line_ + 1); !stopped() && static_cast<std::ptrdiff_t>(offset_) > parent &&
                             !node.alias && key_length(rest()) == 0 && !is_list_item(rest());
           go_to(line_ + 1)) {
        node.text += ' ' + plain_text(rest());
      }
    }
  }

  // What stands behind a value on its line can only be a comment.
  void end_line() {
    if (gave_up_ || lines_.at_end(line_)) {
      return;
    }
    const std::string_view behind = trim(rest());
    if (!behind.empty() && behind.front() != '#') {
      complain(here(), Message("nothing can stand here behind a value"));
    }
    go_to(line_ + 1);
  }

  void read_block_text(YamlNode& node, std::ptrdiff_t parent) {
    node.block = true;
    std::size_t indent = 0;
    for (const char c : rest().substr(0, 3)) {
      if (c >= '1' && c <= '9') {
        indent = static_cast<std::size_t>(std::max<std::ptrdiff_t>(parent, 0) + (c - '0'));
      }
    }
    std::size_t line = line_ + 1;
    bool begun = false;
    for (; !lines_.at_end(line); ++line) {
      const std::string_view content = lines_.content(line);
      const std::size_t own = indent_of(content);
      const bool blank = own == content.size();
      if (!blank && indent == 0) {
        indent = static_cast<std::ptrdiff_t>(own) > parent ? own : 1 + content.size();
      }
      if (!blank && (own < indent || (own == 0 && is_boundary(content)))) {
        break;
      }
      if (!std::exchange(begun, true)) {
        node.at = spot(line, 0);
      }
      node.text += std::string(content) + "\n";
    }
    go_to(line);
  }

  void read_quoted(YamlNode& node) {
    const char quote = rest().front();
    const std::size_t first_line = line_;
    ++offset_;
    node.at = here();
    while (true) {
      const std::string_view what = rest();
      const std::size_t end = end_of_quoted(what, quote);
      node.text += quoted_text(what.substr(0, end), quote);
      if (end < what.size()) {
        offset_ += end + 1;
        return;
      }
      if (lines_.at_end(line_ + 1)) {
        line_ = first_line;
        give_up(Message("this quote is not closed; the rest of the document was not read"));
        line_ = lines_.count();
        return;
      }
      ++line_;
      offset_ = indent_of(lines_.content(line_));
      node.text += ' ';
    }
  }

  // To the next character of what stands in braces; false: there is none.
  bool next_in_flow() {
    while (!lines_.at_end(line_)) {
      offset_ += indent_of(rest());
      const bool over = rest().empty() || (rest().front() == '#');
      if (!over) {
        return true;
      }
      ++line_;
      offset_ = 0;
    }
    return false;
  }

  void read_flow(YamlNode& node, std::size_t depth) {
    const std::size_t first_line = line_;
    if (!read_flow_value(node, depth) && !gave_up_) {
      if (lines_.at_end(line_)) {
        line_ = first_line;
        give_up(Message("this bracket is not closed; the rest of the document was not read"));
        line_ = lines_.count();
      } else {
        complain(here(), Message("this cannot stand within brackets"));
        offset_ = lines_.content(line_).size();
      }
    }
  }

  bool read_flow_value(YamlNode& node, std::size_t depth) {
    if (!may_add(depth) || !next_in_flow()) {
      return false;
    }
    skip_properties();
    node.at = here();
    if (rest().empty()) {
      return false;
    }
    if (rest().front() == '[' || (rest().front() == '{' && !rest().starts_with("{{"))) {
      return read_flow_entries(node, depth);
    }
    if (rest().front() == '"' || rest().front() == '\'') {
      read_quoted(node);
      return !gave_up_;
    }
    const std::size_t end = end_of_flow_text(rest());
    node.text = trim(rest().substr(0, end));
    node.alias = node.text.starts_with('*');
    offset_ += end;
    return true;
  }

  bool read_flow_entries(YamlNode& node, std::size_t depth) {
    const bool is_map = rest().front() == '{';
    const char close = is_map ? '}' : ']';
    node.kind = is_map ? YamlNode::Kind::map : YamlNode::Kind::list;
    ++offset_;
    while (next_in_flow()) {
      if (rest().front() == close) {
        ++offset_;
        return true;
      }
      if (rest().front() == ',') {
        ++offset_;
        continue;
      }
      YamlEntry& entry = node.entries.emplace_back();
      entry.at = here();
      const std::size_t line = line_;
      const std::size_t offset = offset_;
      if (!read_flow_value(entry.value, depth + 1) || !next_in_flow()) {
        return false;
      }
      if (is_map) {
        entry.key = std::exchange(entry.value, YamlNode{}).text;
        if (rest().front() == ':') {
          ++offset_;
          if (!next_in_flow() || (rest().front() != ',' && rest().front() != close &&
                                  !read_flow_value(entry.value, depth + 1))) {
            return false;
          }
        }
      }
      if (line == line_ && offset == offset_) {
        node.entries.pop_back();  // nothing was taken
        return false;
      }
    }
    return false;
  }

  YamlLines lines_;
  YamlText out_;
  std::size_t line_ = 0, offset_ = 0;
  std::size_t values_ = 0;
  bool boundary_ = false;  // at "---" or "..."
  bool gave_up_ = false;   // on this document
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find_if(
      entries.rbegin(), entries.rend(), [key](const YamlEntry& entry) { return entry.key == key; });
  return kind == Kind::map && found != entries.rend() ? &found->value : nullptr;
}

std::string_view YamlNode::text_of(std::string_view key) const {
  const YamlNode* node = find(key);
  return node != nullptr && node->is_text() && !node->alias ? std::string_view(node->text)
                                                            : std::string_view();
}

YamlText read_yaml(std::string_view text) { return Reader(text).read(); }

std::uint32_t characters(std::string_view line, std::size_t bytes) {
  const std::string_view part = line.substr(0, bytes);
  return static_cast<std::uint32_t>(std::ranges::count_if(
      part, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace whyoom::lint
