// The case files beside the causes, for tests: what a report must be found to be, and the report.
//
//   # comment
//   expect kind <kind of the event>
//   expect cause <id> root|contributing|consequence|refused
//   expect root <id>|undetermined
//   expect events <number of events in the log>
//   ---
//   the log, verbatim to the end of the file; or a host, as files:
//   == /proc/meminfo
//   its text
//   == /etc/sysctl.conf
//   ...
//
// A host has no `root`; its causes are risk, root or refused. All but `events` is said of the last
// event. `refused`: no finding of that cause, or ruled out.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_for_test.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "diagnose/event.h"
#include "diagnose/host_check.h"
#include "diagnose/story.h"
#include "host/memory_files_for_test.h"
#include "report/log_reader.h"

namespace whyoom::diagnose::cases {

struct Expectation {
  std::string cause;
  std::string role;
};

struct Case {
  std::string name;  // "cgroup-limit/near-miss"
  std::vector<Expectation> causes;
  std::string root;
  std::string kind, verdict;          // "" = not said
  bool whole = true;                  // else an excerpt
  std::optional<std::size_t> events;  // how many in the log
  std::string log;
  std::vector<std::string> errors;  // lines of the head that mean nothing
};

inline std::filesystem::path causes_folder() {
  return std::filesystem::path(WHYOOM_SOURCE_DIR) / "src" / "diagnose" / "causes";
}

inline bool is_role(std::string_view word) {
  return word == "root" || word == "contributing" || word == "consequence" || word == "refused" ||
         word == "risk";
}

// False when the line means nothing.
inline bool read_head_line(std::string_view line, Case& out) {
  if (line.empty() || line.front() == '#') {
    return true;
  }
  Cursor cursor(line);
  if (!cursor.take("expect ")) {
    return false;
  }
  const std::string_view key = cursor.take_word();
  cursor.skip_spaces();
  const std::string_view value = cursor.take_word();
  cursor.skip_spaces();
  if (key == "cause" && is_role(cursor.rest())) {
    out.causes.push_back({std::string(value), std::string(cursor.rest())});
    return true;
  }
  if (value.empty() || !cursor.at_end()) {
    return false;
  }
  if (key == "root") {
    out.root = value;
  } else if (key == "kind") {
    out.kind = value;
  } else if (key == "verdict") {
    out.verdict = value;
  } else if (key == "whole" && value == "no") {
    out.whole = false;
  } else if (key == "events") {
    out.events = parse_number<std::size_t>(value);
    return out.events.has_value();
  } else {
    return false;
  }
  return true;
}

inline Case parse_case(std::string name, std::string_view text) {
  Case out;
  out.name = std::move(name);
  while (!text.empty()) {
    const std::string_view line = take_part(text, '\n');
    if (line == "---") {
      out.log = text;
      return out;
    }
    if (!read_head_line(line, out)) {
      out.errors.emplace_back(line);
    }
  }
  out.errors.emplace_back("no line ---");
  return out;
}

inline Case load_case(const std::filesystem::path& path) {
  return parse_case(path.parent_path().filename().string() + "/" + path.stem().string(),
                    test::read_file(path));
}

inline bool is_host(std::string_view text) { return text.starts_with("== /"); }

// Every case of every cause, in order of the names: of a log, of a host, or both.
enum class Of : std::uint8_t { log, host, both };
inline std::vector<std::filesystem::path> case_paths(Of of = Of::log) {
  static const auto all = [] {
    std::vector<std::pair<std::filesystem::path, bool>> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(causes_folder())) {
      if (entry.path().extension() == ".case") {
        found.emplace_back(entry.path(), is_host(load_case(entry.path()).log));
      }
    }
    std::ranges::sort(found);
    return found;
  }();
  std::vector<std::filesystem::path> paths;
  for (const auto& [path, host] : all) {
    if (of == Of::both || host == (of == Of::host)) {
      paths.push_back(path);
    }
  }
  return paths;
}

// The way of `whyoom explain`, from text to verdicts.
inline std::vector<std::unique_ptr<Event>> explain_log(std::string_view log) {
  std::vector<std::unique_ptr<Event>> events;
  StoryBuilder story;
  report::LogReader reader("case.log", [&](report::Report&& report) {
    const StoryContext context = story.next(report);
    events.push_back(explain(std::move(report), context));
  });
  reader.feed(log);
  reader.finish();
  return events;
}

// "root", "contributing", "consequence", "risk", or "refused" when absent or ruled out.
inline std::string role_of(const std::vector<Finding>& findings, std::string_view cause) {
  for (const Finding& finding : findings) {
    if (finding.cause == cause && finding.role != Role::ruled_out) {
      return std::string(name(finding.role));
    }
  }
  return "refused";
}
inline std::string role_of(const Event& event, std::string_view cause) {
  return role_of(event.findings, cause);
}

// "0664 0:50": mode, owner and group.
inline std::optional<host::FileStatus> parse_status(std::string_view text) {
  Cursor words(text);
  const auto mode = parse_number<std::uint32_t>(words.take_word(), 8);
  words.skip_spaces();
  const auto uid = words.take_unsigned();
  const auto gid = words.take(':') ? words.take_unsigned() : std::nullopt;
  if (!mode || !uid || !gid || !words.at_end()) {
    return std::nullopt;
  }
  return host::FileStatus{static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*gid),
                          *mode};
}

// The files of a host case. A line "== /path -> /target" is a link; "== /path @ 0664 0:50" says
// the mode and who owns it; with a slash at the end of the path it is a directory.
inline host::MemoryFiles host_files(std::string_view text) {
  host::MemoryFiles files;
  std::string path;
  std::string contents;
  const auto end_file = [&] {
    if (const std::size_t at = path.find(" @ "); at != std::string::npos) {
      const auto status = parse_status(std::string_view(path).substr(at + 3));
      path.resize(at);
      const bool directory = path.ends_with('/');
      path.resize(path.size() - (directory ? 1 : 0));
      if (status) {
        files.set_status(path, *status);
      }
      if (directory) {
        files.add_directory(path);
        path.clear();
      }
    }
    if (const std::size_t arrow = path.find(" -> "); arrow != std::string::npos) {
      files.add_link(path.substr(0, arrow), path.substr(arrow + 4));
    } else if (!path.empty()) {
      files.add(path, contents);
    }
    contents.clear();
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line =
        text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(line.size());
    if (line.starts_with("== /")) {
      end_file();
      path = trim(line.substr(3));
    } else {
      contents += line;
    }
  }
  end_file();
  return files;
}

// The way of `whyoom check`.
inline std::unique_ptr<HostCheck> check_host(std::string_view text) {
  host::MemoryFiles files = host_files(text);
  return check(host::read_facts(files));
}

// One line for each finding, for a test's message.
inline std::string describe(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += "  " + std::string(name(finding.role)) + " " + std::string(finding.cause) + ": " +
            finding.summary.str() + "\n";
  }
  return text;
}
inline std::string describe(const Event& event) {
  return "root " + std::string(event.root_cause) + "\n" + describe(event.findings);
}

inline std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

}  // namespace whyoom::diagnose::cases
