#include "app/run.h"

#include <unistd.h>

#include <exception>
#include <new>
#include <string>

#include "app/capture.h"
#include "app/causes.h"
#include "app/check.h"
#include "app/cli.h"
#include "app/explain.h"
#include "app/fix.h"
#include "app/overview.h"
#include "app/undo.h"
#include "app/whatif.h"
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

// Its exit status tells what became of the machine, or of the capture, whoever could read of it.
bool changes_something(const Options& options) {
  switch (options.command) {
    case Command::fix:
      return !options.fix.list && !options.fix.dry_run && !options.fix.tool;
    case Command::undo:
      return !options.undo.dry_run;
    case Command::capture:
      return true;
    default:
      return false;
  }
}

// Output that could not be written is trouble for a command that only reads.
int end(int status, bool changed, linux::Output& out, linux::Output& errors) {
  out.flush();
  if (out.error().empty()) {
    return status;
  }
  errors.write("whyoom: cannot write the output: " + out.error() + "\n");
  if (changed && status == nothing_found) {
    errors.write("whyoom: the command itself is done; `whyoom fix --list` shows the fixes\n");
  }
  return changed ? status : trouble;
}

// `changed`: it did something to the machine, so its status tells of that.
int run_command(int argc, const char* const* argv, bool& changed, linux::Output& out,
                linux::Output& errors) {
  const auto options = parse_command_line(argc, argv);
  int status = nothing_found;
  if (!options) {
    (options.error().wrong_use ? errors : out).write(options.error().text);
    status = options.error().wrong_use ? trouble : nothing_found;
  } else if (options->command == Command::overview) {
    status = overview(options->overview, out, errors);
  } else if (options->command == Command::causes) {
    status = causes(options->causes, out, errors);
  } else if (options->command == Command::check) {
    status = check(options->check, out, errors);
  } else if (options->command == Command::capture) {
    status = capture(options->capture, errors);
  } else if (options->command == Command::fix) {
    status = fix(options->fix, command_line(argc, argv), out, errors);
  } else if (options->command == Command::undo) {
    status = undo(options->undo, out, errors);
  } else if (options->command == Command::what_if) {
    status = what_if(options->what_if, out, errors);
  } else {
    status = explain(options->explain, out, errors);
  }
  changed = options && changes_something(*options);
  return status;
}

}  // namespace

std::string out_of_memory() {
  const std::string_view file = linux::last_read();
  return "out of memory" +
         (file.empty() ? std::string()
                       : " while reading " +
                             (file == "-" ? std::string("standard input") : printable(file))) +
         "; give it more (ulimit -v, MemoryMax=) or less to read";
}

int run(int argc, const char* const* argv) {
  linux::ignore_broken_pipes();
  linux::Output out(STDOUT_FILENO);
  linux::Output errors(STDERR_FILENO, linux::Output::Kind::messages);
  if (!linux::hold_standard_descriptors()) {
    errors.write("whyoom: standard input, output or error is closed. Open it, or use /dev/null\n");
    return trouble;
  }
  int status = trouble;
  bool changed = false;
  // Nothing here throws of its own; this is the library's, when there is no memory.
  try {
    status = run_command(argc, argv, changed, out, errors);
  } catch (const std::bad_alloc&) {
    errors.write("whyoom: " + out_of_memory() + "\n");
  } catch (const std::exception& error) {
    errors.write("whyoom: a fault in whyoom while reading " + printable(linux::last_read()) + ": " +
                 printable(error.what()) + "\n");
  }
  return end(status, changed, out, errors);
}

}  // namespace whyoom::app
