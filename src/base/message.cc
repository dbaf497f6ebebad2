#include "base/message.h"

#include "base/fill.h"
#include "base/language.h"

namespace whyoom {

void Message::take(const Argument* given, std::size_t count) {
  args_.reserve(count);
  for (const Argument* arg = given; arg != given + count; ++arg) {
    if (arg->text.data() != nullptr) {
      args_.emplace_back(arg->text);
    } else {
      args_.push_back((arg->negative ? "-" : "") + std::to_string(arg->number));
    }
  }
}

std::string Message::str() const { return fill(translated(pattern_), args_); }

std::string Message::fill(std::string_view pattern, const std::vector<std::string>& args) {
  return whyoom::fill::filled(
      pattern, args, language() != Language::english && whyoom::fill::has_chinese(pattern));
}

}  // namespace whyoom
