#include "base/language.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/fill.h"

namespace whyoom {
namespace {

struct Entry {
  const char* english;
  const char* chinese;
};

// The compiler reads the catalogue itself: an entry of a .po file is two words, each with literals.
// NOLINTBEGIN(readability-identifier-naming,cppcoreguidelines-macro-usage)
// clang-format off
#define msgid }, {
#define msgstr ,
constexpr Entry entries[] = {{"", ""
#ifndef __wasm__ // the page speaks English, and has to be small
#include "../../po/zh_CN.po"
#endif
}};
#undef msgid
#undef msgstr
// clang-format on
// NOLINTEND(readability-identifier-naming,cppcoreguidelines-macro-usage)

using Translation = std::pair<std::string_view, std::string_view>;

// Sorted when the first text is looked up: a process that speaks English never does.
const std::vector<Translation>& catalogue() {
  static const std::vector<Translation> sorted = [] {
    std::vector<Translation> all;
    for (const Entry& entry : entries) {
      if (*entry.english != '\0' && *entry.chinese != '\0') {
        all.emplace_back(entry.english, entry.chinese);
      }
    }
    std::ranges::sort(all);
    return all;
  }();
  return sorted;
}

Language current = Language::english;

}  // namespace

void set_language(Language language) { current = language; }
Language language() { return current; }

std::string_view language_tag(Language language) {
  return language == Language::chinese ? "zh-CN" : "en";
}

Language language_of_locale(std::string_view locale) {
  const std::size_t dot = locale.find('.');
  std::string codeset;
  if (dot != std::string_view::npos) {
    for (const char c : locale.substr(dot + 1, locale.find('@', dot) - dot - 1)) {
      if (c != '-') {
        codeset += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
    }
  }
  const std::string_view name = locale.substr(0, locale.find_first_of(".@"));
  const bool simplified = name == "zh" || name == "zh_CN" || name == "zh_SG" || name == "zh_Hans" ||
                          name.starts_with("zh_Hans_");
  return simplified && (codeset.empty() || codeset == "utf8") ? Language::chinese
                                                              : Language::english;
}

std::string_view translated(std::string_view english) {
  if (current == Language::english) {
    return english;
  }
  const auto found = std::ranges::lower_bound(catalogue(), english, {}, &Translation::first);
  return found != catalogue().end() && found->first == english ? found->second : english;
}

std::string translated_with(std::string_view english,
                            std::initializer_list<std::string_view> args) {
  const std::string_view pattern = translated(english);
  return fill::filled(pattern, args, current != Language::english && fill::has_chinese(pattern));
}

}  // namespace whyoom
