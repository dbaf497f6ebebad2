#include "record/recall.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/human.h"
#include "memory/watermarks.h"
#include "memory/zones.h"
#include "record/bounds.h"
#include "record/headroom.h"
#include "record/scan.h"
#include "record/segment.h"

namespace whyoom::record {
namespace {

using Total = kernel::Field;

constexpr std::uint64_t fresh_ms = 3'000;  // for what changes by itself
constexpr std::uint64_t growth_fresh_ms = 60'000;
constexpr std::uint64_t same_event_us = 10'000'000;
constexpr std::uint64_t drift_after_ms = 600'000;
constexpr std::size_t most_samples = 64, most_growth = 5;
constexpr double near_share = 0.05;  // left until requests fail

constexpr std::array<std::pair<Field, Total>, 10> totals{{
    {Field::mem_free, Total::free},
    {Field::active_anon, Total::active_anon},
    {Field::inactive_anon, Total::inactive_anon},
    {Field::active_file, Total::active_file},
    {Field::inactive_file, Total::inactive_file},
    {Field::unevictable, Total::unevictable},
    {Field::slab_reclaimable, Total::slab_reclaimable},
    {Field::slab_unreclaimable, Total::slab_unreclaimable},
    {Field::shmem, Total::shmem},
    {Field::page_tables, Total::pagetables},
}};

std::size_t class_of(const ZoneFields& zone) {
  return static_cast<std::size_t>(zone.of(ZoneField::zone));
}

// lowmem_reserve[] by class, as a report has it. The sample has the largest of them; the others are
// to it as what the zones above manage (mm/page_alloc.c setup_per_zone_lowmem_reserve()).
std::vector<std::uint64_t> reserve_of(const ZoneFields& zone, const Sample& sample) {
  using kernel::ZoneClass;
  const auto is = [](const ZoneFields& each, ZoneClass cls) {
    return each.has(ZoneField::managed) && class_of(each) == static_cast<std::size_t>(cls);
  };
  const bool highmem = std::ranges::any_of(
      sample.zones, [&](const ZoneFields& each) { return is(each, ZoneClass::highmem); });
  const std::array<ZoneClass, 4> classes{
      ZoneClass::dma, highmem ? ZoneClass::normal : ZoneClass::dma32,
      highmem ? ZoneClass::highmem : ZoneClass::normal, ZoneClass::movable};
  std::array<std::uint64_t, classes.size()> above{};
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    for (const ZoneFields& each : sample.zones) {
      if (is(each, classes[i]) && each.of(ZoneField::node) == zone.of(ZoneField::node) &&
          class_of(each) > class_of(zone)) {
        sum += each.of(ZoneField::managed);
      }
    }
    above[i] = sum;
  }
  constexpr std::uint64_t most_pages = std::uint64_t{1} << 52U;
  const auto largest = static_cast<double>(std::min(zone.of(ZoneField::reserve), most_pages));
  std::vector<std::uint64_t> reserve;
  for (const std::uint64_t part : above) {
    const double own = std::min(share(Pages(part), Pages(sum)), 1.0) * largest;
    reserve.push_back(static_cast<std::uint64_t>(std::llround(own)));
  }
  return reserve;
}

report::Zone zone_of(const ZoneFields& zone, const Sample& sample, PageSize page, Place at) {
  report::Zone result;
  result.node = static_cast<int>(zone.of(ZoneField::node));
  result.name = memory::zone_name(static_cast<kernel::ZoneClass>(class_of(zone)));
  result.at = result.lowmem_reserve_at = at;
  result.smallest_block_kib = page.bytes / 1024;
  const auto set = [&](Total field, std::uint64_t pages) {
    result.fields.set(field, to_kib(Pages(pages), page).count(), at);
  };
  const std::uint64_t boost = zone.of(ZoneField::boost);  // a report's marks are with it
  set(Total::free, zone.of(ZoneField::free));
  set(Total::boost, boost);
  set(Total::min, zone.of(ZoneField::min) + boost);
  set(Total::low, zone.of(ZoneField::low) + boost);
  set(Total::high, zone.of(ZoneField::high) + boost);
  set(Total::present, zone.of(ZoneField::present));
  set(Total::managed, zone.of(ZoneField::managed));
  set(Total::free_cma, zone.of(ZoneField::free_cma));
  if (zone.has(ZoneField::reserve)) {
    result.lowmem_reserve = reserve_of(zone, sample);
  }
  return result;
}

// Without pools of several sizes, which a sample does not tell apart.
std::vector<report::Hugepages> hugepages_of(const MachineFields& machine, PageSize page, Place at) {
  const KiB usual(std::uint64_t{page.bytes} * page.bytes / 8 / 1024);
  const std::uint64_t total = machine.of(Field::hugepages_total);
  const std::uint64_t all = machine.get(Field::hugetlb).value_or(total * usual.count());
  if (!machine.has(Field::hugepages_total) || all != total * usual.count()) {
    return {};
  }
  return {{0, total, machine.of(Field::hugepages_free), 0, usual, at}};
}

// What the marks are made of.
bool same_settings(const Sample& a, const Sample& b) {
  const auto same = [&](Field field) { return a.machine.get(field) == b.machine.get(field); };
  return same(Field::min_free_kbytes) && same(Field::watermark_scale_factor) &&
         std::ranges::equal(a.zones, b.zones, [](const ZoneFields& x, const ZoneFields& y) {
           return x.get(ZoneField::managed) == y.get(ZoneField::managed);
         });
}

// The setting and the kernel's own choice, where the sample has what they are made of.
void add_min_free(memory::Recorded& result, const Sample& sample, PageSize page,
                  std::string_view release) {
  const auto value = sample.machine.get(Field::min_free_kbytes);
  const auto sizes = zone_sizes_of(sample);
  const auto rules = memory::rules_for(release);
  const Pages lowmem = memory::lowmem_of(sizes, rules);
  if (value && lowmem > Pages(0)) {
    result.min_free = memory::MinFree{KiB(*value)};
    const Bytes ram = to_bytes(KiB(sample.machine.of(Field::mem_total)));
    result.min_free->share_of_ram =
        share(to_bytes(KiB(*value)), std::max(ram, to_bytes(lowmem, page)));
    result.default_min_free = memory::default_min_free(sizes, page, rules).at_boot;
  }
}

}  // namespace

report::Report as_report(const Sample& sample, PageSize page, Place at) {
  report::Report result;
  const MachineFields& machine = sample.machine;
  for (const auto& [field, total] : totals) {
    if (machine.has(field)) {
      result.totals.set(total, to_pages(KiB(machine.of(field)), page).count(), at);
    }
  }
  Pages present, managed;
  for (const ZoneFields& zone : sample.zones) {
    if (!zone.has(ZoneField::managed) || !zone.has(ZoneField::free) || !zone.has(ZoneField::min)) {
      continue;
    }
    result.zones.push_back(zone_of(zone, sample, page, at));
    present += Pages(zone.of(ZoneField::present));
    managed += Pages(zone.of(ZoneField::managed));
    const int node = result.zones.back().node;
    if (std::ranges::find(result.nodes, node, &report::Node::id) == result.nodes.end()) {
      report::Node about;
      about.id = node;
      // The machine's, at its first node: nobody asks for one node's.
      if (result.nodes.empty() && machine.has(Field::kernel_stack)) {
        about.fields.set(Total::kernel_stack, machine.of(Field::kernel_stack), at);
      }
      result.nodes.push_back(about);
    }
  }
  if (managed > Pages(0) && present >= managed) {
    result.tail.ram = Read<std::uint64_t>{present.count(), at};
    result.tail.reserved = Read<std::uint64_t>{(present - managed).count(), at};
  }
  const auto kib = [&](Field field) {
    const auto value = machine.get(field);
    return value ? Maybe<std::uint64_t>({*value, at}) : std::nullopt;
  };
  result.tail.total_swap_kib = kib(Field::swap_total);
  result.tail.free_swap_kib = kib(Field::swap_free);
  result.hugepages = hugepages_of(machine, page, at);
  return result;
}

Recall::Recall(const std::vector<Asked>& asked) : open_events_(asked.size(), true) {
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked_[asked[i].boot].push_back({asked[i].at_us, i});
  }
  for (auto& [boot, events] : asked_) {
    std::ranges::sort(events, {}, &At::at_us);
  }
}

void Recall::begin(const Note& segment) {
  growth_.begin_segment();
  release_ = segment.more;
  if (segment.c > 0 && segment.c <= (1U << 20U)) {
    page_ = PageSize{static_cast<std::uint32_t>(segment.c)};
  }
  if (segment.text == boot_) {
    return;
  }
  settle_all(nullptr);
  if (open_ != nullptr) {
    for (const At& event : *open_) {
      open_events_[event.asked] = false;
    }
  }
  boot_ = segment.text;
  samples_.clear();
  growth_.clear();
  ahead_ms_.reset();
  const auto open = boot_.empty() ? asked_.end() : asked_.find(boot_);
  open_ = open == asked_.end() ? nullptr : &open->second;
}

void Recall::see(const Sample& sample) {
  settle_all(&sample);
  growth_.see(sample);
  samples_.push_back(std::make_shared<const Sample>(sample));
  if (samples_.size() > most_samples) {
    samples_.pop_front();
  }
}

void Recall::see(const Note& note) {
  switch (note.kind) {
    case Kind::segment:
      begin(note);
      break;
    case Kind::process:
      growth_.name(note);
      break;
    case Kind::asleep:
      ahead_ms_.reset();
      break;
    case Kind::kmsg:
      line(note);
      break;
    default:
      break;
  }
}

void Recall::line(const Note& note) {
  const auto said = scan_kmsg(note.text);
  if (!said || open_ == nullptr) {
    return;
  }
  // Read a little after it was said: what is least is nearest.
  const std::int64_t ahead =
      static_cast<std::int64_t>(note.boot_ms) - static_cast<std::int64_t>(said->at_us / 1000);
  if (!ahead_ms_ || ahead <= *ahead_ms_ || note.boot_ms > ahead_seen_ms_ + drift_after_ms) {
    ahead_ms_ = ahead;
    ahead_seen_ms_ = note.boot_ms;
  }
  while (!open_->empty() && open_->front().at_us <= said->at_us) {
    open_events_[open_->front().asked] = false;
    if (said->at_us - open_->front().at_us <= same_event_us) {
      find(open_->front());
    }
    open_->pop_front();
  }
}

void Recall::find(const At& event) {
  const std::int64_t at_ms = static_cast<std::int64_t>(event.at_us / 1000) + *ahead_ms_;
  for (std::size_t i = samples_.size(); i > 0; --i) {
    const Sample& sample = *samples_[i - 1];
    const auto taken_ms = static_cast<std::int64_t>(sample.boot_ms);
    // It was counted before its line was read: such a sample can be behind the kill.
    const bool counts_kill =
        i > 1 && sample.machine.of(Field::oom_kill) > samples_[i - 2]->machine.of(Field::oom_kill);
    if (taken_ms > at_ms || counts_kill) {
      continue;
    }
    const auto age_ms = static_cast<std::uint64_t>(at_ms - taken_ms);
    Found found{.asked = event.asked, .sample = samples_[i - 1], .age_ms = age_ms};
    found.moments = moments(i);
    if (age_ms <= growth_fresh_ms) {
      found.recorded.grew = growth_.grown(true);
      found.recorded.grew.resize(std::min(found.recorded.grew.size(), most_growth));
    }
    open_events_[event.asked] = true;  // what comes behind it is waited for
    found_.push_back(std::move(found));
    return;
  }
}

std::shared_ptr<const Recall::Moments> Recall::moments(std::size_t count) {
  const std::shared_ptr<const Sample>& last = samples_[count - 1];
  if (moments_of_ == last) {
    return moments_;
  }
  Moments result;
  for (std::size_t i = 0; i < count; ++i) {
    const Sample& sample = *samples_[i];
    const auto before_ms = static_cast<std::int64_t>(last->boot_ms - sample.boot_ms);
    result.push_back({.age = static_cast<double>(before_ms) / 1000,
                      .free = to_bytes(KiB(sample.machine.of(Field::mem_free))),
                      .available = to_bytes(KiB(sample.machine.of(Field::mem_available))),
                      .out_of_reach = out_of_reach(sample, page_)});
  }
  moments_of_ = last;
  moments_ = std::make_shared<const Moments>(std::move(result));
  return moments_;
}

void Recall::settle(Found& found, const Sample* after) {
  const auto left = headroom_of(*found.sample, page_);
  const bool held = after != nullptr
                        ? same_settings(*found.sample, *after)
                        : found.age_ms <= fresh_ms && left && left->share() < near_share;
  found.page = page_;
  found.fresh = held && found.age_ms <= fresh_ms;
  if (held && after != nullptr) {
    add_min_free(found.recorded, *found.sample, page_, release_);
  }
}

void Recall::settle_all(const Sample* after) {
  for (Found& found : found_) {
    settle(found, after);
    open_events_[found.asked] = false;
    answers_.insert_or_assign(found.asked, std::move(found));
  }
  found_.clear();
}

void Recall::add(std::string_view segment) {
  read_segment(segment, {[this](const Sample& each) { see(within_bounds(each)); },
                         [this](const Note& each) { see(within_bounds(each)); }});
}

std::optional<memory::Recorded> Recall::take(std::size_t asked) {
  const auto answer = answers_.extract(asked);
  if (answer.empty()) {
    return std::nullopt;
  }
  Found& found = answer.mapped();
  memory::Recorded result = std::move(found.recorded);
  const double age = static_cast<double>(found.age_ms) / 1000;
  result.age = age;
  result.source = "the recorder, " + seconds(age) + " before";
  result.ram = to_bytes(KiB(found.sample->machine.of(Field::mem_total)));
  result.moments = *found.moments;
  for (memory::RecordedMoment& moment : result.moments) {
    moment.age += age;
  }
  if (found.fresh) {
    result.numbers = as_report(*found.sample, found.page, {1, 0});
  }
  return result;
}

std::vector<std::optional<memory::Recorded>> Recall::take() {
  finish();
  std::vector<std::optional<memory::Recorded>> all(open_events_.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = take(i);
  }
  return all;
}

}  // namespace whyoom::record
