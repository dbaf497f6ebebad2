// Which language the process speaks: --lang, then LC_ALL, LC_MESSAGES and LANG.
#pragma once

#include "app/words.h"
#include "base/language.h"

namespace whyoom::app {

// English where a program reads what is written (JSON, metrics) or it is kept (the recorder), and
// where the environment alone asks for what the kernel's console cannot show (TERM=linux).
Language language_for(const Words& words, const std::vector<CommandInfo>& table);
Language language_of_environment();

}  // namespace whyoom::app
