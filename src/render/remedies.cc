#include "render/remedies.h"

#include <algorithm>
#include <tuple>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/phrase.h"

namespace whyoom::render {

namespace {

std::string setting_text(const memory::SettingChange& setting) {
  return setting.key + "=" + value_text(setting.key, setting.after);
}

// What stands for a remedy that is no setting.
std::string assumed_text(const memory::WhatIf& what_if) {
  std::string text;
  for (const memory::SettingChange& setting : what_if.settings) {
    const auto bytes = parse_number<std::uint64_t>(setting.after);
    text += (text.empty() ? "" : tr(" and ")) +
            (bytes && setting.key == "ram"          ? tr("{} of RAM", human(Bytes(*bytes)))
             : bytes && setting.key == "memory.max" ? tr("a limit of {}", human(Bytes(*bytes)))
                                                    : setting_text(setting));
  }
  return text;
}

// "this request would have passed, 717 MiB more within its reach"; empty when nothing is known.
std::string what_if_result(const memory::WhatIf& what_if) {
  std::vector<std::string> parts;
  if (what_if.fate_after && what_if.settings.size() == 1) {
    parts.emplace_back(*what_if.fate_after == memory::Fate::kill
                           ? tr("the kernel would have killed a process")
                           : tr("the kernel would have panicked"));
  } else if (what_if.request && !what_if.request->passes_before) {
    parts.emplace_back(what_if.request->passes_after ? tr("this request would have passed")
                                                     : tr("this request would still have failed"));
  }
  if (what_if.within_reach_after > what_if.within_reach_before) {
    parts.push_back(tr("{} more within its reach",
                       human(what_if.within_reach_after - what_if.within_reach_before)));
  }
  return parts.empty() ? "" : parts.front() + (parts.size() > 1 ? tr(", {}", parts.back()) : "");
}

// "with vm.min_free_kbytes=45056 at this moment: this request would have passed, .."
std::string what_if_text(const memory::WhatIf& what_if) {
  const std::string result = what_if_result(what_if);
  std::string text = tr("with ");
  for (const auto& setting : what_if.settings) {
    text += (&setting == what_if.settings.data() ? "" : " ") + setting_text(setting);
  }
  return result.empty() ? "" : tr("{} at this moment: {}", text, result);
}

}  // namespace

std::vector<Fix> fixes(std::span<const diagnose::Finding> findings, bool restarted) {
  std::vector<Fix> result;
  // Two findings may give the same advice; it is said once.
  std::vector<std::string> seen;
  const auto first_time = [&seen](const std::string& text) {
    const bool known = std::ranges::find(seen, text) != seen.end();
    seen.push_back(text);
    return !known;
  };
  for (const auto& finding : findings) {
    if (finding.role == diagnose::Role::ruled_out) {
      continue;
    }
    for (const auto& remedy : finding.remedies) {
      Fix fix;
      fix.cause = finding.role == diagnose::Role::root ? "" : printable(finding.cause);
      fix.title = clean(remedy.title);
      if (remedy.what_if) {
        fix.effect = printable(what_if_text(*remedy.what_if));
        fix.result = printable(what_if_result(*remedy.what_if));
        fix.with = remedy.assume.empty() ? tr("it") : printable(assumed_text(*remedy.what_if));
      }
      fix.gives = remedy.gives;
      // What its effect does not say.
      const auto& what_if = remedy.what_if;
      if (remedy.gives &&
          !(what_if && what_if->within_reach_after > what_if->within_reach_before)) {
        fix.title += tr(": up to {}", human(*remedy.gives));
      }
      for (const ShellCommand& command : remedy.commands) {
        if (!(restarted && diagnose::is_about_running_processes(command)) &&
            first_time(command.text())) {
          fix.commands.push_back(command.text());
        }
      }
      const bool new_title = first_time(fix.title);
      if (!fix.commands.empty() || ((remedy.commands.empty() || restarted) && new_title)) {
        result.push_back(std::move(fix));
      }
    }
  }
  std::ranges::stable_sort(result, [](const Fix& a, const Fix& b) {
    return std::tuple(!a.cause.empty(), b.gives) < std::tuple(!b.cause.empty(), a.gives);
  });
  return result;
}

void add_fixes(Document& out, std::span<const Fix> list, Detail detail) {
  for (const Fix& fix : list) {
    const std::string title = fix.cause.empty() ? fix.title : tr("{} ({})", fix.title, fix.cause);
    if (!title.empty()) {
      out.text(title, detail.page ? Paint::bold : Paint::plain, detail.page ? 0 : 2, 2);
    }
    for (const std::string& command : fix.commands) {
      out.code(command);
    }
    if (!fix.effect.empty()) {
      out.text(fix.effect, Paint::dim, 4, 2);
    }
  }
}

}  // namespace whyoom::render
