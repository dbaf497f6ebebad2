// The files that `whyoom lint` looks at, read as a whole: a configuration file is small.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace whyoom::app {

struct LintFile {
  std::string path;  // "-" = standard input
  std::string text;
  bool named = false;  // on the command line, and not found in a directory
};

struct LintFiles {
  std::vector<LintFile> files;
  std::vector<std::string> trouble;  // what could not be read: whole sentences
  std::size_t links = 0;             // in directories, that were not followed
  std::string link{};                // the first of them
};

// Files as they are named; of a directory, in the order of names, those below it that can be
// configuration by their names. Hidden directories are passed over, and symbolic links are not
// followed.
LintFiles read_lint_files(const std::vector<std::string>& paths);

}  // namespace whyoom::app
