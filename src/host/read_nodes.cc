// /sys: nodes, huge pages, transparent huge pages, the multi-generational LRU.
#include <optional>

#include "base/language.h"
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

constexpr NamedField<HugePool, std::uint64_t> pool_files[] = {
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
    for (const auto& file : pool_files) {
      const std::string path = directory + "/" + entry.name + "/" + std::string(file.name);
      reader.parse(path, pool.*file.member, parse_flags, Message(), Absent::normal, person);
    }
    pools.push_back(pool);
  }
  return pools;
}

// The usual pool, where the directory of all could not be read.
std::vector<HugePool> pool_of(const Meminfo& info) {
  HugePool pool;
  pool.total = info.hugepages_total;
  pool.free = info.hugepages_free;
  pool.reserved = info.hugepages_rsvd;
  if (info.hugepage_size) {
    pool.page_size = info.hugepage_size->value;
  }
  return info.hugepage_size && pool.total && pool.free ? std::vector{pool}
                                                       : std::vector<HugePool>();
}

// "node12" -> 12
std::optional<int> node_id(std::string_view name) {
  if (!name.starts_with("node")) {
    return std::nullopt;
  }
  const auto id = parse_number<std::uint16_t>(name.substr(4));
  return id ? std::optional<int>(*id) : std::nullopt;
}

void keep_each_node(Reader& reader) {
  if (!reader.options().for_capture) {
    return;
  }
  const std::string top = "/sys/devices/system/node";
  const auto entries = reader.list(top, Message("the memory of each node is not known"));
  if (!entries) {
    return;
  }
  std::size_t nodes = 0;
  for (const char* file : {"/online", "/has_memory", "/has_normal_memory"}) {
    reader.keep(top + file);
  }
  for (const Entry& entry : *entries) {
    const auto id = node_id(entry.name);
    if (id && ++nodes <= most_nodes) {
      const std::string path = top + "/" + entry.name;
      reader.keep(tr("{}/meminfo", path), Message("the memory of node {} is not known", *id));
      read_pools(reader, tr("{}/hugepages", path));
    }
  }
}

}  // namespace

void read_nodes(Reader& reader) {
  Host& host = reader.host();
  const std::string mm = "/sys/kernel/mm/";
  keep_each_node(reader);
  host.huge_pools = read_pools(reader, tr("{}hugepages", mm));
  if (host.huge_pools.empty()) {
    host.huge_pools = pool_of(host.meminfo);
  }
  const Message huge("whether transparent huge pages are on is not known");
  reader.parse(mm + "transparent_hugepage/enabled", host.transparent_huge, parse_choice, huge,
               Absent::normal, person);
  for (const char* file : {"defrag", "shmem_enabled"}) {
    reader.keep(tr("{}transparent_hugepage/{}", mm, file), huge);
  }
  for (const char* file :
       {"transparent_hugepage/hpage_pmd_size", "lru_gen/enabled", "lru_gen/min_ttl_ms"}) {
    reader.keep(mm + file);
  }
}

}  // namespace whyoom::host
