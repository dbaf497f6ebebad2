// What other programs write when a process of theirs was killed, or could not be made. No event:
// such a line has no numbers, and the kernel's own lines beside it tell the same better. A log that
// has nothing else is answered with it: what was lost, and where the reason stands.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/place.h"

namespace whyoom::report {

struct Symptom {
  enum class What : std::uint8_t {
    unit_killed,       // systemd: a process of a unit
    container_killed,  // "OOMKilled" of Docker and Kubernetes
    no_task,           // a process or a thread could not be made: EAGAIN, so a limit
    no_memory          // "Cannot allocate memory": ENOMEM
  };
  What what{};
  std::string unit{};  // of unit_killed
  std::uint64_t count = 0;
  LineNumber line = 0;  // the first one
};
std::string_view name(Symptom::What what);  // "unit-killed"

// As the anchors of the kernel's lines, of the kills. The other lines are found where a log is read
// line by line, in its first 64 KiB: their words would cost the scan of every log a sixth.
inline constexpr std::array<std::string_view, 2> kSymptomAnchors{"oom-kill'", "OOMKilled"};

std::optional<Symptom> parse_symptom(std::string_view text, LineNumber line);

// The first of each kind.
class Symptoms {
 public:
  void look(std::string_view text, LineNumber line);
  [[nodiscard]] const auto& all() const { return all_; }

 private:
  std::array<std::optional<Symptom>, 4> all_;  // by `what`
};

}  // namespace whyoom::report
