// Limits of one process in bytes (setrlimit()), by one rule for all causes: the fullest process of
// the host is at its limit, or it rules the cause out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/claim.h"

namespace whyoom::diagnose {

struct ProcessLimitRule {
  // Of a process: what it has, and what it may have.
  std::optional<KiB> host::ProcessLimits::*used = nullptr;
  std::optional<std::uint64_t> host::ProcessLimits::*limit = nullptr;
  bool root_is_exempt = false;
  Message (*reached)(const std::string& who, Bytes used, Bytes limit) = nullptr;
  Message (*room)(const std::string& who, Bytes used, Bytes limit) = nullptr;
  Message (*what)(const std::string& who) = nullptr;  // "locked memory of sshd (pid 7)"
  Remedy (*remedy)(std::int64_t pid) = nullptr;
};

// Nothing when no process has such a limit.
std::vector<Claim> check_processes(const HostContext& context, const ProcessLimitRule& rule);

}  // namespace whyoom::diagnose
