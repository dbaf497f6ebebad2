// `whyoom lint`
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/lint_files.h"
#include "base/human.h"
#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"
#include "diagnose/overcommit.h"
#include "lint/config.h"
#include "lint/judge.h"
#include "lint/report.h"
#include "memory/settings.h"
#include "memory/usual_machine.h"

namespace whyoom::app {

namespace {

enum class LintForm : std::uint8_t { text, json, sarif, github };

struct LintOptions : Options {
  std::vector<std::string> paths;
  std::string ram;     // "4G,64G"
  std::string ignore;  // ids of rules, with commas
  LintForm form = LintForm::text;
  lint::Format format = lint::Format::unknown;  // unknown: each file tells
  int fail_on = static_cast<int>(lint::Severity::warning);
};
constexpr int never = static_cast<int>(lint::Severity::error) + 1;

std::vector<std::string_view> parts(std::string_view list) {
  std::vector<std::string_view> result;
  while (!list.empty()) {
    if (const std::string_view part = trim(take_part(list, ',')); !part.empty()) {
      result.push_back(part);
    }
  }
  return result;
}

tl::expected<std::vector<memory::Machine>, std::string> machines_of(std::string_view sizes) {
  std::vector<memory::Machine> machines;
  for (const std::string_view part : parts(sizes)) {
    const auto ram = memory::parse_size(part, Bytes(1));
    if (!ram || *ram < diagnose::smallest_host || *ram > diagnose::largest_host) {
      return tl::unexpected(
          tr("--ram: \"{}\" is no size from 64M to 64T; write --ram 4G,64G", printable(part)));
    }
    machines.push_back(memory::usual_machine(*ram));
  }
  return machines;
}

// The first that is no rule's name, with a word on what was meant; empty: all are.
std::string unknown_rule(std::string_view list) {
  std::vector<std::string_view> ids;
  for (const lint::RuleInfo& rule : lint::all_rules()) {
    ids.push_back(rule.id);
  }
  for (const std::string_view part : parts(list)) {
    if (std::ranges::find(ids, part) == ids.end()) {
      return tr("--ignore: there is no rule \"{}\"{}", printable(part), did_you_mean(part, ids));
    }
  }
  return {};
}

// In a directory much has nothing to do with memory, and is not told to be strange.
bool is_about_settings(std::string_view text) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"sysctl", "/proc/sys/", "vm.", "vm/", "kernel.",
                                              "limits"},
      [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

void judge_file(const LintOptions& options, const LintFile& file,
                std::span<const memory::Machine> machines, lint::Report& report) {
  const bool about_settings = is_about_settings(file.text);
  if (!file.named && !about_settings) {
    return;
  }
  const lint::Format format = options.format != lint::Format::unknown
                                  ? options.format
                                  : lint::format_of(file.path, file.text);
  if (format == lint::Format::unknown) {
    if (file.named) {
      report.trouble.push_back(
          tr("{}: this is no format that lint knows; --as says which one it is",
             file.path == "-" ? tr("standard input") : printable(file.path)));
    }
    return;
  }
  lint::FileFindings& found = report.files.emplace_back();
  found.path = file.path;
  if (!about_settings && (format == lint::Format::yaml || format == lint::Format::shell)) {
    return;  // what else may be odd in it is none of our business
  }
  const lint::Config config = lint::read_config(format, file.text);
  found.findings = lint::judge(config, machines);
  std::erase_if(found.findings, [&options](const lint::Finding& finding) {
    return std::ranges::count(parts(options.ignore), lint::info_of(finding.rule).id) > 0;
  });
  report.settings += config.settings.size();
}

void write(const LintOptions& options, const lint::Report& report, Console& io) {
  switch (options.form) {
    case LintForm::text:
      io.out.write(report.files.empty() ? std::string() : lint::to_text(report));
      break;
    case LintForm::json:
      io.out.write(lint::to_json(report) + "\n");
      break;
    case LintForm::sarif:
      io.out.write(lint::to_sarif(report, WHYOOM_VERSION) + "\n");
      break;
    case LintForm::github:
      io.out.write(lint::to_github(report));
      break;
  }
}

int lint_files(const LintOptions& options, Console& io) {
  const auto machines = machines_of(options.ram);
  if (!machines) {
    return io.fail(machines.error());
  }
  if (const std::string why = unknown_rule(options.ignore); !why.empty()) {
    return io.fail(why);
  }
  LintFiles files = read_lint_files(options.paths);
  if (const auto entered = linux::enter_sandbox({}, options.sandbox); !entered) {
    return io.fail(entered.error());
  }
  lint::Report report;
  report.trouble = std::move(files.trouble);
  for (const LintFile& file : files.files) {
    judge_file(options, file, *machines, report);
  }
  write(options, report, io);
  io.out.flush();
  for (const std::string& what : report.trouble) {
    io.tell(what);
  }
  if (files.links > 0) {
    io.tell(tr("{} not followed, such as {}: name what is to be judged",
               plural(files.links, "symbolic link is", "symbolic links are"),
               printable(files.link)));
  }
  if (!report.trouble.empty()) {
    return trouble;
  }
  if (report.files.empty()) {
    return io.fail(
        tr("nothing to judge was found: no sysctl file, profile of tuned, playbook, "
           "manifest, cloud-init or script with settings"));
  }
  for (int severity = options.fail_on; severity < never; ++severity) {
    if (report.count(static_cast<lint::Severity>(severity)) > 0) {
      return events_found;
    }
  }
  return nothing_found;
}

}  // namespace

const Command lint_command{
    "lint", "whyoom lint [OPTIONS] FILE...|DIR...|-",
    "Judges configuration before it reaches a host.\n"
    "sysctl files, profiles of tuned, cloud-init, Ansible, Kubernetes and scripts: what their "
    "settings\nwould do on machines of the sizes of RAM that are given. Nothing is changed, and "
    "no host is read.",
    "SIZES: 4G,64G. FORMAT of --as: sysctl, tuned, yaml, shell. RULES: ids with commas, as a "
    "finding\nhas them in brackets.\n"
    "\nExit status: 0 nothing at or above --fail-on, 1 findings, 2 wrong use or a file that could "
    "not be read.\n"
    "\nExamples:\n"
    "  whyoom lint --ram 4G,64G /etc/sysctl.d\n"
    "  whyoom lint --format sarif --ram 8G deploy/ > lint.sarif\n"
    "  whyoom lint --fail-on error --ignore limit-lowered group_vars/all.yml\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<LintOptions>();
      flags.texts("FILE|DIR", options->paths, "The files, and folders with files", true);
      flags.text("--ram", "SIZES", options->ram, "RAM of the machines that it is for");
      flags.choice(
          "--fail-on", "SEVERITY",
          "Status 1 from here on: error, warning (default), note, or never",
          std::map<std::string, int>{{"error", 2}, {"warning", 1}, {"note", 0}, {"never", never}},
          options->fail_on);
      flags.text("--ignore", "RULES", options->ignore, "Leave out what these rules find");
      flags.choice("--as", "FORMAT", "Take the files for this, whatever they are called",
                   std::map<std::string, lint::Format>{{"sysctl", lint::Format::sysctl},
                                                       {"tuned", lint::Format::tuned},
                                                       {"yaml", lint::Format::yaml},
                                                       {"shell", lint::Format::shell}},
                   options->format);
      flags.choice("--format", "FORMAT", "text (default), json, sarif or github (annotations)",
                   std::map<std::string, LintForm>{{"text", LintForm::text},
                                                   {"json", LintForm::json},
                                                   {"sarif", LintForm::sarif},
                                                   {"github", LintForm::github}},
                   options->form);
      flags.sandbox(*options);
      return [options](Console& io) { return lint_files(*options, io); };
    }};

}  // namespace whyoom::app
