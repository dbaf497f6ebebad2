#include "render/fix.h"

#include "advise/diff.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/json_parts.h"
#include "render/phrase.h"

namespace whyoom::render {

namespace {

using advise::Change;
using advise::DiffLine;
using advise::FileEdit;
using advise::Plan;
using advise::PlannedSetting;
using advise::RunningEdit;
using advise::SysctlLineEdit;

void write_diff(Document& out, const std::vector<DiffLine>& lines) {
  using Kind = DiffLine::Kind;
  for (const DiffLine& line : lines) {
    const Paint paint = line.kind == Kind::head      ? Paint::bold
                        : line.kind == Kind::hunk    ? Paint::dim
                        : line.kind == Kind::removed ? Paint::red
                        : line.kind == Kind::added   ? Paint::green
                                                     : Paint::plain;
    const char* mark = line.kind == Kind::removed   ? "-"
                       : line.kind == Kind::added   ? "+"
                       : line.kind == Kind::context ? " "
                                                    : "";
    out.code(mark + line.text, paint, 2);
    if (line.no_newline) {
      out.code("\\ No newline at end of file", Paint::dim, 2);
    }
  }
}

void write_file(Document& out, const FileEdit& file) {
  const std::string nothing = "/dev/null";
  write_diff(out, advise::diff(file.before ? file.path : nothing, file.before.value_or(""),
                               file.after ? file.path : nothing, file.after.value_or("")));
  if (!file.after) {
    out.code(tr("{}: the file is removed", printable(file.path)), Paint::dim, 2);
  }
}

void write_change(Document& out, const Change& change) {
  for (const FileEdit& file : change.files) {
    write_file(out, file);
  }
  if (!change.files.empty() && !change.running.empty()) {
    out.blank();
  }
  for (const RunningEdit& value : change.running) {
    out.code(tr("{}: {} -> {}", value.key.file(), printable(value.before), printable(value.after)),
             Paint::bold, 2);
  }
}

std::string line_text(const SysctlLineEdit& line, const std::string& it, const std::string& key) {
  std::string place = printable(line.file) + ":" + std::to_string(line.line);
  switch (line.kind) {
    case SysctlLineEdit::Kind::set:
      return tr("{} is the line that decides{}.", place, it == key ? tr(" on {}", key) : "");
    case SysctlLineEdit::Kind::comment_out:
      return tr(
          "{} would set {} to {} for one of the programs that read these files, so it becomes a "
          "comment.",
          place, it, printable(line.old_value));
    case SysctlLineEdit::Kind::add:
      return line.new_file
                 ? tr("{} is new: no file that may be edited sets {}.", printable(line.file), key)
                 : tr("{} is new: no line of a file that may be edited sets {}.", place, key);
  }
  return place;
}

void write_effect(Document& out, const Plan& plan) {
  if (!plan.what_if) {
    return;
  }
  const memory::WhatIf& what_if = *plan.what_if;
  if (!what_if.zones.empty() && what_if.out_of_reach_before != what_if.out_of_reach_after) {
    out.text(tr("Free memory out of reach of an ordinary request: {} now, {} then.",
                human(what_if.out_of_reach_before), human(what_if.out_of_reach_after)));
  }
  if (what_if.request && !what_if.request->passes_before) {
    out.text(what_if.request->passes_after
                 ? tr("An ordinary request fails now; then it passes.")
                 : tr("An ordinary request fails now, and would still fail then."),
             what_if.request->passes_after ? Paint::plain : Paint::yellow);
  }
}

void write_after(Document& out, const PlannedSetting& setting, const std::string& it) {
  const host::SysctlHistory& after = setting.sysctl.after;
  if (setting.sysctl.empty()) {
    return;
  }
  const std::string boot = after.value_after_boot().value_or(tr("the kernel's default"));
  if (boot == after.value_after_system().value_or("") &&
      boot == after.value_after_load().value_or("")) {
    out.text(tr("After the next boot, `sysctl --system` and `sysctl -p` {} is {}.", it,
                printable(boot)));
    return;
  }
  out.text(tr("After the next boot {} is {}, after `sysctl --system` {}, after `sysctl -p` {}.", it,
              printable(boot), printable(after.value_after_system().value_or(tr("unchanged"))),
              printable(after.value_after_load().value_or(tr("unchanged")))));
}

std::string headline(const PlannedSetting& setting) {
  const std::string& key = setting.wanted.key.dotted();
  const std::string value = printable(setting.wanted.value);
  if (!setting.changes()) {
    return tr("{} is {} already, now and after the next boot", key, value);
  }
  if (setting.running && !setting.sets_running && setting.is_new()) {
    return tr("{} stays {} now; from the next boot on it is {}", key, printable(*setting.running),
              value);
  }
  if (setting.running && !setting.sets_running) {
    return tr("{} is {} now; the next boot is made to keep it", key, value);
  }
  if (setting.running) {
    return tr("{}: {} -> {}", key, printable(*setting.running), value);
  }
  const auto boot = setting.sysctl.before.value_after_boot();
  return tr("{} from the next boot on: {}{}", key, boot ? printable(*boot) + " -> " : "", value);
}

void write_headline(Document& out, const PlannedSetting& setting, const memory::Machine& machine) {
  std::string head = headline(setting);
  const auto value = parse_number<std::uint64_t>(setting.wanted.value);
  if (value && setting.wanted.key == "vm.min_free_kbytes") {
    const Bytes size = to_bytes(KiB(*value));
    head += tr(" ({}{})", human(size),
               machine.ram ? tr(", {} of RAM", percent(share(size, *machine.ram))) : "");
  }
  out.text(head, Paint::bold);
}

void write_edit(JsonWriter& json, const SysctlLineEdit& line) {
  const bool added = line.kind == SysctlLineEdit::Kind::add;
  json("kind", line.kind == SysctlLineEdit::Kind::set ? "set" : added ? "add" : "comment-out");
  json("file", line.file);
  json("line", line.line);
  json("before", added ? std::nullopt : std::optional(line.before));
  json("after", line.after);
  json("new_file", line.new_file);
}

void write_setting(JsonWriter& json, const PlannedSetting& setting) {
  json("key", setting.wanted.key.dotted());
  json("value", setting.wanted.value);
}

void write_running(JsonWriter& json, const PlannedSetting& setting) {
  json.object("running", [&] {
    const std::string& value = setting.wanted.value;
    json("before", setting.running);
    json("after", setting.sets_running ? value : setting.running.value_or(value));
  });
}

void write_then(JsonWriter& json, const PlannedSetting& setting) {
  json.object("then", [&] {
    const host::SysctlHistory& after = setting.sysctl.after;
    json("boot", after.value_after_boot());
    json("sysctl_system", after.value_after_system());
    json("sysctl_p", after.value_after_load());
  });
}

// One setting stands in the object itself. Of several the first does, for readers that know of no
// more, and `settings` has each.
void write_fix(JsonWriter& json, const Plan& plan, const FixResult& result) {
  const auto sentence = [](const Message& message) { return message.str(); };
  const auto edit = [&](const SysctlLineEdit& line) { write_edit(json, line); };
  const PlannedSetting& first = plan.settings.front();
  json("cause", text_or_null(plan.cause));
  write_setting(json, first);
  json("state", result.state);
  json("number", result.number == 0 ? std::nullopt : std::optional(result.number));
  json("why", text_or_null(result.why));
  write_running(json, first);
  std::vector<SysctlLineEdit> lines;
  for (const PlannedSetting& setting : plan.settings) {
    lines.insert(lines.end(), setting.sysctl.lines.begin(), setting.sysctl.lines.end());
  }
  json.list("edits", lines, edit);
  write_then(json, first);
  if (plan.settings.size() > 1) {
    json.list("settings", plan.settings, [&](const PlannedSetting& setting) {
      write_setting(json, setting);
      write_running(json, setting);
      json.list("edits", setting.sysctl.lines, edit);
      write_then(json, setting);
    });
  }
  json.object("what_if", plan.what_if,
              [&](const memory::WhatIf& what_if) { write_change(json, what_if); });
  json("kills_from",
       plan.kills_from ? std::optional(plan.kills_from->value.count()) : std::nullopt);
  json.values("risks", plan.risks, sentence);
  json.values("notes", plan.notes, sentence);
}

}  // namespace

Document plan_document(const Plan& plan, const memory::Machine& machine) {
  Document out;
  if (plan.change.empty()) {
    return out;
  }
  for (const PlannedSetting& setting : plan.settings) {
    write_headline(out, setting, machine);
  }
  write_effect(out, plan);
  out.blank();
  write_change(out, plan.change);
  out.blank();
  const bool one = plan.settings.size() == 1;
  for (const PlannedSetting& setting : plan.settings) {
    const std::string& key = setting.wanted.key.dotted();
    const std::string it = one ? tr("it") : key;
    for (const SysctlLineEdit& line : setting.sysctl.lines) {
      out.text(line_text(line, it, one ? tr("the key") : key));
    }
    write_after(out, setting, it);
  }
  for (const Message& risk : plan.risks) {
    out.labelled(tr("risk:"), Paint::yellow, risk.str());
  }
  for (const Message& note : plan.notes) {
    out.labelled(tr("note:"), Paint::yellow, note.str());
  }
  return out;
}

Document change_document(const Change& change) {
  Document out;
  write_change(out, change);
  return out;
}

Document diff_document(std::string_view before_name, std::string_view before,
                       std::string_view after_name, std::string_view after) {
  Document out;
  write_diff(out, advise::diff(before_name, before, after_name, after));
  return out;
}

std::string json_plan(const Plan* plan, const FixResult& result) {
  JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.object("fix", plan, [&](const Plan& made) { write_fix(json, made, result); });
  });
  return json.take();
}

}  // namespace whyoom::render
