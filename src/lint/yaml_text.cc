#include "lint/yaml_text.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::lint {

YamlLines::YamlLines(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take_part(text, '\n');
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines_.push_back(line);
  }
  if (!lines_.empty() && lines_.front().starts_with("\xef\xbb\xbf")) {
    lines_.front().remove_prefix(3);
  }
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

bool is_boundary(std::string_view line) {
  return (line.starts_with("---") || line.starts_with("...")) &&
         (line.size() == 3 || is_space(line[3]));
}

bool is_list_item(std::string_view text) {
  return text.starts_with('-') && (text.size() == 1 || is_space(text[1]));
}

bool is_template_line(std::string_view text) {
  text = trim(text);
  return (text.starts_with("{{") && text.ends_with("}}")) ||
         (text.starts_with("{%") && text.ends_with("%}"));
}

std::size_t key_length(std::string_view text) {
  std::size_t end = 0;
  if (text.empty() || std::string_view("[{#|>@`,]}%").find(text.front()) != text.npos) {
    return 0;
  }
  if (text.front() == '"' || text.front() == '\'') {
    end = end_of_quoted(text.substr(1), text.front()) + 2;
    if (end > text.size()) {
      return 0;
    }
    const std::size_t colon = end + indent_of(text.substr(end));
    const bool is_key = colon < text.size() && text[colon] == ':' &&
                        (colon + 1 == text.size() || is_space(text[colon + 1]));
    return is_key ? end : 0;
  }
  for (; end < text.size(); ++end) {
    if (text[end] == ':' && (end + 1 == text.size() || is_space(text[end + 1]))) {
      return trim_right(text.substr(0, end)).size();
    }
    if (text[end] == '#' && end > 0 && is_space(text[end - 1])) {
      return 0;
    }
  }
  return 0;
}

std::string plain_text(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '#' && is_space(text[i - 1])) {
      text = text.substr(0, i);
    }
  }
  return std::string(trim(text));
}

std::size_t end_of_flow_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("{{")) {
      const std::size_t close = text.find("}}", i);
      if (close == std::string_view::npos) {
        return text.size();
      }
      i = close + 1;
      continue;
    }
    const bool colon = text[i] == ':' && (i + 1 == text.size() || is_space(text[i + 1]) ||
                                          text[i + 1] == ',' || text[i + 1] == '}');
    const bool comment = text[i] == '#' && i > 0 && is_space(text[i - 1]);
    if (colon || comment || std::string_view(",[]{}").find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return text.size();
}

std::size_t end_of_quoted(std::string_view text, char quote) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) {
        return i;
      }
      ++i;  // '' is one '
    }
  }
  return text.size();
}

std::string quoted_text(std::string_view text, char quote) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = quote == '"' && text[i] == '\\' && i + 1 < text.size();
    if (escaped) {
      ++i;
      result += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
    } else {
      result += text[i];
      i += quote == '\'' && text.substr(i).starts_with("''") ? 1 : 0;
    }
  }
  return result;
}

std::string unquoted(std::string_view text) {
  const bool has = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                   text.back() == text.front();
  return has ? quoted_text(text.substr(1, text.size() - 2), text.front()) : std::string(text);
}

}  // namespace whyoom::lint
