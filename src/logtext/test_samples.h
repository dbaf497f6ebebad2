// What the tests of the framer share: a sink that keeps what it gets, one line of each framing, and
// lines of OOM reports that could be mistaken for framing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "logtext/framer.h"

namespace whyoom::logtext {

struct Got {
  explicit Got(const Line& line)
      : text(line.text),
        number(line.number),
        monotonic_us(line.monotonic_us),
        wall(line.wall),
        host(line.host),
        caller(line.caller),
        tag(line.tag),
        origin(line.origin),
        handed_on(line.origin.handed_on()),
        framed(line.framed),
        continued(line.continued),
        embedded(line.embedded),
        lost_before(line.lost_before) {}

  std::string text;
  LineNumber number;
  std::optional<std::uint64_t> monotonic_us;
  std::string wall, host, caller, tag;
  Origin origin;
  bool handed_on, framed, continued, embedded;
  std::uint32_t lost_before;
};

struct Framed {
  Framed() = default;
  explicit Framed(std::initializer_list<std::string> raw);

  std::vector<Got> lines;
  std::vector<Damage> damage;
};

class Collector {
 public:
  Collector() : framer_([this](const Line& line) { run_.lines.emplace_back(line); }) {}

  void line(std::string_view raw, LineNumber number) { framer_.line(raw, number); }
  [[nodiscard]] bool holds() const { return framer_.holds(); }
  Framed finish() {
    framer_.flush();
    run_.damage = framer_.take_damage();
    return run_;
  }

 private:
  Framed run_;
  Framer framer_;
};

inline Framed::Framed(std::initializer_list<std::string> raw) {
  Collector collector;
  LineNumber number = 0;
  for (const std::string& line : raw) {
    collector.line(line, ++number);
  }
  *this = collector.finish();
}

struct Sample {
  std::string_view raw;
  std::string_view text = "hog invoked oom-killer: gfp_mask=0xcc0";
  std::optional<std::uint64_t> monotonic_us{};
  std::string_view wall{};
  std::string_view host{};
  std::string_view tag{};
  Origin origin = Origin::unknown;
};

// One line of each framing with what has to come out.
std::span<const Sample> samples();

// Lines of OOM reports, without framing.
std::span<const std::string_view> report_lines();

}  // namespace whyoom::logtext
