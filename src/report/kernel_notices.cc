#include "report/kernel_notices.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

std::optional<int> small_after(std::string_view text, std::string_view key) {
  return int_after(text, key, -1, 1000000);
}

constexpr int highest_order = 20;  // above any MAX_ORDER

// "kmalloc-64(9946:docker-1)": to 5.8 each cgroup has caches of its own (mm/slab_common.c
// memcg_create_kmem_cache()).
void split_cgroup(SlubFailure& slub) {
  const std::size_t open = slub.cache.rfind('(');
  if (open == std::string::npos || !slub.cache.ends_with(')')) {
    return;
  }
  Cursor cursor(std::string_view(slub.cache).substr(open + 1));
  if (cursor.take_unsigned() && cursor.take(':')) {
    slub.cgroup = std::string(cursor.rest().substr(0, cursor.rest().size() - 1));
    slub.cache.erase(open);
  }
}

}  // namespace

std::optional<HeaderLine> parse_slub(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  const bool is_slab = start.starts_with("SLAB: Unable to allocate memory on ");
  if (!is_slab && !start.starts_with("SLUB: Unable to allocate memory on ")) {
    return std::nullopt;
  }
  HeaderLine line;
  line.trigger.at = at;
  SlubFailure& slub = line.slub.emplace();
  slub.is_slab = is_slab;
  // 6.12: "on CPU 3 (of node 0) on node -1": the last one is the node that was asked for.
  const std::size_t node = text.rfind("on node ");
  if (node != std::string_view::npos) {
    slub.node = small_after(text.substr(node), "on node ");
  }
  // "(gfp=0x20)" of older kernels has no names; "gfp=0xa20(GFP_ATOMIC)" has.
  line.gfp = read_gfp(text, "gfp=0x");
  return line;
}

bool read_slub_cache(std::string_view text, SlubFailure& slub) {
  constexpr std::string_view key = "cache: ";
  const std::string_view start = trim_left(text);
  const std::size_t size = start.find(", object size: ");
  if (!start.starts_with(key) || size == std::string_view::npos) {
    return false;
  }
  slub.cache = std::string(start.substr(key.size(), size - key.size()));
  split_cgroup(slub);
  slub.object_size = number_after(start, "object size: ");
  slub.buffer_size = number_after(start, "buffer size: ");
  slub.default_order = int_after(start, "default order: ", 0, highest_order);
  slub.min_order = int_after(start, "min order: ", 0, highest_order);
  // SLAB has one order, and calls the size with its padding that of the object (mm/slab.c to 6.7).
  if (const auto order = int_after(start, ", order: ", 0, highest_order)) {
    slub.default_order = slub.min_order = order;
    slub.buffer_size = slub.object_size;
  }
  return true;
}

std::optional<SlubNode> parse_slub_node(std::string_view text, Place at) {
  constexpr std::uint64_t most_nodes = 1024;  // MAX_NUMNODES, CONFIG_NODES_SHIFT=10
  Cursor cursor(trim_left(text));
  const auto number = [&cursor](std::string_view before) {
    return cursor.take(before) ? cursor.take_unsigned() : std::nullopt;
  };
  const auto node = number("node ");
  auto slabs = number(": slabs: ");
  // SLAB prints those in use before all, and until 4.9 what is free, too (mm/slab.c
  // slab_out_of_memory()).
  const auto used_slabs = cursor.take('/') ? std::exchange(slabs, cursor.take_unsigned()) : slabs;
  auto objects = number(", objs: ");
  std::optional<std::uint64_t> free;
  if (cursor.take('/')) {
    const auto used = std::exchange(objects, cursor.take_unsigned());
    free = used && objects && *used <= *objects ? std::optional(*objects - *used) : std::nullopt;
  } else {
    free = number(", free: ");
  }
  if (!node || *node >= most_nodes || !slabs || !used_slabs || !objects || !free) {
    return std::nullopt;
  }
  return SlubNode{static_cast<int>(*node), *slabs, *objects, *free, at};
}

std::optional<std::string_view> parse_fork_rejected(std::string_view text) {
  constexpr std::string_view key = "fork rejected by pids controller in ";
  const std::size_t at = text.find(key);
  // "cgroup: ", or what a cut left of it; in a post also behind words of its author.
  constexpr std::string_view before = " cgroup: ";
  const std::string_view start = text.substr(0, at);
  if (at == std::string_view::npos ||
      !(before.ends_with(trim_left(start)) || start.ends_with(before))) {
    return std::nullopt;
  }
  const std::string_view path = trim(text.substr(at + key.size()));
  if (path.empty() || (path.front() != '/' && path.find(' ') != std::string_view::npos)) {
    return std::nullopt;  // or a sentence
  }
  return path;
}

std::optional<OvercommitRefused::Request> parse_overcommit(std::string_view text, Place at,
                                                           bool& whole) {
  const std::string_view start = trim_left(text);
  const bool named = start.starts_with("__vm_enough_memory: pid: ");
  const std::size_t told = text.rfind("enough memory for the allocation");
  whole = told != std::string_view::npos;
  const std::size_t end = whole ? told : text.size();
  const std::size_t pid_at = text.find("pid: ");
  const std::size_t comm_at = text.find(", comm: ");
  // The function prints no other line: what a wrap left of this one tells of the refusal, too.
  if ((!named && (!whole || !start.starts_with("pid: "))) || comm_at == std::string_view::npos ||
      comm_at < pid_at || end < comm_at) {
    return std::nullopt;
  }
  const auto pid = Cursor(text.substr(pid_at + 5)).take_signed();
  if (!pid || *pid < 0) {
    return std::nullopt;
  }
  OvercommitRefused::Request request;
  request.pid = *pid;
  request.at = at;
  std::string_view rest = text.substr(comm_at + 8, end - comm_at - 8);
  const std::size_t bytes = rest.rfind(", bytes: ");
  if (bytes != std::string_view::npos) {
    Cursor cursor(rest.substr(bytes + 9));
    const auto number = cursor.take_unsigned();
    if (number && cursor.take(' ')) {  // else the number may be cut
      request.bytes = number;
    }
    rest = rest.substr(0, bytes);
  } else {
    const std::size_t comma = rest.rfind(", ");  // ", not ", in 6.1 ", no "
    rest = comma == std::string_view::npos && !whole ? std::string_view() : rest.substr(0, comma);
  }
  request.comm = std::string(trim(rest));
  return request;
}

namespace {

// What the kernel says before and behind the part that differs. Where the name of a table stands
// first, `before` is empty. Sources: net/ipv4/tcp.c tcp_check_oom() ("Out of socket memory" and
// "too many of" until 3.2, each for tcp_mem or tcp_max_orphans), net/netfilter/nf_conntrack_core.c,
// fs/file_table.c alloc_empty_file(), net/core/neighbour.c neigh_alloc() and until 3.5
// net/ipv4/route.c, mm/cma.c cma_alloc() ("cma: " is lost on kernels of vendors), mm/percpu.c
// pcpu_alloc() (in capitals until 4.5), drivers/gpu/drm/vc4/vc4_bo.c vc4_bo_create() and before it
// drm_gem_cma_create().
struct LimitWords {
  LimitReached::What what;
  std::string_view before, behind;
  unsigned teller = 0;
};
constexpr LimitWords limit_words[] = {
    {LimitReached::What::tcp_memory, "TCP: out of memory", ""},
    {LimitReached::What::tcp_memory, "Out of socket memory", ""},
    {LimitReached::What::tcp_orphans, "TCP: too many orphaned", " sockets"},
    {LimitReached::What::tcp_orphans, "TCP: too many of orphaned", " sockets"},
    {LimitReached::What::tcp_orphans, "MPTCP: too many of orphaned", " sockets"},
    {LimitReached::What::conntrack, "nf_conntrack: table full", ""},
    {LimitReached::What::conntrack, "nf_conntrack: nf_conntrack: table full", ""},
    {LimitReached::What::conntrack, "ip_conntrack: table full", ""},
    {LimitReached::What::conntrack, "ip_conntrack: VPS ", " table full"},  // of OpenVZ
    {LimitReached::What::file_max, "VFS: file-max limit ", " reached"},
    {LimitReached::What::neighbour, "neighbour: ", ": neighbor table overflow!"},
    {LimitReached::What::neighbour, "Neighbour table overflow", ""},
    {LimitReached::What::cma, "cma", "alloc failed, req-size: "},
    {LimitReached::What::cma, "vc4-drm ", ": failed to allocate buffer with size ", 1},
    {LimitReached::What::cma, "[drm:vc4_bo_create", "*ERROR* Failed to allocate from ", 2},
    {LimitReached::What::cma, "vc4-drm ", "*ERROR* Failed to allocate from ", 2},
    {LimitReached::What::percpu, "percpu: allocation failed, size=", " align="},
    {LimitReached::What::percpu, "PERCPU: allocation failed, size=", " align="},
};

// Before "alloc failed": "cma_alloc: ", in 5.10 and later with the name of the area.
void read_cma(std::string_view middle, std::string_view rest, LimitReached& limit) {
  if (const auto area = after(middle, "_alloc: ")) {
    limit.name = std::string(area->substr(0, area->rfind(": ")));
  }
  limit.bytes = number_after(rest, "with size ");
  limit.pages = number_after(rest, "req-size: ");
  limit.error = int_after(rest, "ret: ", -4095, 0);
}

// A number that the line goes on behind: it is not cut.
std::optional<std::uint64_t> take_before(Cursor& cursor, std::string_view word) {
  const auto number = cursor.take_unsigned();
  return number && cursor.take(word) ? number : std::nullopt;
}

// What mails put before a line: a quotation mark, and the rest of a time that was wrapped.
std::string device_of(std::string_view name) {
  const std::size_t quoted = name.find_first_not_of("|>\" ");
  name.remove_prefix(std::min(quoted, name.size()));
  const std::size_t time = name.find_first_not_of("0123456789.");
  if (time != 0 && time != std::string_view::npos && name.substr(time).starts_with("] ")) {
    name.remove_prefix(time + 2);
  }
  return std::string(name);
}

// "v3d fec00000.v3d: swiotlb buffer is full (sz: 536576 bytes), total 32768 (slots), used 3487
// (slots)", until 5.1 without what follows the size (kernel/dma/swiotlb.c
// swiotlb_tbl_map_single(), lib/swiotlb.c until 4.17). Before 5.0 a second line says it again, in
// old kernels alone: "ahci 0000:00:1f.2: DMA: Out of SW-IOMMU space for 65536 bytes", earlier "DMA:
// Out of SW-IOMMU space for 65536 bytes at device 0000:00:1f.2", first "PCI-DMA" (swiotlb_full()).
std::optional<LimitReached> read_swiotlb(std::string_view line, Place at) {
  constexpr std::string_view full = "swiotlb buffer is full (sz:";
  constexpr std::string_view out = "DMA: Out of SW-IOMMU space for ";
  constexpr std::string_view behind_name = ": ";
  constexpr std::size_t longest_name = 80;
  std::size_t start = line.find(full);
  const bool again = start == std::string_view::npos;
  start = again ? line.find(out) : start;
  if (start > longest_name) {
    return std::nullopt;
  }
  std::string_view name = line.substr(0, start);
  if (trim(name).find_first_not_of('#') == std::string_view::npos || (again && name == "PCI-")) {
    name = {};  // the title of an issue, in Markdown
  }
  Cursor cursor(line.substr(start + (again ? out : full).size()));
  cursor.skip_spaces();
  LimitReached limit;
  limit.what = LimitReached::What::swiotlb;
  limit.at = at;
  limit.count = 1;
  const bool wrapped = !again && cursor.rest().empty();
  limit.bytes = take_before(cursor, again ? " bytes" : " bytes)");
  if (!limit.bytes && !wrapped) {
    return std::nullopt;
  }
  if (cursor.take(", total ")) {
    limit.limit = take_before(cursor, " (slots)");
  }
  if (limit.limit && cursor.take(", used ")) {
    limit.used = take_before(cursor, " (slots)");
  }
  if (!name.empty() && !name.ends_with(behind_name)) {
    if (!limit.used) {
      return std::nullopt;
    }
    name = {};  // "I get swiotlb buffer is full (..": somebody tells of the whole line
  }
  limit.name = device_of(name.substr(0, name.size() - std::min(name.size(), behind_name.size())));
  if (again && cursor.take(" at device ")) {
    limit.name = std::string(cursor.rest());
  }
  limit.teller = again ? 1 : 0;
  return limit;
}

// "XFS: nginx(31293) possible memory allocation deadlock size 65728 in kmem_alloc (mode:0x250)", at
// each 100th try of a request that may not fail (fs/xfs/kmem.c to 6.8, fs/xfs/xfs_buf.c to 5.12);
// before 4.4 without the process and the size.
std::optional<LimitReached> read_xfs(std::string_view line, Place at) {
  constexpr std::string_view words = "possible memory allocation deadlock";
  constexpr std::size_t longest_name = 4 * 15 + 12;  // of bytes as \xNN, and "(4194304) "
  Cursor cursor(line);
  if (!cursor.take("XFS: ") && !cursor.take("xfs: ")) {
    return std::nullopt;
  }
  const std::string_view said = cursor.rest();
  const std::size_t start = said.find(words);
  if (start > longest_name || (start != 0 && !said.substr(0, start).ends_with(") "))) {
    return std::nullopt;
  }
  LimitReached limit;
  limit.what = LimitReached::What::xfs_memory;
  limit.count = 1;
  limit.at = at;
  cursor = Cursor(said.substr(start + words.size()));
  if (cursor.take(" size ")) {
    limit.bytes = cursor.take_unsigned();
  }
  if (!cursor.take(" in ")) {
    return limit;  // a mail wrapped it
  }
  const std::string_view rest = cursor.rest();
  const std::size_t end = std::min(rest.find_first_of(" %"), rest.size());
  if (end > 0 && rest.substr(end).starts_with(" (mode:0x") && rest.ends_with(')')) {
    limit.name = std::string(rest.substr(0, end));
  }
  return limit;
}

// Which table it is, where the kernel says that of neighbours: until 3.5 with the protocol alone,
// "ipv6: " or "IPv4: ". Moves `line` behind it.
std::string take_protocol(std::string_view& line) {
  const std::string_view v = line.substr(0, 3);
  if ((v != "ipv" && v != "IPv") || line.find(": Neighbour table overflow") != 4) {
    return {};
  }
  const bool six = line[3] == '6';
  line.remove_prefix(6);
  return six ? "ndisc_cache" : "arp_cache";
}

void read_numbers(const LimitWords& words, std::string_view middle, std::string_view rest,
                  LimitReached& limit) {
  if (words.what == LimitReached::What::conntrack && !words.behind.empty()) {
    limit.name = "VPS " + std::string(middle);  // the container
  } else if (words.what == LimitReached::What::file_max) {
    limit.limit = Cursor(middle).take_unsigned();
  } else if (words.what == LimitReached::What::cma) {
    read_cma(middle, rest, limit);
  } else if (words.what == LimitReached::What::percpu) {
    limit.bytes = Cursor(middle).take_unsigned();
    // Behind "align=64, " or "align=64 atomic=0, ".
    limit.name = std::string(after(rest, ", ").value_or(""));
  } else if (words.what == LimitReached::What::neighbour && !words.behind.empty()) {
    limit.name = std::string(middle);
  }
}

}  // namespace

std::optional<LimitReached> parse_limit_line(std::string_view text, Place at) {
  std::string_view line = trim(text);
  LimitReached limit;
  limit.name = take_protocol(line);
  limit.count = 1;
  limit.at = at;
  for (const LimitWords& words : limit_words) {
    if (!line.starts_with(words.before)) {
      continue;
    }
    const std::string_view rest = line.substr(words.before.size());
    const std::size_t end = rest.find(words.behind);
    if (end == std::string_view::npos ||
        (words.what == LimitReached::What::conntrack && rest.substr(0, end).find(' ') < end)) {
      continue;
    }
    limit.what = words.what;
    limit.teller = words.teller;
    limit.either =
        line.starts_with("Out of socket memory") || words.before.ends_with(" of orphaned");
    read_numbers(words, rest.substr(0, end), rest.substr(end), limit);
    return limit;
  }
  if (auto xfs = read_xfs(line, at)) {
    return xfs;
  }
  return read_swiotlb(line, at);
}

namespace {

// What of it a mail can have wrapped into the next line.
void judge_wrap(const LimitReached& limit, KernelLine& out) {
  using What = LimitReached::What;
  if (limit.what == What::swiotlb) {
    // Only a line whose numbers are all there ends here: the kernel prints them since 5.2.
    // "swiotlb buffer is full (sz:" alone says nothing.
    out.good = limit.bytes.has_value();
    out.fullness = limit.used ? Fullness::whole
                   : out.good ? Fullness::extensible
                              : Fullness::partial;
    out.score = (out.good ? 1 : 0) + (limit.limit ? 1 : 0) + (limit.used ? 1 : 0);
  } else if (limit.what == What::xfs_memory || limit.what == What::percpu) {
    out.good = limit.what == What::percpu || !limit.name.empty();
    out.fullness = whole_if(!limit.name.empty());
    out.score = limit.name.empty() ? 0 : 1;
  }
}

bool read_limit_line(std::string_view text, Place at, KernelLine& out) {
  auto limit = parse_limit_line(text, at);
  if (!limit) {
    return false;
  }
  judge_wrap(*limit, out);
  out.part = *std::move(limit);
  return true;
}

bool read_slub_cache_line(std::string_view text, Place /*at*/, KernelLine& out) {
  SlubFailure& slub = out.part.emplace<HeaderLine>().slub.emplace();
  const bool is_line = read_slub_cache(text, slub);
  out.score = (slub.object_size ? 1 : 0) + (slub.buffer_size ? 1 : 0) +
              (slub.default_order ? 1 : 0) + (slub.min_order ? 1 : 0);
  out.fullness = whole_if(slub.min_order.has_value());  // the last of them
  return is_line;
}

bool read_slub_node(std::string_view text, Place at, KernelLine& out) {
  const auto node = parse_slub_node(text, at);
  if (node) {
    out.part.emplace<HeaderLine>().slub.emplace().nodes.push_back(*node);
  }
  return node.has_value();
}

bool read_fork_rejected(std::string_view text, Place at, KernelLine& out) {
  const auto path = parse_fork_rejected(text);
  if (path) {
    out.part = ForkRejected{std::string(*path), 1, at};
    out.score = 1;
    return true;
  }
  // Wrapped before the path, which is as long as it is.
  out.good = !text.ends_with("cgroup: fork rejected by pids controller in");
  out.fullness = whole_if(out.good);
  return !out.good;
}

bool read_overcommit(std::string_view text, Place at, KernelLine& out) {
  bool whole = false;
  auto request = parse_overcommit(text, at, whole);
  if (!request) {
    return false;
  }
  out.fullness = whole_if(whole);
  out.score = (whole ? 2 : 0) + (request->bytes ? 1 : 0);
  out.part = std::move(*request);
  return true;
}

}  // namespace

std::optional<std::uint64_t> parse_reserved_at_boot(std::string_view text) {
  if (!text.starts_with("Memory: ")) {
    return std::nullopt;
  }
  const std::string_view before = text.substr(0, text.find("K reserved"));
  return number_after(before.substr(std::min(before.rfind(','), before.size())), ", ");
}

const LineKind slub_failure{.read = read_part<parse_slub>};
const LineKind slub_cache{.read = read_slub_cache_line};
const LineKind slub_node{.read = read_slub_node};
const LineKind fork_rejected{.read = read_fork_rejected};
const LineKind limit_line{.read = read_limit_line};
const LineKind overcommit_refused{.read = read_overcommit};

}  // namespace whyoom::report
