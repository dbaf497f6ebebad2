// `whyoom help`
#include <memory>
#include <string>

#include "app/command.h"

namespace whyoom::app {

const Command help_command{"help", "whyoom help [COMMAND]", "Prints the help of a command.",
                           "Examples:\n"
                           "  whyoom help\n"
                           "  whyoom help explain\n",
                           [](Flags& flags) -> Work {
                             const auto name = std::make_shared<std::string>();
                             flags.text("COMMAND", "", *name, "The command to read about");
                             return [name](Console& io) {
                               const auto text = help_of(*name, all_commands());
                               if (!text) {
                                 return io.fail(text.error());
                               }
                               io.out.write(*text);
                               return static_cast<int>(nothing_found);
                             };
                           }};

}  // namespace whyoom::app
