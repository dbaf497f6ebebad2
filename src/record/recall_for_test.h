// A small machine as the recorder sees it, for tests of what its ring says of an event.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "memory/watermarks.h"
#include "record/recall.h"
#include "record/segment.h"
#include "record/segment_for_test.h"

namespace whyoom::record::testing_only {

// A ring in the making: two zones, 4 GiB, 4 KiB pages.
class SmallRing {
 public:
  static constexpr std::int64_t start_ms = 1'764'000'000'000;  // 2025-11-24 16:00:00Z
  static constexpr std::uint64_t dma32_pages = 786'432, normal_pages = 262'144;
  std::uint64_t now_ms = 100'000;  // since boot
  std::uint64_t min_free_kib = 67'584;
  std::uint64_t oom_kill = 0;
  bool used_up = true;  // else a third is free

  explicit SmallRing(std::string_view boot = "b00t") { begin(boot); }

  void begin(std::string_view boot) {
    bytes_ += begin_segment(encoder_, at(Kind::segment), boot, "6.1.0-18-amd64");
  }
  Note at(Kind kind) const {
    Note note;
    note.kind = kind;
    note.real_ms = start_ms + static_cast<std::int64_t>(now_ms);
    note.boot_ms = now_ms;
    return note;
  }
  void note(Kind kind, std::uint64_t a = 0) {
    Note about = at(kind);
    about.a = a;
    bytes_ += encoder_.note(about);
  }
  // The kernel said it `late_ms` before it is read.
  void line(std::string_view text, std::uint64_t late_ms = 2) {
    const std::string whole = "3," + std::to_string(++sequence_) + "," +
                              std::to_string((now_ms - late_ms - behind_ms) * 1000) + ",-;" +
                              std::string(text);
    Note about = at(Kind::kmsg);
    about.a = sequence_;
    about.text = whole;
    bytes_ += encoder_.note(about);
  }
  void sample() {
    using memory::ZoneSize;
    Sample sample;
    sample.real_ms = start_ms + static_cast<std::int64_t>(now_ms);
    sample.boot_ms = now_ms;
    const std::vector<ZoneSize> sizes{{kernel::ZoneClass::dma32, Pages(dma32_pages)},
                                      {kernel::ZoneClass::normal, Pages(normal_pages)}};
    const auto marks = memory::watermarks(sizes, KiB(min_free_kib), memory::default_scale_factor,
                                          PageSize{}, memory::rules_for("6.1.0-18-amd64"));
    std::uint64_t free = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      ZoneFields& zone = sample.zones[i];
      zone.set(ZoneField::node, std::uint64_t{0});
      zone.set(ZoneField::zone, static_cast<std::uint64_t>(sizes[i].zone));
      zone.set(ZoneField::managed, sizes[i].managed.count());
      zone.set(ZoneField::present, sizes[i].managed.count());
      zone.set(ZoneField::min, marks[i].min.count());
      zone.set(ZoneField::low, marks[i].low.count());
      zone.set(ZoneField::high, marks[i].high.count());
      zone.set(ZoneField::reserve, i == 0 ? normal_pages / 256 : 0);
      const std::uint64_t left =
          used_up ? marks[i].min.count() - 100 : sizes[i].managed.count() / 3;
      zone.set(ZoneField::free, left);
      zone.set(ZoneField::reclaimable, std::uint64_t{100});
      free += left;
    }
    MachineFields& machine = sample.machine;
    const std::uint64_t all = dma32_pages + normal_pages;
    machine.set(Field::mem_total, all * 4);
    machine.set(Field::mem_free, free * 4);
    machine.set(Field::active_anon, std::uint64_t{4000});
    machine.set(Field::inactive_anon, (all - free) * 4 - 60'000);
    for (const Field field :
         {Field::active_file, Field::inactive_file, Field::unevictable, Field::slab_reclaimable,
          Field::slab_unreclaimable, Field::shmem, Field::page_tables, Field::kernel_stack}) {
      machine.set(field, std::uint64_t{4000});
    }
    machine.set(Field::hugepages_total, std::uint64_t{0});
    machine.set(Field::swap_total, std::uint64_t{0});
    machine.set(Field::swap_free, std::uint64_t{0});
    machine.set(Field::min_free_kbytes, min_free_kib);
    machine.set(Field::watermark_scale_factor, std::uint64_t{10});
    machine.set(Field::oom_kill, oom_kill);
    sample.processes[0].set(ProcessField::id, std::uint64_t{1});
    sample.processes[0].set(ProcessField::rss_kib, (all - free) * 4 - 60'000);
    bytes_ += encoder_.sample(sample);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  // The kernel's stamps lag behind the clock of the samples: the machine slept.
  std::uint64_t behind_ms = 0;
  // Of what was said now.
  [[nodiscard]] Asked said(std::uint64_t late_ms = 2) const {
    return {"b00t", (now_ms - late_ms - behind_ms) * 1000};
  }
  [[nodiscard]] std::optional<memory::Recorded> recall(Asked asked) const {
    Recall recall({std::move(asked)});
    recall.add(bytes_);
    return recall.take().front();
  }

 private:
  Encoder encoder_;
  std::string bytes_;
  std::uint64_t sequence_ = 0;
};

inline constexpr std::string_view kill_line =
    "Out of memory: Killed process 42 (java) total-vm:4000000kB, anon-rss:3400000kB, file-rss:0kB, "
    "shmem-rss:0kB, UID:0 pgtables:7000kB oom_score_adj:0";

}  // namespace whyoom::record::testing_only
