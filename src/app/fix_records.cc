#include "app/fix_records.h"

#include <unistd.h>

#include <algorithm>

#include "app/block_signals.h"
#include "app/consent.h"
#include "app/disk.h"
#include "app/fix_hooks.h"
#include "app/host_clock.h"
#include "base/language.h"
#include "base/text.h"
#include "render/fix.h"
#include "render/json_writer.h"
#include "render/layout.h"

namespace whyoom::app {

namespace {

using fix::FixRecord;
using fix::FixState;
using fix::Standing;

std::string standing_name(Standing standing, bool is_file) {
  switch (standing) {
    case Standing::old:
      return tr("as before the fix");
    case Standing::updated:
      return tr("as the fix wants it");
    case Standing::torn:
      return is_file ? tr("half written by whyoom when it was interrupted; both contents are kept")
                     : tr("on its way, where whyoom was interrupted");
    case Standing::changed:
      return tr("changed by someone else");
    case Standing::unreadable:
      return tr("cannot be read");
  }
  return {};
}

std::string state_text(const fix::FixStore& store, const FixRecord& record) {
  if (!record.damage.empty()) {
    return tr("damaged: {}", printable(record.damage));
  }
  if (store.interrupted(record)) {
    return record.state == FixState::undoing ? tr("undo interrupted") : tr("interrupted");
  }
  return tr(fix::state_name(record.state));
}

void write_record(render::JsonWriter& json, const fix::FixStore& store, const FixRecord& record) {
  const auto& wanted = record.meta.wanted;
  const auto setting = [&json](const advise::Wanted& each) {
    json("key", each.key.dotted());
    json("value", each.value);
  };
  json("number", record.number);
  json("state", fix::state_name(record.state));
  json("interrupted", store.interrupted(record));
  json("damage", render::text_or_null(record.damage));
  json("time", static_cast<double>(record.meta.time_us) / 1e6);
  if (wanted.empty()) {
    json("key", "");
    json("value", "");
  } else {
    setting(wanted.front());
  }
  if (wanted.size() > 1) {
    json.list("settings", wanted, setting);
  }
  json("command", record.meta.command);
  json.values("files", record.change.files, [](const auto& file) { return file.path; });
  json.list("running", record.change.running, [&](const auto& value) {
    json("key", value.key.dotted());
    json("before", value.before);
    json("after", value.after);
  });
}

const FixRecord* find_interrupted(const fix::FixStore& store,
                                  const std::vector<FixRecord>& records) {
  for (const FixRecord& record : records) {
    if (record.damage.empty() && store.interrupted(record)) {
      return &record;
    }
  }
  return nullptr;
}

}  // namespace

std::string record_line(const FixRecord& record) {
  std::string text = tr("fix {}: ", std::to_string(record.number));
  for (const advise::Wanted& wanted : record.meta.wanted) {
    const auto running = std::ranges::find_if(
        record.change.running,
        [&](const advise::RunningEdit& edit) { return edit.key == wanted.key; });
    text += wanted.key.dotted() + " ";
    if (running != record.change.running.end()) {
      text += printable(running->before) + " -> ";
    }
    text += tr("{}, ", printable(wanted.value));
  }
  return text + local_text(record.meta.time_us / 1'000'000, "%Y-%m-%d %H:%M:%S");
}

std::string standing_text(const FixRecord& record, const fix::Examination& found) {
  std::string text;
  for (std::size_t i = 0; i < found.files.size(); ++i) {
    const fix::Found& file = found.files[i];
    text += tr("  {}: {}{}\n", printable(record.change.files[i].path),
               standing_name(file.standing, true), file.why.empty() ? "" : tr(" ({})", file.why));
  }
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    const fix::Found& value = found.values[i];
    text += tr("  {} is {}: {}{}\n", record.change.running[i].key.dotted(),
               printable(value.now.value_or("")), standing_name(value.standing, false),
               value.why.empty() ? "" : tr(" ({})", value.why));
  }
  return text;
}

int tell_failure(std::string_view what, const fix::ApplyFailure& failure,
                 const render::TextStyle& style, Console& io) {
  io.tell(failure.what);
  for (const advise::FileEdit& file : failure.changed) {
    io.errors.write_rendered(render::to_text(
        render::diff_document(file.before ? tr("{} (as the fix left it)", file.path) : "/dev/null",
                              file.before.value_or(""),
                              file.after ? tr("{} (now)", file.path) : "/dev/null",
                              file.after.value_or("")),
        style));
  }
  for (const std::string& restored : failure.restored) {
    io.tell(tr("put back as before: {}", printable(restored)));
  }
  for (const std::string& left : failure.left) {
    io.tell(tr("NOT put back: {}", left));
  }
  if (failure.refused) {
    return trouble;
  }
  if (failure.left.empty()) {
    io.tell(tr("the {} was taken back; the machine is as it was before it", translated(what)));
  }
  return rolled_back;
}

int list_fixes(const Options& options, Console& io) {
  if (const auto entered = enter_disk(options.root); !entered) {
    return io.fail(entered.error());
  }
  const auto store = fix::FixStore::open(store_of(options.root));
  const auto records = store ? store->list() : tl::unexpected(store.error());
  if (!records) {
    return io.fail(records.error());
  }
  if (options.format == Format::json) {
    render::JsonWriter json(true);
    json.document([&] {
      json("schema", "whyoom/1");
      json.list("fixes", *records,
                [&](const FixRecord& record) { write_record(json, *store, record); });
    });
    io.out.write(json.take() + "\n");
    return nothing_found;
  }
  if (records->empty()) {
    io.out.write(options.root.empty() ? tr("No fix was made on this machine.\n")
                                      : tr("No fix was made on this disk.\n"));
  }
  for (const FixRecord& record : *records) {
    io.out.write(tr(
        "{}, {}\n",
        record.damage.empty() ? record_line(record) : tr("fix {}", std::to_string(record.number)),
        state_text(*store, record)));
    if (store->interrupted(record)) {
      const FixRecord part = part_on(options.root, record);
      io.out.write(standing_text(part, fix::examine(part, {})));
    }
  }
  return nothing_found;
}

int resume_fix(const Options& options, bool yes, Console& io) {
  if (const std::string why = needs_root(ShellCommand("sudo whyoom fix --resume")); !why.empty()) {
    return io.fail(why);
  }
  if (const auto entered = enter_disk(options.root); !entered) {
    return io.fail(entered.error());
  }
  auto store = fix::FixStore::open_locked(store_of(options.root), ::getpid());
  const auto records = store ? store->list() : tl::unexpected(store.error());
  if (!records) {
    return io.fail(records.error());
  }
  const FixRecord* found = find_interrupted(*store, *records);
  if (found == nullptr) {
    io.out.write(tr("No fix was interrupted.\n"));
    return nothing_found;
  }
  const FixRecord record = part_on(options.root, *found);
  io.out.write(tr("{}, was interrupted\n{}", record_line(*found),
                  standing_text(record, fix::examine(record, {}))));
  io.out.flush();
  if (record.state == FixState::undoing) {
    return io.fail(tr("it was being undone; go on with {}", store->undo_command(record.number)));
  }
  if (const std::string why = why_not(yes, tr("Finish it?"), io); !why.empty()) {
    return io.fail(why);
  }
  const BlockSignals until_done;
  const HookOptions how{!record.change.files.empty(), true, !options.root.empty()};
  const auto done = fix::finish(record, *store, fix_hooks(record.meta.wanted, how, io));
  if (!done) {
    return tell_failure("fix", done.error(), options.style(), io);
  }
  io.out.write(tr("Done. `sudo whyoom undo{}` takes it back.\n", root_option(options.root)));
  return nothing_found;
}

}  // namespace whyoom::app
