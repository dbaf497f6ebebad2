
#include <unistd.h>

#include <exception>
#include <new>
#include <string>

#include "app/command.h"
#include "app/implied.h"
#include "app/language_choice.h"
#include "base/language.h"
#include "base/text.h"
#include "linux/now_reading.h"
#include "linux/output.h"

namespace whyoom::app {

namespace {

std::string command_line(int argc, const char* const* argv) {
  std::string text = "whyoom";
  for (int i = 1; i < argc; ++i) {
    text += std::string(" ") + argv[i];
  }
  return text;
}

// Output that could not be written is trouble for a command that only reads.
int end(int status, Console& io) {
  io.out.flush();
  if (io.out.error().empty()) {
    return status;
  }
  io.tell(tr("cannot write the output: {}", io.out.error()));
  if (io.changes && status == nothing_found) {
    io.tell(tr("the command itself is done; `whyoom fix --list` shows the fixes"));
  }
  return io.changes ? status : trouble;
}

int run_command(int argc, const char* const* argv, Console& io) {
  const auto work = parse_with_implied(argc, argv, all_commands());
  if (work) {
    return (*work)(io);
  }
  (work.error().wrong_use ? io.errors : io.out).write(work.error().text);
  return work.error().wrong_use ? trouble : nothing_found;
}

}  // namespace

const Commands& all_commands() {
  static const Commands commands = {
      &overview_command, &explain_command,    &check_command,   &what_if_command, &fix_command,
      &undo_command,     &lint_command,       &capture_command, &watch_command,   &summary_command,
      &play_command,     &history_command,    &serve_command,   &config_command,  &causes_command,
      &mcp_command,      &completion_command, &help_command,    &manual_command,  &metrics_command};
  return commands;
}

std::string out_of_memory() {
  const std::string_view file = linux::last_read();
  return tr("out of memory{}; give it more (ulimit -v, MemoryMax=) or less to read",
            file.empty()
                ? std::string()
                : tr(" while reading {}", file == "-" ? tr("standard input") : printable(file)));
}

int run(int argc, const char* const* argv) {
  set_language(language_of_environment());  // until the command line is known
  linux::ignore_signals_of_writing();
  linux::Output out(STDOUT_FILENO);
  linux::Output errors(STDERR_FILENO, linux::Output::Kind::messages);
  Console io{out, errors, command_line(argc, argv)};
  if (!linux::hold_standard_descriptors()) {
    return io.fail(tr("standard input, output or error is closed. Open it, or use /dev/null"));
  }
  int status = trouble;
  // Nothing here throws of its own; this is the library's, when there is no memory.
  try {
    status = run_command(argc, argv, io);
  } catch (const std::bad_alloc&) {
    io.tell(out_of_memory());
  } catch (const std::exception& error) {
    io.tell(tr("a fault in whyoom while reading {}: {}", printable(linux::last_read()),
               printable(error.what())));
  }
  return end(status, io);
}

}  // namespace whyoom::app
