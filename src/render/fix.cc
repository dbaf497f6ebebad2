#include "render/fix.h"

#include "advise/diff.h"
#include "base/human.h"
#include "base/text.h"
#include "render/json_parts.h"
#include "render/layout.h"
#include "render/phrase.h"

namespace whyoom::render {

namespace {

using advise::Change;
using advise::DiffLine;
using advise::FileEdit;
using advise::Plan;
using advise::RunningEdit;
using advise::SysctlLineEdit;

// Tabs stay: files have them, and they do no harm.
std::string line_of_file(std::string_view text) {
  std::string shown;
  for (std::size_t tab = text.find('\t'); tab != std::string_view::npos; tab = text.find('\t')) {
    shown += printable(text.substr(0, tab)) + "\t";
    text.remove_prefix(tab + 1);
  }
  return shown + printable(text);
}

void write_diff(Canvas& out, const std::vector<DiffLine>& lines) {
  for (const DiffLine& line : lines) {
    const std::string text = line_of_file(line.text);
    switch (line.kind) {
      case DiffLine::Kind::head:
        out.verbatim(text, Paint::bold, 2);
        break;
      case DiffLine::Kind::hunk:
        out.verbatim(text, Paint::dim, 2);
        break;
      case DiffLine::Kind::removed:
        out.verbatim("-" + text, Paint::red, 2);
        break;
      case DiffLine::Kind::added:
        out.verbatim("+" + text, Paint::green, 2);
        break;
      case DiffLine::Kind::context:
        out.verbatim(" " + text, Paint::plain, 2);
        break;
    }
    if (line.no_newline) {
      out.verbatim("\\ No newline at end of file", Paint::dim, 2);
    }
  }
}

void write_file(Canvas& out, const FileEdit& file) {
  const std::string nothing = "/dev/null";
  write_diff(out, advise::diff(file.before ? file.path : nothing, file.before.value_or(""),
                               file.after ? file.path : nothing, file.after.value_or("")));
  if (!file.after) {
    out.verbatim(printable(file.path) + ": the file is removed", Paint::dim, 2);
  }
}

void write_change(Canvas& out, const Change& change) {
  for (const FileEdit& file : change.files) {
    write_file(out, file);
  }
  if (!change.files.empty() && !change.running.empty()) {
    out.blank();
  }
  for (const RunningEdit& value : change.running) {
    out.verbatim(
        value.key.file() + ": " + printable(value.before) + " -> " + printable(value.after),
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

void write_effect(Canvas& out, const Plan& plan) {
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

void write_after(Canvas& out, const Plan& plan) {
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

Json edit_json(const SysctlLineEdit& line) {
  const char* kind = line.kind == SysctlLineEdit::Kind::set           ? "set"
                     : line.kind == SysctlLineEdit::Kind::comment_out ? "comment-out"
                                                                      : "add";
  return {{"kind", kind},
          {"file", text(line.file)},
          {"line", line.line},
          {"before", line.kind == SysctlLineEdit::Kind::add ? Json(nullptr) : text(line.before)},
          {"after", text(line.after)},
          {"new_file", line.new_file}};
}

Json messages_json(const std::vector<Message>& messages) {
  Json list = Json::array();
  for (const Message& message : messages) {
    list.push_back(clean(message));
  }
  return list;
}

}  // namespace

std::string text_plan(const Plan& plan, const memory::Machine& machine, const TextStyle& style) {
  if (plan.change.empty()) {
    return {};
  }
  Canvas out(style.width, style.colour);
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
    out.labelled("risk:", Paint::yellow, clean(risk), 0);
  }
  for (const Message& note : plan.notes) {
    out.labelled("note:", Paint::yellow, clean(note), 0);
  }
  return out.take();
}

std::string text_change(const Change& change, const TextStyle& style) {
  Canvas out(style.width, style.colour);
  write_change(out, change);
  return out.take();
}

std::string text_diff(std::string_view before_name, std::string_view before,
                      std::string_view after_name, std::string_view after, const TextStyle& style) {
  Canvas out(style.width, style.colour);
  write_diff(out, advise::diff(before_name, before, after_name, after));
  return out.take();
}

std::string json_no_plan() {
  Json json;
  json["schema"] = "whyoom/1";
  json["fix"] = nullptr;
  return dump(json, true);
}

std::string json_plan(const Plan& plan, const FixResult& result) {
  Json json;
  json["schema"] = "whyoom/1";
  Json& fix = json["fix"];
  fix["cause"] = text_or_null(plan.cause);
  fix["key"] = text(plan.wanted.key.dotted());
  fix["value"] = text(plan.wanted.value);
  fix["state"] = result.state;
  fix["number"] = result.number == 0 ? Json(nullptr) : Json(result.number);
  fix["why"] = text_or_null(result.why);
  fix["running"] = {
      {"before", plan.running ? text(*plan.running) : Json(nullptr)},
      {"after", plan.change.running.empty() && plan.running ? text(*plan.running)
                                                            : text(plan.wanted.value)}};
  fix["edits"] = Json::array();
  for (const SysctlLineEdit& line : plan.sysctl.lines) {
    fix["edits"].push_back(edit_json(line));
  }
  const auto value = [](const std::optional<std::string>& left) {
    return left ? text(*left) : Json(nullptr);
  };
  const host::SysctlHistory& after = plan.sysctl.after;
  fix["then"] = {{"boot", value(after.value_after_boot())},
                 {"sysctl_system", value(after.value_after_system())},
                 {"sysctl_p", value(after.value_after_load())}};
  fix["what_if"] = plan.what_if ? change_json(*plan.what_if) : Json(nullptr);
  fix["kills_from"] = plan.kills_from ? Json(plan.kills_from->value.count()) : Json(nullptr);
  fix["risks"] = messages_json(plan.risks);
  fix["notes"] = messages_json(plan.notes);
  return dump(json, true);
}

}  // namespace whyoom::render
