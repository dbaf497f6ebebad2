#include "linux/recorder/sampler.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

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

// While nothing moves, the zones and the counters of one look in eight will do.
bool Sampler::needs_zones(const record::MachineFields& machine, bool calm) {
  constexpr unsigned calm_looks = 8;
  constexpr std::uint64_t part_that_moved = 64;  // of RAM
  const std::uint64_t available = machine.of(Field::mem_available);
  const std::uint64_t before = zones_available_;
  const std::uint64_t moved = available > before ? available - before : before - available;
  if (calm && looks_ % calm_looks != 0 && machine.of(Field::psi_some_us) == zones_waited_us_ &&
      machine.get(Field::min_free_kbytes) == zones_min_free_ &&
      moved < machine.of(Field::mem_total) / part_that_moved) {
    return false;
  }
  zones_available_ = available;
  zones_waited_us_ = machine.of(Field::psi_some_us);
  zones_min_free_ = machine.get(Field::min_free_kbytes);
  return true;
}

void Sampler::read_settings(record::MachineFields& machine) {
  // The first one is what somebody raises without knowing what it does; of the others one a look.
  const std::size_t other = 1 + looks_++ % (settings_.size() - 1);
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const Field field = record::settings()[i].field;
    if (i == 0 || i == other || looks_ == 1) {
      const std::string_view text = settings_[i].read_short({room_.get(), 64});
      known_settings_.set(field, field == Field::panic_seconds ? record::scan_signed(text)
                                                               : record::scan_number(text));
    }
    machine.set(field, known_settings_.get(field));
  }
}

void Sampler::take_machine(record::Sample& sample, bool calm) {
  sample.real_ms = static_cast<std::int64_t>(clock_ms(CLOCK_REALTIME));
  sample.boot_ms = clock_ms(CLOCK_BOOTTIME);
  record::MachineFields& machine = sample.machine;
  const record::MachineFields before = std::exchange(machine, {});
  const std::span<char> room(room_.get(), room_size);
  record::scan_meminfo(meminfo_.read_short(room), machine);
  record::scan_pressure(pressure_.read_short({room_.get(), 256}), machine);
  record::scan_loadavg(loadavg_.read_short({room_.get(), 128}), machine);
  read_settings(machine);
  if (needs_zones(machine, calm)) {
    record::scan_vmstat(vmstat_.read(room), machine);
    record::scan_zoneinfo(zoneinfo_.read(room), sample.zones);
  } else {
    record::keep_vmstat(before, machine);
  }
}

void Sampler::take(record::Sample& sample, Closeness closeness) {
  const bool near = closeness == Closeness::near, calm = closeness == Closeness::calm;
  take_machine(sample, calm);
  // All of them in twenty looks, or a minute of them, and never so many that it is felt.
  constexpr unsigned least = 2, most = 200, calm_most = 48, near_factor = 8, near_cgroups = 8;
  constexpr std::uint64_t looks = 20, calm_looks = 60;
  const auto part = static_cast<unsigned>(std::clamp<std::uint64_t>(
      processes_->count() / (calm ? calm_looks : looks), least, calm ? calm_most : most));
  want_of_cgroups();
  processes_->look(near ? part * near_factor : part, uses_swap(sample), closeness, sample);
  cgroups_->look(near ? near_cgroups : looks_ % 2, sample.machine.of(Field::mem_total), calm,
                 sample);
  sample.machine.set(Field::processes, processes_->count());
}

// Those of the look before: the processes come first, so that they are known with their cgroups.
void Sampler::want_of_cgroups() {
  WantedCgroups wanted;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const FullCgroup& cgroup = cgroups_->fullest()[i];
    if (cgroup.id != 0) {
      wanted[i] = {cgroup.path.view(), cgroup.fields.of(record::CgroupField::current)};
    }
  }
  processes_->want(wanted);
}

void Sampler::take_whole(record::Sample& sample) {
  take_machine(sample, false);
  cgroups_->look_at_all(sample.machine.of(Field::mem_total), sample);
  want_of_cgroups();
  processes_->look_at_all(uses_swap(sample), sample);
  sample.machine.set(Field::processes, processes_->count());
}

}  // namespace whyoom::linux
