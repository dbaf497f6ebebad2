#include "base/language.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/catalogue.h"
#include "base/fill.h"
#include "base/text.h"

namespace whyoom {
namespace {

#ifdef __wasm__

using Translation = std::pair<std::uint32_t, std::string_view>;

std::string texts;
std::vector<Translation> catalogue;  // sorted

std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash;
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) {
    number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

std::string_view chinese_of(std::string_view english) {
  const auto found = std::ranges::lower_bound(catalogue, hash_of(english), {}, &Translation::first);
  return found != catalogue.end() && found->first == hash_of(english) ? found->second : english;
}

#else

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
#include "../../po/zh_CN.po"
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

std::string_view chinese_of(std::string_view english) {
  const auto found = std::ranges::lower_bound(catalogue(), english, {}, &Translation::first);
  return found != catalogue().end() && found->first == english ? found->second : english;
}

#endif

Language current = Language::english;

}  // namespace

#ifdef __wasm__
void set_catalogue(std::string given) {
  texts = std::move(given);
  catalogue.clear();
  const std::string_view all = texts;
  const std::size_t count = all.size() < 4 ? 0 : number_at(all, 0);
  std::size_t at = 4 + 4 * count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = all.find('\0', at);
    if (end == std::string_view::npos) {
      break;
    }
    catalogue.emplace_back(number_at(all, 4 + 4 * i), all.substr(at, end - at));
    at = end + 1;
  }
  std::ranges::sort(catalogue);
}
#endif

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
        codeset += to_lower(c);
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
  return current == Language::english ? english : chinese_of(english);
}

std::string translated_with(std::string_view english,
                            std::initializer_list<std::string_view> args) {
  const std::string_view pattern = translated(english);
  return fill::filled(pattern, args, current != Language::english && fill::has_chinese(pattern));
}

}  // namespace whyoom
