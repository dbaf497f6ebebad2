// The pieces of a line of YAML.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace whyoom::lint {

// The lines of a text, without what ends them.
class YamlLines {
 public:
  explicit YamlLines(std::string_view text);

  [[nodiscard]] std::size_t count() const { return lines_.size(); }
  [[nodiscard]] bool at_end(std::size_t line) const { return line >= lines_.size(); }
  // Empty behind the end.
  [[nodiscard]] std::string_view content(std::size_t line) const {
    return at_end(line) ? std::string_view() : lines_[line];
  }

 private:
  std::vector<std::string_view> lines_;
};

// Bytes of blanks at the beginning.
std::size_t indent_of(std::string_view line);
// "---" and "...", with something behind it or not.
bool is_boundary(std::string_view line);
// "- x", or "-" alone.
bool is_list_item(std::string_view text);
// A line that is nothing but {{ .. }} or {% .. %}.
bool is_template_line(std::string_view text);
// Of the key with which the text begins, quotes included; 0: it does not begin with "KEY:".
std::size_t key_length(std::string_view text);

// A text without quotes, up to a comment.
std::string plain_text(std::string_view text);
// The same within brackets; {{ }} belongs to it.
std::size_t end_of_flow_text(std::string_view text);

// Where the quote closes; the size of the text: it does not on this line.
std::size_t end_of_quoted(std::string_view text, char quote);
// What it says, the quotes left out.
std::string quoted_text(std::string_view text, char quote);
// Of a key, which may have quotes.
std::string unquoted(std::string_view text);

}  // namespace whyoom::lint
