#include "report/neighbour_lines.h"

#include "base/text.h"

namespace whyoom::report {
namespace {

std::optional<std::int64_t> signed_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return Cursor(text.substr(at + key.size())).take_signed();
}

std::optional<int> int_after(std::string_view text, std::string_view key) {
  const auto value = signed_after(text, key);
  if (!value || *value < -1 || *value > 1000000) {
    return std::nullopt;
  }
  return static_cast<int>(*value);
}

std::optional<std::uint64_t> unsigned_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return Cursor(text.substr(at + key.size())).take_unsigned();
}

}  // namespace

std::optional<SlubLine> parse_slub(std::string_view text) {
  if (!trim_left(text).starts_with("SLUB: Unable to allocate memory on ")) {
    return std::nullopt;
  }
  SlubLine line;
  // 6.12: "on CPU 3 (of node 0) on node -1": the last one is the node that was asked for.
  const std::size_t node = text.rfind("on node ");
  if (node != std::string_view::npos) {
    line.node = int_after(text.substr(node), "on node ");
  }
  const std::size_t gfp = text.find("gfp=0x");
  if (gfp != std::string_view::npos) {
    const std::string_view rest = text.substr(gfp + 6);
    std::size_t n = 0;
    while (n < rest.size() && is_hex_digit(rest[n])) {
      ++n;
    }
    if (const auto mask = parse_number<std::uint32_t>(rest.substr(0, n), 16)) {
      line.gfp = GfpText{*mask, std::nullopt};
      // "(gfp=0x20)" of older kernels has no names; "gfp=0xa20(GFP_ATOMIC)" has.
      const std::size_t close = rest.find(')', n);
      if (n < rest.size() && rest[n] == '(' && close != std::string_view::npos) {
        line.gfp->names = std::string(rest.substr(n + 1, close - n - 1));
      }
    }
  }
  return line;
}

bool read_slub_cache(std::string_view text, SlubFailure& slub) {
  constexpr std::string_view key = "cache: ";
  const std::string_view start = trim_left(text);
  const std::size_t size = start.rfind(", object size: ");
  if (!start.starts_with(key) || size == std::string_view::npos) {
    return false;
  }
  slub.cache = std::string(start.substr(key.size(), size - key.size()));
  slub.object_size = unsigned_after(start, "object size: ");
  slub.buffer_size = unsigned_after(start, "buffer size: ");
  slub.default_order = int_after(start, "default order: ");
  slub.min_order = int_after(start, "min order: ");
  return true;
}

std::optional<std::string_view> parse_fork_rejected(std::string_view text) {
  constexpr std::string_view key = "fork rejected by pids controller in ";
  const std::size_t at = text.find(key);
  // "cgroup: ", or what a cut left of it.
  constexpr std::string_view before = "cgroup: ";
  if (at == std::string_view::npos || !before.ends_with(trim_left(text.substr(0, at)))) {
    return std::nullopt;
  }
  const std::string_view path = trim(text.substr(at + key.size()));
  if (path.empty()) {
    return std::nullopt;
  }
  return path;
}

std::optional<OvercommitRefused::Request> parse_overcommit(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  if (!start.starts_with("__vm_enough_memory: ") && !start.starts_with("pid: ")) {
    return std::nullopt;
  }
  const std::size_t end = text.rfind("enough memory for the allocation");
  const std::size_t pid_at = text.find("pid: ");
  const std::size_t comm_at = text.find(", comm: ");
  if (end == std::string_view::npos || pid_at == std::string_view::npos ||
      comm_at == std::string_view::npos || comm_at < pid_at || end < comm_at) {
    return std::nullopt;
  }
  const auto pid = signed_after(text, "pid: ");
  if (!pid || *pid < 0) {
    return std::nullopt;
  }
  OvercommitRefused::Request request;
  request.pid = *pid;
  request.at = at;
  std::string_view rest = text.substr(comm_at + 8, end - comm_at - 8);
  const std::size_t bytes = rest.rfind(", bytes: ");
  if (bytes != std::string_view::npos) {
    request.bytes = unsigned_after(rest.substr(bytes), ", bytes: ");
    rest = rest.substr(0, bytes);
  } else {
    const std::size_t comma = rest.rfind(", ");  // ", not ", in 6.1 ", no "
    rest = rest.substr(0, comma);
  }
  request.comm = std::string(trim(rest));
  return request;
}

}  // namespace whyoom::report
