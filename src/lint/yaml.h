// What configuration in YAML says, line by line: mappings, lists and texts with the places where
// they stand. A part of YAML 1.2, as much as manifests, playbooks and cloud-init use; JSON is a
// part of that. Anchors are not followed, so nothing grows; tags are passed over; what is nested
// deeper than 64 or has more than 200,000 values is given up. Nothing fails: what could not be read
// is listed, and reading goes on behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"

namespace whyoom::lint {

// Both from 1. Columns count characters, not bytes.
struct Spot {
  std::uint32_t line = 1, column = 1;
  friend bool operator==(const Spot&, const Spot&) = default;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { text, map, list };
  Kind kind = Kind::text;
  Spot at;             // its first character; of a block (| or >) the first line of the text
  bool block = false;  // a line of `text` is a line of the file then
  bool alias = false;  // *name: what that says is not looked up
  std::string text;
  std::vector<YamlEntry> entries;  // those of a list have no key

  [[nodiscard]] bool is_text() const { return kind == Kind::text; }
  // The value behind a key of a mapping; of several the last, as YAML's readers do. Null: none.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  // The text behind a key; empty: there is none.
  [[nodiscard]] std::string_view text_of(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  Spot at;  // of the key
  YamlNode value;
};

struct NotRead {
  Spot at;
  Message why;
};

struct YamlText {
  std::vector<YamlNode> documents;
  std::vector<NotRead> not_read;  // at most some; the last says that there are more
  Spot template_at;               // the first line that a template engine makes something of
  std::uint32_t template_lines = 0;
};

YamlText read_yaml(std::string_view text);

// How many characters the first `bytes` of a line are.
std::uint32_t characters(std::string_view line, std::size_t bytes);

}  // namespace whyoom::lint
