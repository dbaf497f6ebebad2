#include "logtext/literal_buckets.h"

#include <bit>
#include <limits>

namespace whyoom::logtext {

namespace {

constexpr std::size_t bucket_count = 8;

// Share of a byte in log text, in 1/1000; only the rough size matters. From kernel, syslog and
// service logs, blanks at the start of table columns left out.
constexpr std::array<float, 256> byte_shares() {
  std::array<float, 256> shares{};
  for (float& share : shares) {
    share = 0.1F;
  }
  struct Class {
    std::string_view bytes;
    float share;
  };
  constexpr std::array<Class, 9> classes{{{" ", 130.0F},
                                          {"0e", 50.0F},
                                          {"12trosian", 38.0F},
                                          {"3456789dlc", 28.0F},
                                          {":.-mpu[]\n", 18.0F},
                                          {"fhgkb/_=v", 13.0F},
                                          {"yw,xTSADCPMIERNOL\"", 6.0F},
                                          {"()qzjUFGBHKVW+'", 3.0F},
                                          {"JQXYZ<>;@#*%&{}\\|?!~^$`", 1.5F}}};
  for (const Class& entry : classes) {
    for (const char byte : entry.bytes) {
      shares[static_cast<unsigned char>(byte)] = entry.share;
    }
  }
  return shares;
}

constexpr std::array<float, 256> shares = byte_shares();

// Words that are far more common than their letters; a print inside one is a bad print.
constexpr std::array<std::string_view, 20> common_words{
    "kernel: ", "systemd", " memory ", "process", " of ",    "session", "active",
    "daemon",   "/page",   "failed",   "service", "user",    "level",   " from ",
    "started",  " for ",   "info",     "error",   "reserve", "enough"};

bool is_common(std::string_view four) {
  for (const std::string_view word : common_words) {
    if (word.find(four) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Which low and which high nibbles a bucket lets through, for each byte of the print.
struct Nibbles {
  std::array<std::uint16_t, 4> low{};
  std::array<std::uint16_t, 4> high{};
};

Nibbles merged(const Nibbles& a, const Nibbles& b) {
  Nibbles both = a;
  for (std::size_t k = 0; k < 4; ++k) {
    both.low[k] = static_cast<std::uint16_t>(both.low[k] | b.low[k]);
    both.high[k] = static_cast<std::uint16_t>(both.high[k] | b.high[k]);
  }
  return both;
}

// Estimated share of positions in other text that the bucket would let through.
double cost(const Nibbles& bucket) {
  double product = 1;
  for (std::size_t k = 0; k < 4; ++k) {
    double sum = 0;
    for (std::uint32_t high = bucket.high[k]; high != 0; high &= high - 1) {
      for (std::uint32_t low = bucket.low[k]; low != 0; low &= low - 1) {
        const auto byte = static_cast<std::size_t>(std::countr_zero(high)) * 16 +
                          static_cast<std::size_t>(std::countr_zero(low));
        sum += static_cast<double>(shares[byte]);
      }
    }
    product *= sum / 1000;
  }
  return product;
}

}  // namespace

Print rarest_print(std::string_view literal) {
  Print best;
  double best_share = std::numeric_limits<double>::max();
  for (std::size_t offset = 0; offset + 4 <= literal.size(); ++offset) {
    Print print{{}, offset};
    double share = 1;
    for (std::size_t k = 0; k < 4; ++k) {
      print.bytes[k] = static_cast<unsigned char>(literal[offset + k]);
      share *= static_cast<double>(shares[print.bytes[k]]) / 1000;
    }
    if (is_common(literal.substr(offset, 4))) {
      share *= 1000;
    }
    if (share < best_share) {
      best_share = share;
      best = print;
    }
  }
  return best;
}

std::array<std::uint8_t, 64> group_prints(std::span<const Print> prints) {
  std::array<std::uint8_t, 64> group_of{};
  std::array<Nibbles, 64> groups{};
  std::array<double, 64> costs{};
  std::size_t count = std::min<std::size_t>(prints.size(), group_of.size());
  for (std::size_t i = 0; i < count; ++i) {
    group_of[i] = static_cast<std::uint8_t>(i);
    for (std::size_t k = 0; k < 4; ++k) {
      groups[i].low[k] = static_cast<std::uint16_t>(1U << (prints[i].bytes[k] & 15U));
      groups[i].high[k] = static_cast<std::uint16_t>(1U << (prints[i].bytes[k] >> 4U));
    }
    costs[i] = cost(groups[i]);
  }
  const std::size_t literals = count;
  for (; count > bucket_count; --count) {
    std::size_t keep = 0;
    std::size_t gone = 1;
    double least = std::numeric_limits<double>::max();
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = a + 1; b < count; ++b) {
        const double more = cost(merged(groups[a], groups[b])) - costs[a] - costs[b];
        if (more < least) {
          least = more;
          keep = a;
          gone = b;
        }
      }
    }
    groups[keep] = merged(groups[keep], groups[gone]);
    costs[keep] = cost(groups[keep]);
    groups[gone] = groups[count - 1];
    costs[gone] = costs[count - 1];
    for (std::size_t i = 0; i < literals; ++i) {
      if (group_of[i] == gone) {
        group_of[i] = static_cast<std::uint8_t>(keep);
      }
      if (group_of[i] == count - 1) {
        group_of[i] = static_cast<std::uint8_t>(gone);
      }
    }
  }
  return group_of;
}

}  // namespace whyoom::logtext
