// What the network holds that has a limit of its own: the memory of TCP sockets, the neighbours.
// Sources: net/ipv4/proc.c sockstat_seq_show(), net/core/neighbour.c neigh_stat_seq_show().
#pragma once

#include <cstdint>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct Network {
  Maybe<Pages> tcp_pages;            // of all sockets
  Maybe<std::uint64_t> arp_entries;  // neighbours of IPv4
};

// /proc/net/sockstat: "TCP: inuse 640 orphan 2 tw 31 alloc 655 mem 22900"
Maybe<Pages> parse_sockstat(Lines lines);
// /proc/net/stat/arp_cache: the first number of the first row, in hex; every row has the same.
Maybe<std::uint64_t> parse_neighbours(Lines lines);

}  // namespace whyoom::host
