// JSON as it is written: member after member, in order, on one line or indented by 2. Whoever
// writes keeps no tree of it; text comes out printable(), sizes in bytes, what is not known as
// null.
//
//   json.document([&] {
//     json("kind", "oom-kill");
//     json.list("victims", victims, [&](const Victim& victim) { json("pid", victim.pid); });
//   });
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/units.h"

namespace whyoom::render {

// The name of a member as the program spells it: it was looked at when the program was compiled.
class JsonKey {
 public:
  template <std::size_t N>
  consteval JsonKey(const char (&text)[N]) : text_(text, N - 1) {
    for (const char c : text_) {
      if (c < ' ' || c > '~' || c == '"' || c == '\\') {
        std::abort();  // cannot be reached: a name that needs an escape does not compile
      }
    }
  }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

class JsonWriter {
 public:
  // `depth`: of the place in a document that the text is for; its first line has no margin.
  explicit JsonWriter(bool indented, std::size_t depth = 0) : indented_(indented), depth_(depth) {}

  // What was written since the last time.
  [[nodiscard]] std::string take();

  template <class T>
  void operator()(JsonKey key, const T& value) {
    begin_member(key);
    write(value);
  }
  // Of a name that is not the program's own, as those of a cgroup's counters are.
  template <class T>
  void named(std::string_view key, const T& value) {
    begin_member(key);
    write(value);
  }
  template <class Members>
  void named_object(std::string_view key, const Members& members) {
    begin_member(key);
    braces('{', '}', members);
  }
  // A whole number as one: 802889728, not 802889728.0.
  void number(JsonKey key, std::optional<double> value);
  // An element of an array.
  template <class T>
  void value(const T& value) {
    begin_value();
    write(value);
  }
  // JSON text that another writer made.
  void raw(JsonKey key, std::string_view text);
  void raw(std::string_view text);

  template <class Members>
  void document(const Members& members) {
    braces('{', '}', members);
  }
  template <class Members>
  void object(const Members& members) {
    begin_value();
    braces('{', '}', members);
  }
  template <class Members>
  void object(JsonKey key, const Members& members) {
    begin_member(key);
    braces('{', '}', members);
  }
  // Of what a pointer or an optional holds; null without.
  template <class Optional, class Members>
  void object(JsonKey key, const Optional& thing, const Members& members) {
    begin_member(key);
    if (thing) {
      braces('{', '}', [&] { members(*thing); });
    } else {
      write(nullptr);
    }
  }
  template <class Elements>
  void array(JsonKey key, const Elements& elements) {
    begin_member(key);
    braces('[', ']', elements);
  }
  // An object for each.
  template <class Range, class Members>
  void list(JsonKey key, const Range& range, const Members& members) {
    array(key, [&] {
      for (const auto& each : range) {
        object([&] { members(each); });
      }
    });
  }
  // A value for each.
  template <class Range, class Value>
  void values(JsonKey key, const Range& range, const Value& value_of) {
    array(key, [&] {
      for (const auto& each : range) {
        value(value_of(each));
      }
    });
  }

  // For a document that is written in steps.
  void begin_object() { open('{'); }
  void begin_array(JsonKey key);
  void end(char brace);

 private:
  template <class Inside>
  void braces(char left, char right, const Inside& inside) {
    open(left);
    inside();
    end(right);
  }
  void open(char brace);
  void begin_value();  // the comma and the line before it
  void begin_member(JsonKey key);
  void begin_member(std::string_view key);

  // Where so many characters can be written; put() and `size_` count those that were.
  char* room(std::size_t most) {
    if (capacity_ - size_ < most) {
      grow(most);
    }
    return out_.get() + size_;
  }
  void grow(std::size_t most);
  void put(std::string_view text) {
    std::char_traits<char>::copy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void put(char one) {
    *room(1) = one;
    ++size_;
  }
  void put_quoted(std::string_view text);
  void put_margin();

  void write(std::nullptr_t) { put("null"); }
  void write(std::string_view text);
  void write(const char* text) { write(std::string_view(text)); }
  void write(const std::string& text) { write(std::string_view(text)); }
  void write(double value);  // null for what is no finite number
  void write(Bytes size) { write(size.count()); }
  void write(KiB size) { write(to_bytes(size)); }
  template <std::integral T>
  void write(T value) {
    if constexpr (std::same_as<T, bool>) {
      put(value ? "true" : "false");
    } else {
      constexpr std::size_t most_digits = 24;
      char* const at = room(most_digits);
      size_ += static_cast<std::size_t>(std::to_chars(at, at + most_digits, value).ptr - at);
    }
  }
  template <class T>
  void write(const std::optional<T>& value) {
    value ? write(*value) : write(nullptr);
  }
  template <class T>
  void write(const Read<T>& value) {
    write(value.value);
  }
  void write(const std::vector<std::string>& list) {
    braces('[', ']', [&] {
      for (const std::string& text : list) {
        value(text);
      }
    });
  }

  bool indented_;
  std::size_t depth_;
  bool first_ = true;  // in its object or array
  // A document is thousands of small pieces: each is written where there is room already.
  std::unique_ptr<char[]> out_;
  std::size_t size_ = 0, capacity_ = 0;
};

// Empty text is what is not known.
inline std::optional<std::string_view> text_or_null(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace whyoom::render
