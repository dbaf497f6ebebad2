// The text of one file on its way through a parser: line by line, each with its place, and a list
// for what was damaged. No parser of this layer fails: it keeps what it could read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/text.h"
#include "base/units.h"

namespace whyoom::host {

struct Damage {
  Place at{};
  std::string what;  // "expected a number, found 12x4"
};

class Lines {
 public:
  // How the last line may end. The kernel ends each line; one that does not was cut, and what it
  // says may be half a number. A person's file may lack the last newline.
  enum class End : std::uint8_t { kernel, person };

  Lines(std::string_view text, std::uint32_t source, std::vector<Damage>* damage,
        End end = End::kernel)
      : rest_(text), source_(source), damage_(damage), end_(end) {}

  // Moves to the next line; false at the end.
  bool next();
  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] Place place() const { return {source_, number_}; }

  // The current line is not what was expected. At most `most_damage` are kept for one text.
  void damaged(std::string_view expected, std::string_view found);

 private:
  static constexpr unsigned most_damage = 8;

  std::string_view rest_, line_;
  std::uint32_t source_;
  std::uint32_t number_ = 0;
  std::vector<Damage>* damage_;
  unsigned noted_ = 0;
  End end_;
};

// A line "key value", "key: value" or "key: value kB". Empty when the line has no such form.
struct KeyValue {
  std::string_view key;  // without the colon
  std::uint64_t value = 0;
  bool kb = false;
};
std::optional<KeyValue> key_value(std::string_view line);

// What a file of one value says. The value may be followed by a newline, by nothing else.
template <std::integral T>
Maybe<T> single_number(std::string_view text, std::uint32_t source, std::vector<Damage>* damage) {
  Lines lines(text, source, damage, Lines::End::person);
  if (!lines.next()) {
    return std::nullopt;
  }
  const auto value = parse_number<T>(trim(text));
  if (!value) {
    lines.damaged("a number", trim(text));
    return std::nullopt;
  }
  return Read<T>{*value, lines.place()};
}

// Takes `word` out of a line of words; empty at the end.
std::string_view next_word(std::string_view& rest);

// "b" is one of "a,b,c".
bool has_part(std::string_view list, std::string_view wanted);

// A field of a struct and the name by which a file calls it.
template <class Struct, class Value>
struct NamedField {
  std::string_view name;
  Maybe<Value> Struct::*member;
};
// Sets the field of that name, unless it is set: the first of two lines counts. False when there is
// none.
template <class Struct, class Value, std::size_t N>
bool set_field(Struct& into, const NamedField<Struct, Value> (&fields)[N], std::string_view name,
               const Read<Value>& read) {
  for (const auto& field : fields) {
    if (field.name == name) {
      Maybe<Value>& value = into.*field.member;
      value = value ? value : read;
      return true;
    }
  }
  return false;
}

}  // namespace whyoom::host
