// The kernel's texts of /proc as the recorder reads them, once a second and without allocating
// anything: only the numbers of a sample are taken, what is missing or makes no sense stays
// unknown. (src/host reads the same files whole, with the place of each number.)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "record/sample.h"

namespace whyoom::record {

void scan_meminfo(std::string_view text, MachineFields& machine);
void scan_vmstat(std::string_view text, MachineFields& machine);
// What scan_vmstat() found the last time.
void keep_vmstat(const MachineFields& before, MachineFields& machine);
void scan_pressure(std::string_view text, MachineFields& machine);  // /proc/pressure/memory
void scan_loadavg(std::string_view text, MachineFields& machine);
// Zones with managed pages, in their order; those beyond `most_zones` are left out.
void scan_zoneinfo(std::string_view text, std::array<ZoneFields, most_zones>& zones);

// A file that is one number; nullopt of "max" too.
std::optional<std::uint64_t> scan_number(std::string_view text);
std::optional<std::uint64_t> scan_signed(std::string_view text);  // zigzag
// The number behind a word at the beginning of a line: "oom_kill 3" in memory.events, "VmSwap:" in
// status.
std::optional<std::uint64_t> scan_named(std::string_view text, std::string_view name);
// The second number of /proc/PID/statm: resident pages.
std::optional<std::uint64_t> scan_statm(std::string_view text);
// The 22nd field of /proc/PID/stat: when the process began, in ticks since boot.
std::optional<std::uint64_t> scan_start(std::string_view text);

// "6,1234,5678,-;text": what is before the text, and the text up to the end of its line.
struct KmsgLine {
  std::uint64_t priority = 0, sequence = 0, at_us = 0;
  std::string_view line;  // all of it but what follows in lines of its own
  std::string_view text;
  [[nodiscard]] bool by_kernel() const { return priority >> 3U == 0; }
};
std::optional<KmsgLine> scan_kmsg(std::string_view record);
// When the kernel said `line`, in ms since 1970; `note` is the record of it. A recorder that begins
// takes in older lines, which are as old as their stamps. A stamp stands still while the machine
// sleeps, so no line is taken for older than the last sample of this boot before it.
std::int64_t said_at_ms(const Note& note, const KmsgLine& line,
                        std::optional<std::int64_t> last_sample_ms);
// "Memory cgroup out of memory: Killed process 12 (name)": one line for each kill.
bool tells_kill(std::string_view text);

}  // namespace whyoom::record
