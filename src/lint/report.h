// What lint says, in the form that is asked for.
#pragma once

#include <string>
#include <vector>

#include "lint/finding.h"

namespace whyoom::lint {

struct FileFindings {
  std::string path;
  std::vector<Finding> findings;
};

struct Report {
  std::vector<FileFindings> files;   // all that were read
  std::size_t settings = 0;          // that were judged
  std::vector<std::string> trouble;  // what could not be read: whole sentences

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::size_t count(Severity severity) const;
};

std::string to_text(const Report& report);  // a compiler's lines: FILE:LINE:COLUMN: ..
std::string to_json(const Report& report);  // version 1, no newline at the end
// 2.1.0 of OASIS, for code scanning. Paths are relative to where it ran, or file URIs.
std::string to_sarif(const Report& report, std::string_view version);
std::string to_github(const Report& report);  // annotations of GitHub Actions

}  // namespace whyoom::lint
