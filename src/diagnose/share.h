// The causes of the form "X holds a big share of RAM": each is a row of this shape, judged by one
// rule in a log and by one on a host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnose/claim.h"

namespace whyoom::diagnose {

// A process needs page tables and a kernel stack, however small it is. Page tables beyond that come
// of what it maps.
inline constexpr Bytes least_page_tables(std::uint64_t{64} * 1024);
inline constexpr Bytes largest_kernel_stack(std::uint64_t{16} *
                                            1024);  // THREAD_SIZE, x86-64, arm64

// Of RAM. In a report the memory is known to be missing.
inline constexpr double big_share = 0.25;      // says why memory ran out
inline constexpr double notable_share = 0.10;  // has helped
// On a host that still works.
inline constexpr double big_on_host = 0.30;
// More than all else together.
inline constexpr double most_of_ram = 0.50;
// Of RAM, kept back by vm.min_free_kbytes: with less to win, memory was used up and the setting
// only brought the end forward.
inline constexpr double big_min_free = 0.05;
// With less nothing that holds memory is what it went to.
inline constexpr Bytes notable_size{std::uint64_t{64} << 20U};

struct ShareRow {
  memory::AccountLine::What what{};              // in the account of a report
  Maybe<KiB> host::Meminfo::*counter = nullptr;  // on a host
  double least_on_host = big_on_host;
  Message (*name)() = nullptr;  // "page tables"
  Message (*little)(const std::string& size, const std::string& part) = nullptr;
  Message (*much)(const std::string& size, const std::string& part) = nullptr;
  Message (*much_on_host)(const std::string& size, const std::string& part) = nullptr;  // or `much`
  // More numbers; on a host of a risk only.
  void (*prove)(Claim& claim, const Context& context) = nullptr;
  void (*prove_on_host)(Claim& claim, const HostContext& context) = nullptr;
  Remedy (*remedy)(const Context* context) = nullptr;  // nullptr: on a host
};

// The report tells what the stacks of threads hold: the zones' lines, from 5.9 on those of the
// nodes.
bool shows_stacks(const memory::Evidence& evidence);
Message line_of_stacks();

// What a part of RAM is in a report of used up memory.
Role role_of_share(double part);

std::optional<Claim> judge_share(const Context& context, const ShareRow& row);
std::vector<Claim> check_share(const HostContext& context, const ShareRow& row);
struct HostShare;
// The same of a size that another way tells.
std::vector<Claim> check_share(const HostContext& context, const ShareRow& row,
                               const HostShare& part);

template <const ShareRow& row>
Cause share_cause(std::string_view id, char section, std::string_view title) {
  return {id, section, title, [](const Context& context) { return judge_share(context, row); },
          [](const HostContext& context) { return check_share(context, row); }};
}

// A number of a host against its RAM.
struct HostShare {
  Bytes size, ram;
  Place size_at{}, ram_at{};
  [[nodiscard]] double part() const { return share(size, ram); }
};

// A risk from `least` on, else ruled out; with the two numbers as proof.
Claim share_claim(Rank rank, const HostShare& share, double least, Message what, Message risk);

// The process that has most of something.
void prove_biggest(Finding& finding, const HostContext& context,
                   std::optional<KiB> host::Process::*size,
                   Message (*name)(const std::string& process));

}  // namespace whyoom::diagnose
