// The language of what people read. The sources are English; another language is a catalogue (po/)
// whose key is the English text, with {} where the arguments go. A text without a translation stays
// English.
//
// The language is one constant of the process, set before the first thread starts and before the
// first text is made. As a parameter it would go through all pure layers and every sentence, and no
// output has two languages: JSON is for programs, so a process that writes JSON speaks English.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace whyoom {

enum class Language : std::uint8_t { english, chinese };

void set_language(Language language);
Language language();

// "en", "zh-CN": what HTML calls it.
std::string_view language_tag(Language language);

// What a locale asks for: "zh_CN.UTF-8", "zh_SG", "zh", "zh_Hans_CN@pinyin" are Chinese. English
// for all else, and where the locale is not UTF-8, in which all output is.
Language language_of_locale(std::string_view locale);

// The text in the language of the process; `english` itself where there is no translation.
std::string_view translated(std::string_view english);

// The translated pattern with each {} replaced by the next argument, {1} by the first and so on.
std::string translated_with(std::string_view english, std::initializer_list<std::string_view> args);

// Marks a text or a pattern for the catalogue, and translates it.
inline std::string tr(std::string_view english) { return std::string(translated(english)); }
template <class... Args>
std::string tr(std::string_view pattern, const Args&... args) {
  return translated_with(pattern, {std::string_view(args)...});
}

}  // namespace whyoom
