#include "render/fix.h"

#include "advise/diff.h"
#include "base/human.h"
#include "base/text.h"
#include "render/json_parts.h"
#include "render/phrase.h"

namespace whyoom::render {

namespace {

using advise::Change;
using advise::DiffLine;
using advise::FileEdit;
using advise::Plan;
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
    out.code(printable(file.path) + ": the file is removed", Paint::dim, 2);
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
    out.code(value.key.file() + ": " + printable(value.before) + " -> " + printable(value.after),
             Paint::bold, 2);
  }
}

std::string line_text(const SysctlLineEdit& line) {
  std::string place = printable(line.file) + ":" + std::to_string(line.line);
  switch (line.kind) {
    case SysctlLineEdit::Kind::set:
      return place + " is the line that decides.";
    case SysctlLineEdit::Kind::comment_out:
      return place + " would set it to " + printable(line.old_value) +
             " for one of the programs that read these files, so it becomes a comment.";
    case SysctlLineEdit::Kind::add:
      return line.new_file
                 ? printable(line.file) + " is new: no file that may be edited sets the key."
                 : place + " is new: no line of a file that may be edited sets the key.";
  }
  return place;
}

void write_effect(Document& out, const Plan& plan) {
  if (!plan.what_if) {
    return;
  }
  const memory::WhatIf& what_if = *plan.what_if;
  if (!what_if.zones.empty() && what_if.out_of_reach_before != what_if.out_of_reach_after) {
    out.text(
        "Free memory out of reach of an ordinary request: " + human(what_if.out_of_reach_before) +
        " now, " + human(what_if.out_of_reach_after) + " then.");
  }
  if (what_if.request && !what_if.request->passes_before) {
    out.text(what_if.request->passes_after
                 ? "An ordinary request fails now; then it passes."
                 : "An ordinary request fails now, and would still fail then.",
             what_if.request->passes_after ? Paint::plain : Paint::yellow);
  }
}

void write_after(Document& out, const Plan& plan) {
  const host::SysctlHistory& after = plan.sysctl.after;
  if (plan.sysctl.empty()) {
    return;
  }
  const std::string boot = after.value_after_boot().value_or("the kernel's default");
  if (boot == after.value_after_system().value_or("") &&
      boot == after.value_after_load().value_or("")) {
    out.text("After the next boot, `sysctl --system` and `sysctl -p` it is " + printable(boot) +
             ".");
    return;
  }
  out.text("After the next boot it is " + printable(boot) + ", after `sysctl --system` " +
           printable(after.value_after_system().value_or("unchanged")) + ", after `sysctl -p` " +
           printable(after.value_after_load().value_or("unchanged")) + ".");
}

bool running_stays(const Plan& plan) {
  return plan.running && plan.change.running.empty() &&
         !advise::same_sysctl_value(*plan.running, plan.wanted.value);
}

std::string headline(const Plan& plan) {
  const std::string& key = plan.wanted.key.dotted();
  const std::string value = printable(plan.wanted.value);
  if (running_stays(plan)) {
    return key + " stays " + printable(*plan.running) + " now; from the next boot on it is " +
           value;
  }
  if (plan.running && plan.change.running.empty()) {
    return key + " is " + value + " now; the next boot is made to keep it";
  }
  return key + ": " + (plan.running ? printable(*plan.running) + " -> " : "") + value;
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

void write_fix(JsonWriter& json, const Plan& plan, const FixResult& result) {
  const auto sentence = [](const Message& message) { return message.str(); };
  const std::string& value = plan.wanted.value;
  json("cause", text_or_null(plan.cause));
  json("key", plan.wanted.key.dotted());
  json("value", value);
  json("state", result.state);
  json("number", result.number == 0 ? std::nullopt : std::optional(result.number));
  json("why", text_or_null(result.why));
  json.object("running", [&] {
    json("before", plan.running);
    json("after", plan.change.running.empty() ? plan.running.value_or(value) : value);
  });
  json.list("edits", plan.sysctl.lines,
            [&](const SysctlLineEdit& line) { write_edit(json, line); });
  json.object("then", [&] {
    const host::SysctlHistory& after = plan.sysctl.after;
    json("boot", after.value_after_boot());
    json("sysctl_system", after.value_after_system());
    json("sysctl_p", after.value_after_load());
  });
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
  std::string head = headline(plan);
  const auto value = parse_number<std::uint64_t>(plan.wanted.value);
  if (value && plan.wanted.key == "vm.min_free_kbytes") {
    const Bytes size = to_bytes(KiB(*value));
    head += " (" + human(size) +
            (machine.ram ? ", " + percent(share(size, *machine.ram)) + " of RAM" : "") + ")";
  }
  out.text(head, Paint::bold);
  write_effect(out, plan);
  out.blank();
  write_change(out, plan.change);
  out.blank();
  for (const SysctlLineEdit& line : plan.sysctl.lines) {
    out.text(line_text(line));
  }
  write_after(out, plan);
  for (const Message& risk : plan.risks) {
    out.labelled("risk:", Paint::yellow, risk.str());
  }
  for (const Message& note : plan.notes) {
    out.labelled("note:", Paint::yellow, note.str());
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
