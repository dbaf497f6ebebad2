// One-line events of the kernel beside the OOM killer: SLUB, the pids controller, overcommit,
// tables that are full.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/header_lines.h"
#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind slub_failure, slub_cache, slub_node, fork_rejected, overcommit_refused,
    limit_line;

// "SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)"
std::optional<HeaderLine> parse_slub(std::string_view text, Place at);
// "  cache: kmalloc-64, object size: 64, buffer size: 64, default order: 0, min order: 0"
bool read_slub_cache(std::string_view text, SlubFailure& slub);
// "  node 0: slabs: 29822, objs: 29822, free: 0"
std::optional<SlubNode> parse_slub_node(std::string_view text, Place at);

// "cgroup: fork rejected by pids controller in /a" -> the path
std::optional<std::string_view> parse_fork_rejected(std::string_view text);

// "__vm_enough_memory: pid: 187, comm: app, bytes: 8388608 not enough memory for the allocation"
// `whole`: its end is there. What is cut off the end of a line is not given as a number.
std::optional<OvercommitRefused::Request> parse_overcommit(std::string_view text, Place at,
                                                           bool& whole);

// "TCP: out of memory -- consider tuning tcp_mem", "VFS: file-max limit 808720 reached" and the
// like.
std::optional<LimitReached> parse_limit_line(std::string_view text, Place at);

// At boot: "Memory: 415712K/785948K available (14345K kernel code, ..., 369980K reserved, ...)":
// what is reserved, in KiB.
std::optional<std::uint64_t> parse_reserved_at_boot(std::string_view text);

}  // namespace whyoom::report
