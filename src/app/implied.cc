#include "app/implied.h"

#include <sys/stat.h>

#include <algorithm>

#include "app/language_choice.h"
#include "app/words.h"
#include "base/language.h"
#include "linux/standard_input.h"

namespace whyoom::app {

namespace {

bool names_a_file(const std::string& word) {
  struct stat info {};
  return word == "-" || word.find('/') != std::string::npos || ::stat(word.c_str(), &info) == 0;
}

// These are about a host, or about the program, whatever stands on standard input: what a line
// prints must not change its form with that.
bool is_about_a_host(const Words& words) {
  return std::ranges::any_of(words.options, [](const OptionWord& option) {
    return option.name == "--root" || (option.name == "--format" && option.value == "json") ||
           asks_for_help(option) || asks_for_version(option);
  });
}

Work unless_input_is_empty(Work explain, Work overview) {
  return [explain = std::move(explain), overview = std::move(overview)](Console& io) {
    if (wait_for_log(io)) {
      return explain(io);
    }
    io.tell(tr("standard input is empty, so this is about this machine"));
    io.errors.flush();
    return overview(io);
  };
}

// Data that is not read is worth a word: who piped it thinks that it was. It is looked for before
// the work, which may give up standard input (linux/sandbox.h).
Work telling_of_input(Work work) {
  return [work = std::move(work)](Console& io) {
    if (linux::input_is_waiting()) {
      io.tell(tr("standard input is not read; `whyoom explain -` explains a log that comes there"));
      io.errors.flush();
    }
    return work(io);
  };
}

}  // namespace

bool wait_for_log(Console& io) {
  return linux::wait_for_input([&io] {
    io.tell(tr(
        "waiting for a log on standard input; `whyoom explain --host` reads this machine's logs"));
    io.errors.flush();
  });
}

tl::expected<Work, Notice> parse_with_implied(int argc, const char* const* argv,
                                              const Commands& commands) {
  const auto table = describe(commands);
  const Words words = sort_words({argv + 1, argv + std::max(argc, 1)}, table);
  set_language(language_for(words, table));
  const bool nothing_named = words.command == 0 && words.operands.empty();
  const bool file = words.command == 0 && !nothing_named && names_a_file(words.operands.front());
  const bool piped = nothing_named && linux::input_is_piped();
  auto as_written = parse_command_line(argc, argv, table);
  if (piped && as_written && is_about_a_host(words)) {
    return telling_of_input(std::move(*as_written));
  }
  if (!file && (!piped || is_about_a_host(words))) {
    return as_written;
  }
  std::vector<const char*> with_explain(argv, argv + argc);
  with_explain.insert(with_explain.begin() + 1, "explain");
  auto explain =
      parse_command_line(static_cast<int>(with_explain.size()), with_explain.data(), table);
  if (file || !as_written) {
    return file || explain ? explain : as_written;
  }
  if (!explain) {
    return as_written;
  }
  return unless_input_is_empty(std::move(*explain), std::move(*as_written));
}

}  // namespace whyoom::app
