#include <algorithm>
#include <utility>

#include "base/text.h"
#include "report/assembly.h"
#include "report/field_lines.h"
#include "report/zone_lines.h"

namespace whyoom::report {
namespace {

constexpr std::uint32_t kShowMemoryLines = 20;
constexpr std::uint32_t kLoneMemInfoLines = 3;
constexpr unsigned kTotalsWithoutHead = 3;
constexpr unsigned kBlocksInName = 1;  // "DMA: 1*4kB" can be a process

bool overlaps(const FieldSet& a, const FieldSet& b) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(kernel::Field::count_); ++i) {
    const auto field = static_cast<kernel::Field>(i);
    if (a.get(field) && b.get(field)) {
      return true;
    }
  }
  return false;
}

void merge(const FieldSet& from, FieldSet& into) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(kernel::Field::count_); ++i) {
    const auto field = static_cast<kernel::Field>(i);
    if (const auto& value = from.get(field)) {
      into.set(field, value->value, value->at);
    }
  }
}

void note_run(OpenEvent& event, LineNumber line, const FieldRun& run) {
  if (run.malformed > 0) {
    event.damage(line, "cannot read \"" + printable(run.bad.substr(0, 60)) + "\"");
  }
}

}  // namespace

// Where the names of processes stand at the end of a line.
bool Assembly::in_table() const {
  return std::any_of(events_.begin(), events_.end(), [](const OpenEvent& event) {
    return !event.superseded && group_of(event.stage) == group_of(Stage::tasks);
  });
}

// A row of a node that no kernel has: not kept, and said.
bool Assembly::lose_row(const Line& line, Stage stage) {
  OpenEvent* event = pick(line, stage, [](const OpenEvent&) { return true; });
  if (event == nullptr) {
    return false;
  }
  ++event->rows_lost;
  touch(*event, line, stage);
  return true;
}

bool Assembly::on_mem_info(const Line& line, Shape /*shape*/) {
  OpenEvent* event = pick(line, Stage::mem_info, [](const OpenEvent& e) {
    return !e.report.mem_info_at && e.report.totals.empty() && e.report.nodes.empty() &&
           e.report.zones.empty();
  });
  if (event == nullptr && in_table()) {
    lone_mem_info_ = moment_of(line);  // or the rest of a name; what follows tells
    return true;
  }
  if (event == nullptr) {
    event = &open(line, Kind::oom_kill);
    adopt_orphan_stack(*event, line);
    if (show_memory_ && line.number - show_memory_->line <= kShowMemoryLines) {
      event->ignored = true;
    }
  }
  show_memory_.reset();
  event->report.mem_info_at = place(line);
  touch(*event, line, Stage::mem_info);
  return true;
}

bool Assembly::on_totals(const Line& line, Shape /*shape*/) {
  FieldSet fields;
  const FieldRun run = read_fields(kernel::Scope::total, line.text, place(line), fields);
  OpenEvent* event = pick(line, Stage::totals, [&](const OpenEvent& e) {
    return (e.report.mem_info_at || !e.report.totals.empty()) && !overlaps(e.report.totals, fields);
  });
  // Without "Mem-Info:" before it a pair or two may be anybody's text.
  if (event == nullptr && run.known >= kTotalsWithoutHead) {
    event = pick(line, Stage::totals, [&](const OpenEvent& e) {
      return e.report.trigger && e.report.totals.empty() && e.report.zones.empty();
    });
  }
  if (event == nullptr) {
    event = run.known >= 2 ? open_without_head(line, Kind::oom_kill) : nullptr;
    if (event == nullptr) {
      return false;
    }
    if (lone_mem_info_ && line.number - lone_mem_info_->line <= kLoneMemInfoLines) {
      event->report.mem_info_at = Place{0, lone_mem_info_->line};
    }
    lone_mem_info_.reset();
    adopt_orphan_stack(*event, line);
  }
  merge(fields, event->report.totals);
  note_run(*event, line.number, run);
  touch(*event, line, Stage::totals);
  return true;
}

bool Assembly::on_node(const Line& line, Shape /*shape*/) {
  const auto id = parse_node_prefix(line.text);
  if (!id) {
    return false;
  }
  Node node;
  node.id = *id;
  node.at = place(line);
  Cursor cursor(trim_left(line.text));
  cursor.take("Node ");
  cursor.take_unsigned();
  const FieldRun run = read_fields(kernel::Scope::node, cursor.rest(), place(line), node.fields);
  if (run.known == 0) {
    return false;
  }
  if (run.all_unreclaimable) {
    node.all_unreclaimable = Read<bool>{*run.all_unreclaimable, place(line)};
  }
  if (node.id >= kMaxNodes) {
    return lose_row(line, Stage::nodes);
  }
  OpenEvent* found = pick_or_open(line, Stage::nodes, Kind::oom_kill,
                                  [&](const OpenEvent& e) { return !e.nodes.contains(node.id); });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  note_run(event, line.number, run);
  event.nodes.insert(node.id);
  event.keep(event.report.nodes, std::move(node));
  touch(event, line, Stage::nodes);
  return true;
}

bool Assembly::on_node_prefix(const Line& line, Shape /*shape*/) {
  OpenEvent* event = pick(line, Stage::zones, [](const OpenEvent& e) {
    return group_of(e.stage) == group_of(Stage::zones) && !e.pending_node;
  });
  if (event == nullptr) {
    return false;
  }
  event->pending_node = parse_node_prefix(line.text);
  event->last.line = line.number;
  return true;
}

bool Assembly::on_zone(const Line& line, Shape /*shape*/) {
  const auto prefix = parse_zone_prefix(line.text);
  if (!prefix) {
    return false;
  }
  Zone zone;
  zone.name = std::string(prefix->name);
  zone.at = place(line);
  const FieldRun run = read_fields(kernel::Scope::zone, prefix->rest, place(line), zone.fields);
  if (run.known < 2) {
    return false;
  }
  const auto node_in = [&](const OpenEvent& e) {
    return prefix->node ? *prefix->node : e.pending_node.value_or(0);
  };
  if (prefix->node.value_or(0) >= kMaxNodes) {
    return lose_row(line, Stage::zones);
  }
  OpenEvent* found = pick_or_open(line, Stage::zones, Kind::oom_kill, [&](const OpenEvent& e) {
    return !e.has_sizes_of(node_in(e), zone.name);
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  zone.node = node_in(event);
  event.pending_node.reset();
  note_run(event, line.number, run);
  if (run.cut) {
    event.damage(line.number, "the line of zone " + printable(zone.name) + " is cut");
  }
  const bool kept = event.add_zone(std::move(zone)) != nullptr;
  event.lowmem_zone = kept ? event.report.zones.size() - 1 : OpenEvent::kNone;
  event.broken_lowmem = OpenEvent::kNone;
  touch(event, line, Stage::zones);
  return true;
}

bool Assembly::on_lowmem(const Line& line, Shape /*shape*/) {
  std::vector<std::uint64_t> reserve;
  if (!parse_lowmem_reserve(line.text, reserve)) {
    return false;
  }
  OpenEvent* event = pick(line, Stage::zones,
                          [](const OpenEvent& e) { return e.lowmem_zone < e.report.zones.size(); });
  if (event == nullptr) {
    return false;
  }
  Zone& zone = event->report.zones[event->lowmem_zone];
  event->broken_lowmem = reserve.empty() ? event->lowmem_zone : OpenEvent::kNone;
  event->lowmem_zone = OpenEvent::kNone;
  zone.lowmem_reserve = std::move(reserve);
  zone.lowmem_reserve_at = place(line);
  touch(*event, line, Stage::zones);
  return true;
}

// " 2868": one of the pieces of a lowmem_reserve[] line that another CPU's text broke.
bool Assembly::on_numbers(const Line& line, Shape /*shape*/) {
  OpenEvent* event = pick(line, Stage::zones, [&](const OpenEvent& e) {
    return e.broken_lowmem < e.report.zones.size() && line.framed;
  });
  if (event == nullptr) {
    return false;
  }
  parse_numbers(line.text, event->report.zones[event->broken_lowmem].lowmem_reserve);
  touch(*event, line, Stage::zones);
  return true;
}

bool Assembly::on_buddy(const Line& line, Shape /*shape*/) {
  const auto prefix = parse_buddy_prefix(line.text);
  if (!prefix) {
    return false;
  }
  const auto node_in = [&](const OpenEvent& e) {
    return prefix->node ? *prefix->node : e.pending_node.value_or(0);
  };
  if (prefix->node.value_or(0) >= kMaxNodes) {
    return lose_row(line, Stage::buddy);
  }
  const auto lacks = [&](const OpenEvent& e) {
    const Zone* zone = e.find_zone(node_in(e), prefix->name);
    return zone == nullptr || zone->buddy.empty();
  };
  Zone scratch;
  if (const BuddyRun run = read_buddy(prefix->rest, {}, scratch);
      run.malformed && run.blocks <= kBlocksInName) {
    return false;  // the name of a process, and what the kernel says behind it
  }
  OpenEvent* found = pick_or_open(line, Stage::buddy, Kind::oom_kill, lacks);
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  const int node = node_in(event);
  event.pending_node.reset();
  Zone* zone = event.find_zone(node, prefix->name);
  if (zone == nullptr) {
    Zone fresh;
    fresh.node = node;
    fresh.name = std::string(prefix->name);
    fresh.at = place(line);
    zone = event.add_zone(std::move(fresh));
  }
  if (zone == nullptr) {
    event.open_buddy = OpenEvent::kNone;
    touch(event, line, Stage::buddy);
    return true;
  }
  const BuddyRun run = read_buddy(prefix->rest, place(line), *zone);
  if (run.malformed) {
    event.damage(line.number, "the free lists of zone " + printable(zone->name) + " are cut");
  }
  const auto index = static_cast<std::size_t>(zone - event.report.zones.data());
  event.open_buddy = run.total || run.malformed ? OpenEvent::kNone : index;
  event.lowmem_zone = OpenEvent::kNone;
  event.broken_lowmem = OpenEvent::kNone;
  touch(event, line, Stage::buddy);
  return true;
}

bool Assembly::on_buddy_piece(const Line& line, Shape /*shape*/) {
  OpenEvent* event = pick(line, Stage::buddy, [&](const OpenEvent& e) {
    return e.open_buddy < e.report.zones.size() && line.framed;
  });
  if (event == nullptr) {
    return false;
  }
  const BuddyRun run = read_buddy(line.text, place(line), event->report.zones[event->open_buddy]);
  if (run.total || run.malformed) {
    event->open_buddy = OpenEvent::kNone;
  }
  touch(*event, line, Stage::buddy);
  return true;
}

bool Assembly::on_hugepages(const Line& line, Shape /*shape*/) {
  const auto pages = parse_hugepages(line.text, place(line));
  if (!pages) {
    return false;
  }
  OpenEvent* event = pick(line, Stage::hugepages, [&](const OpenEvent& e) {
    for (const auto& known : e.report.hugepages) {
      if (known.node == pages->node && known.size == pages->size) {
        return false;
      }
    }
    return group_of(e.stage) > 0;
  });
  if (event == nullptr) {
    return false;
  }
  event->keep(event->report.hugepages, Hugepages(*pages));
  touch(*event, line, Stage::hugepages);
  return true;
}

bool Assembly::on_tail(const Line& line, Shape /*shape*/) {
  Tail found;
  if (!read_tail(line.text, place(line), found)) {
    return false;
  }
  static constexpr Maybe<std::uint64_t> Tail::*fields[] = {
      &Tail::pagecache,      &Tail::swap_cache,   &Tail::free_swap_kib,
      &Tail::total_swap_kib, &Tail::ram,          &Tail::highmem_movable,
      &Tail::reserved,       &Tail::cma_reserved, &Tail::hwpoisoned};
  OpenEvent* event = pick(line, Stage::tail, [&](const OpenEvent& e) {
    for (const auto field : fields) {
      if (found.*field && e.report.tail.*field) {
        return false;
      }
    }
    // Before the numbers of memory it must be the whole line; else it is in a name.
    return group_of(e.stage) >= group_of(Stage::mem_info) ||
           (e.report.trigger && is_whole_tail(line.text));
  });
  if (event == nullptr) {
    return false;
  }
  for (const auto field : fields) {
    if (found.*field) {
      event->report.tail.*field = found.*field;
    }
  }
  touch(*event, line, Stage::tail);
  return true;
}

bool Assembly::on_slab(const Line& line, Shape shape) {
  const bool row = shape == Shape::slab_row;
  OpenEvent* event = pick(line, Stage::slab, [&](const OpenEvent& e) {
    if (e.is_failure() || (shape == Shape::slab_title && e.slab_open)) {
      return false;
    }
    return row ? e.slab_open : e.report.slab.empty();
  });
  if (event == nullptr) {
    return false;
  }
  touch(*event, line, Stage::slab);
  if (shape == Shape::slab_refused) {
    event->report.slab_table_refused = Read<bool>{true, place(line)};
  } else if (!row) {
    event->slab_open = true;
  } else if (auto parsed = parse_slab_row(line.text, place(line))) {
    event->keep(event->report.slab, std::move(*parsed));
  }
  return true;
}

}  // namespace whyoom::report
