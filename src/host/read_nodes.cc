// /sys: nodes, huge pages, transparent huge pages, the multi-generational LRU.
#include <optional>

#include "base/text.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr auto person = Lines::End::person;
constexpr std::size_t most_nodes = 1024;
constexpr std::size_t most_pools = 16;

// "hugepages-2048kB" -> 2048
std::optional<KiB> pool_size(std::string_view name) {
  constexpr std::string_view prefix = "hugepages-";
  if (!name.starts_with(prefix) || !name.ends_with("kB")) {
    return std::nullopt;
  }
  name.remove_prefix(prefix.size());
  name.remove_suffix(2);
  const auto size = parse_number<std::uint64_t>(name);
  return size ? std::optional(KiB(*size)) : std::nullopt;
}

struct PoolFile {
  std::string_view name;
  Maybe<std::uint64_t> HugePool::*member;
};
constexpr PoolFile pool_files[] = {
    {"nr_hugepages", &HugePool::total},
    {"free_hugepages", &HugePool::free},
    {"resv_hugepages", &HugePool::reserved},
    {"surplus_hugepages", &HugePool::surplus},
    {"nr_overcommit_hugepages", &HugePool::overcommit},
};

std::vector<HugePool> read_pools(Reader& reader, const std::string& directory) {
  std::vector<HugePool> pools;
  const auto entries = reader.list(directory, Message("the huge page pools are not known"));
  if (!entries) {
    return pools;
  }
  for (const Entry& entry : *entries) {
    const auto size = pool_size(entry.name);
    if (!size || !entry.is_directory || pools.size() == most_pools) {
      continue;
    }
    HugePool pool;
    pool.page_size = *size;
    for (const PoolFile& file : pool_files) {
      const std::string path = directory + "/" + entry.name + "/" + std::string(file.name);
      reader.parse(path, pool.*file.member, parse_flags, Message(), Absent::normal, person);
    }
    pools.push_back(pool);
  }
  return pools;
}

// "node12" -> 12
std::optional<int> node_id(std::string_view name) {
  if (!name.starts_with("node")) {
    return std::nullopt;
  }
  const auto id = parse_number<std::uint16_t>(name.substr(4));
  return id ? std::optional<int>(*id) : std::nullopt;
}

void read_each_node(Reader& reader) {
  const std::string top = "/sys/devices/system/node";
  Nodes& nodes = reader.host().nodes;
  const auto entries = reader.list(top, Message("the memory of each node is not known"));
  if (!entries) {
    return;
  }
  reader.parse(top + "/online", nodes.online, parse_ranges, Message(), Absent::normal, person);
  reader.parse(top + "/has_memory", nodes.has_memory, parse_ranges, Message(), Absent::normal,
               person);
  reader.parse(top + "/has_normal_memory", nodes.has_normal_memory, parse_ranges, Message(),
               Absent::normal, person);
  for (const Entry& entry : *entries) {
    const auto id = node_id(entry.name);
    if (!id || nodes.nodes.size() == most_nodes) {
      continue;
    }
    Node node;
    node.id = *id;
    const std::string path = top + "/" + entry.name;
    if (const auto loaded =
            reader.load(path + "/meminfo", Message("the memory of node {} is not known", *id))) {
      node.meminfo = parse_node_meminfo(reader.lines(*loaded), *id);
    }
    node.huge_pools = read_pools(reader, path + "/hugepages");
    nodes.nodes.push_back(std::move(node));
  }
}

}  // namespace

void read_nodes(Reader& reader) {
  Host& host = reader.host();
  const std::string mm = "/sys/kernel/mm/";
  read_each_node(reader);
  host.huge_pools = read_pools(reader, mm + "hugepages");
  const auto choice = [&](const char* file, Maybe<std::string>& field) {
    reader.parse(mm + "transparent_hugepage/" + file, field, parse_choice,
                 Message("whether transparent huge pages are on is not known"), Absent::normal,
                 person);
  };
  choice("enabled", host.transparent_huge.enabled);
  choice("defrag", host.transparent_huge.defrag);
  choice("shmem_enabled", host.transparent_huge.shmem_enabled);
  reader.parse(mm + "transparent_hugepage/hpage_pmd_size", host.transparent_huge.pmd_bytes,
               parse_flags, Message(), Absent::normal, person);
  reader.parse(mm + "lru_gen/enabled", host.lru_gen.enabled, parse_flags, Message(), Absent::normal,
               person);
  reader.parse(mm + "lru_gen/min_ttl_ms", host.lru_gen.min_ttl_ms, parse_flags, Message(),
               Absent::normal, person);
}

}  // namespace whyoom::host
