#include "linux/recorder/sampler.h"

#include <algorithm>
#include <ctime>
#include <initializer_list>
#include <string>

#include "linux/clock.h"
#include "record/scan.h"
#include "record/warnings.h"

namespace whyoom::linux {
namespace {

using record::Closeness;
using Field = record::Field;

// zoneinfo of a machine with hundreds of CPUs; only what is used of it is in memory.
constexpr std::size_t room_size = std::size_t{1} << 20U;

bool uses_swap(const record::Sample& sample) {
  return sample.machine.of(Field::swap_total) > sample.machine.of(Field::swap_free);
}

}  // namespace

Sampler::Sampler(PageSize page)
    : meminfo_(AT_FDCWD, "/proc/meminfo"),
      vmstat_(AT_FDCWD, "/proc/vmstat"),
      zoneinfo_(AT_FDCWD, "/proc/zoneinfo"),
      pressure_(AT_FDCWD, "/proc/pressure/memory"),
      loadavg_(AT_FDCWD, "/proc/loadavg"),
      processes_(std::make_unique<TopProcesses>(page)),
      cgroups_(std::make_unique<FullCgroups>()),
      room_(new char[room_size]) {
  for (const record::Setting& setting : record::settings()) {
    std::string path = "/proc/sys/" + std::string(setting.key);
    std::replace(path.begin() + 10, path.end(), '.', '/');
    settings_.emplace_back(AT_FDCWD, path.c_str());
  }
}

bool Sampler::has_changed(const record::MachineFields& machine) const {
  constexpr std::uint64_t part_that_moved = 64;  // of RAM
  const std::uint64_t available = machine.of(Field::mem_available);
  const std::uint64_t before = zones_available_;
  const std::uint64_t moved = available > before ? available - before : before - available;
  return machine.get(Field::min_free_kbytes) != zones_min_free_ ||
         moved >= machine.of(Field::mem_total) / part_that_moved;
}

// The first one is what somebody raises without knowing what it does.
void Sampler::read_settings(record::MachineFields& machine, bool all) {
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const Field field = record::settings()[i].field;
    if (i == 0 || all) {
      const std::string_view text = settings_[i].read_short({room_.get(), 64});
      known_settings_.set(field, field == Field::panic_seconds ? record::scan_signed(text)
                                                               : record::scan_number(text));
    }
    machine.set(field, known_settings_.get(field));
  }
}

bool Sampler::take_machine(record::Sample& sample, unsigned every) {
  sample.real_ms = static_cast<std::int64_t>(clock_ms(CLOCK_REALTIME));
  sample.boot_ms = clock_ms(CLOCK_BOOTTIME);
  ++samples_;
  record::MachineFields& machine = sample.machine;
  const record::MachineFields before = std::exchange(machine, {});
  const std::span<char> room(room_.get(), room_size);
  record::scan_meminfo(meminfo_.read_short(room), machine);
  const auto keep = [&](std::initializer_list<Field> fields) {
    for (const Field field : fields) {
      machine.set(field, before.get(field));
    }
  };
  // While all is calm one of these two: the kernel wakes the recorder where a task waits for long.
  const unsigned every_small = every > 2 ? 2 : 1;
  if (pressure_turn_.take(sample.boot_ms, samples_, every_small)) {
    record::scan_pressure(pressure_.read_short({room_.get(), 256}), machine);
  } else {
    keep({Field::psi_some_avg10, Field::psi_some_us, Field::psi_full_avg10, Field::psi_full_us});
  }
  if (tasks_turn_.take(sample.boot_ms, samples_, every_small)) {
    record::scan_loadavg(loadavg_.read_short({room_.get(), 128}), machine);
  } else {
    keep({Field::tasks});
  }
  const bool its_turn = machine_turn_.take(sample.boot_ms, samples_, every).has_value();
  read_settings(machine, its_turn);
  const bool changed = has_changed(machine);
  // While nothing moves and nobody waits, those of its turn will do.
  if (its_turn || changed || machine.of(Field::psi_some_us) != zones_waited_us_) {
    zones_available_ = machine.of(Field::mem_available);
    zones_waited_us_ = machine.of(Field::psi_some_us);
    zones_min_free_ = machine.get(Field::min_free_kbytes);
    record::scan_vmstat(vmstat_.read(room), machine);
    record::scan_zoneinfo(zoneinfo_.read(room), sample.zones);
  } else {
    record::keep_vmstat(before, machine);
  }
  return changed;
}

void Sampler::take(record::Sample& sample, Closeness closeness, bool whole) {
  const bool near = closeness == Closeness::near, calm = closeness == Closeness::calm;
  const unsigned usual = near || whole ? 1 : calm ? 16 : 2;
  // Who took what is gone now has to be in this sample: it may be the last.
  const unsigned every = take_machine(sample, usual) ? 1 : usual;
  const auto part_of = [](std::uint64_t count, std::uint64_t passed, std::uint64_t of_all,
                          unsigned least, unsigned most) {
    return static_cast<unsigned>(std::clamp<std::uint64_t>(count * passed / of_all, least, most));
  };
  // All of them in forty samples, near trouble in three, while all is calm in two minutes; and
  // never so many that it is felt.
  constexpr unsigned samples = 40, near_factor = 16, most_processes = 200;
  constexpr std::uint64_t calm_ms = 120'000;
  if (const auto passed_ms = processes_turn_.take(sample.boot_ms, samples_, every)) {
    const std::uint64_t count = processes_->count();
    const unsigned part = calm ? part_of(count, *passed_ms, calm_ms, 4, most_processes)
                               : part_of(count, every, samples, 2, most_processes);
    want_of_cgroups();
    processes_->look(near ? part * near_factor : part, uses_swap(sample), near, sample);
  } else {
    processes_->skip();
  }
  // Of these all in five minutes.
  constexpr unsigned least_cgroups = 4, most_cgroups = 24, near_cgroups = 8;
  constexpr std::uint64_t cgroups_ms = 300'000;
  const auto passed_ms = cgroups_turn_.take(sample.boot_ms, samples_, every);
  const unsigned part =
      passed_ms ? part_of(cgroups_->count(), *passed_ms, cgroups_ms, least_cgroups, most_cgroups)
                : 0;
  cgroups_->look(near ? near_cgroups : part, sample.machine.of(Field::mem_total),
                 passed_ms.has_value(), sample);
  sample.machine.set(Field::processes, processes_->count());
}

// Those of the look before: the processes come first, so that they are known with their cgroups.
void Sampler::want_of_cgroups() {
  for (std::size_t i = 0; i < record::most_cgroups; ++i) {
    const FullCgroup& cgroup = cgroups_->fullest()[i];
    const bool any = cgroup.id != 0;
    processes_->want(i, any ? cgroup.path.view() : std::string_view(),
                     any ? cgroup.fields.of(record::CgroupField::current) : 0);
  }
}

void Sampler::take_first(record::Sample& sample) {
  take_machine(sample, 1);
  cgroups_->look_at_all(sample.machine.of(Field::mem_total), sample);
  want_of_cgroups();
  processes_->look_at_all(uses_swap(sample), sample);
  processes_turn_.take(sample.boot_ms, samples_, 1);
  cgroups_turn_.take(sample.boot_ms, samples_, 1);
  sample.machine.set(Field::processes, processes_->count());
}

}  // namespace whyoom::linux
