// Numbers as people read them. Sizes carry their unit; 1 KiB is 1024 bytes.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace whyoom {

std::string human(Bytes size);              // "761 MiB", "1.25 GiB", "512 bytes"
std::string kb(Bytes size);                 // "779244 kB", as the kernel writes it
std::string percent(double share);          // 0.0436 -> "4.4 %", 0.5 -> "50 %", 0.0004 -> "0.04 %"
std::string grouped(std::uint64_t number);  // "10,338"
std::string two_digits(std::int64_t number);  // "07"
std::string seconds(double value);            // "0.68 s", "3 min 12 s"
// "1 process", "5 processes". A catalogue has "{} processes", for every number: Chinese needs no
// more.
std::string plural(std::uint64_t n, const char* one, const char* many);

}  // namespace whyoom
