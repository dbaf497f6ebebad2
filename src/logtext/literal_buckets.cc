#include "logtext/literal_buckets.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

namespace whyoom::logtext {

namespace {

constexpr std::size_t bucket_count = 8;
constexpr std::size_t most = 64;

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

// Words that are far more common than their letters; a print inside one is a bad print, and so is a
// bucket that lets a part of one through.
constexpr std::string_view common_words =
    "kernel: \nsystemd\n memory \nprocess\n of \nsession\nactive\ndaemon\n/page\nfailed\n"
    "service\nuser\nlevel\n from \nstarted\n for \ninfo\nerror\nreserve\nenough\nfor de\n"
    "connection\n port \npid=\n killed\nrequest\nversion\ndevice\ndriver\nmessage\nmsg=\n"
    "time=\nclosed\nopened\nStarted \nStopped \n(root) \ninvalid\npassword\nsshd[\n"
    "authentication failure\nclient\nserver\naddress\nAccepted \nHTTP/1.1\ncontainer\n"
    "namespace\nlocal\nnetwork\nblock\nconfig\nregister\nsocket\ndefault\ncom.\njava\nload\n"
    "cache\nalloc\nlocation\nTask\nlocked\nfull\nmemory:\nMemory\nlimit\ndirectory\nsummary\n"
    "order\nvisible\nShow\n";
// One for each four neighbours in it.
constexpr std::size_t gram_count = common_words.size() - 3;
constexpr double gram_share = 1e-4;

bool is_common(std::string_view four) { return common_words.find(four) != std::string_view::npos; }

using Grams = std::array<std::uint64_t, (gram_count + 63) / 64>;

// For each byte of a gram, its low and its high nibble: which grams have that nibble there.
constexpr auto sort_grams() {
  std::array<std::array<std::array<Grams, 16>, 2>, 4> sorted{};
  for (std::size_t i = 0; i < gram_count; ++i) {
    if (common_words.substr(i, 4).find('\n') != std::string_view::npos) {
      continue;
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const auto byte = static_cast<unsigned char>(common_words[i + k]);
      sorted[k][0][byte & 15U][i / 64] |= std::uint64_t{1} << (i % 64);
      sorted[k][1][byte >> 4U][i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  return sorted;
}
constexpr auto grams_with = sort_grams();

// Which low and which high nibbles a bucket lets through, for each byte of the print, and which
// grams have such a nibble there.
struct Nibbles {
  std::array<std::array<std::uint16_t, 2>, 4> allowed{};
  std::array<std::array<Grams, 2>, 4> grams{};
};

Nibbles nibbles_of(const Print& print) {
  Nibbles of;
  for (std::size_t k = 0; k < 4; ++k) {
    const unsigned byte = print.bytes[k];
    const std::array<unsigned, 2> halves{byte & 15U, byte >> 4U};
    for (std::size_t half = 0; half < 2; ++half) {
      of.allowed[k][half] = static_cast<std::uint16_t>(1U << halves[half]);
      of.grams[k][half] = grams_with[k][half][halves[half]];
    }
  }
  return of;
}

Nibbles merged(const Nibbles& a, const Nibbles& b) {
  Nibbles both = a;
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t half = 0; half < 2; ++half) {
      both.allowed[k][half] = static_cast<std::uint16_t>(a.allowed[k][half] | b.allowed[k][half]);
      for (std::size_t word = 0; word < both.grams[k][half].size(); ++word) {
        both.grams[k][half][word] |= b.grams[k][half][word];
      }
    }
  }
  return both;
}

int grams_through(const Nibbles& bucket) {
  int count = 0;
  for (std::size_t word = 0; word < Grams{}.size(); ++word) {
    std::uint64_t all = ~std::uint64_t{0};
    for (const auto& byte : bucket.grams) {
      all &= byte[0][word] & byte[1][word];
    }
    count += std::popcount(all);
  }
  return count;
}

// Estimated share of positions in other text that the bucket would let through.
double cost(const Nibbles& bucket) {
  double product = 1;
  for (const auto& [low, high] : bucket.allowed) {
    double sum = 0;
    for (std::uint32_t top = high; top != 0; top &= top - 1) {
      for (std::uint32_t bottom = low; bottom != 0; bottom &= bottom - 1) {
        const auto byte = static_cast<std::size_t>(std::countr_zero(top)) * 16 +
                          static_cast<std::size_t>(std::countr_zero(bottom));
        sum += static_cast<double>(shares[byte]);
      }
    }
    product *= sum / 1000;
  }
  return product + grams_through(bucket) * gram_share;
}

// Groups get the numbers from 0 instead of their first prints.
std::array<std::uint8_t, most> numbered(const std::array<std::uint8_t, most>& group_of,
                                        std::size_t literals) {
  std::array<std::uint8_t, most> number_of{};
  std::uint8_t next = 0;
  for (std::size_t i = 0; i < literals; ++i) {
    number_of[i] = group_of[i] == i ? next++ : number_of[group_of[i]];
  }
  return number_of;
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
      share = std::max(share, gram_share);
    }
    if (share < best_share) {
      best_share = share;
      best = print;
    }
  }
  return best;
}

std::array<std::uint8_t, 64> group_prints(std::span<const Print> prints) {
  const std::size_t literals = std::min<std::size_t>(prints.size(), most);
  std::vector<Nibbles> groups(literals);
  std::vector<double> costs(literals);
  std::array<std::uint8_t, most> group_of{};  // the first print of its group
  for (std::size_t i = 0; i < literals; ++i) {
    groups[i] = nibbles_of(prints[i]);
    costs[i] = cost(groups[i]);
    group_of[i] = static_cast<std::uint8_t>(i);
  }
  const auto is_group = [&](std::size_t i) { return group_of[i] == i; };
  // What it costs more to have two groups as one.
  std::vector<double> more(literals * literals);
  const auto compare = [&](std::size_t a, std::size_t b) {
    more[std::max(a, b) * literals + std::min(a, b)] =
        cost(merged(groups[a], groups[b])) - costs[a] - costs[b];
  };
  for (std::size_t a = 0; a < literals; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      compare(a, b);
    }
  }
  for (std::size_t count = literals; count > bucket_count; --count) {
    std::size_t keep = 0;
    std::size_t gone = 0;
    double least = std::numeric_limits<double>::max();
    for (std::size_t a = 0; a < literals; ++a) {
      for (std::size_t b = 0; is_group(a) && b < a; ++b) {
        if (is_group(b) && more[a * literals + b] < least) {
          least = more[a * literals + b];
          keep = b;
          gone = a;
        }
      }
    }
    groups[keep] = merged(groups[keep], groups[gone]);
    costs[keep] = cost(groups[keep]);
    std::ranges::replace(group_of, static_cast<std::uint8_t>(gone),
                         static_cast<std::uint8_t>(keep));
    for (std::size_t i = 0; i < literals; ++i) {
      if (is_group(i) && i != keep) {
        compare(i, keep);
      }
    }
  }
  return numbered(group_of, literals);
}

}  // namespace whyoom::logtext
