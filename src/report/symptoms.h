// What other programs write when a process of theirs was killed, or could not be made, and lines of
// the kernel that tell of memory without saying why. No event: such a line has no numbers that
// decide, and the kernel's own reports beside it tell the same better. A log that has nothing else
// is answered with it: what was lost, and where the reason stands.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/place.h"
#include "logtext/line.h"

namespace whyoom::report {

struct Symptom {
  enum class What : std::uint8_t {
    unit_killed,          // systemd: by the kernel
    unit_killed_by_oomd,  // by systemd-oomd
    unit_failed,          // by one of them
    container_killed,     // "OOMKilled" of Docker and Kubernetes
    pod_evicted,          // by the kubelet, for memory
    no_process,           // fork() gave EAGAIN: a limit
    no_thread,            // EAGAIN of a library: a limit, or no memory for the stack
    no_memory,            // "Cannot allocate memory": ENOMEM
    too_large,            // the kernel's warning of a request above its largest block
    node_killed,          // the kubelet of its node: by the kernel, no container's limit
    told_by_program,      // the kernel's words of a kill behind the name of a program
    driver_refused,       // memory for a packet; by NVIDIA's driver
    fewer_hugepages,      // than `asked`: `got`
    data_limit,           // RLIMIT_DATA: `asked` bytes, `got` are allowed
    swap_refused,         // a page could not be written to swap
    short_of_memory,      // a service of systemd's noticed it
    posted_state          // what a host was like, and no event
  };
  What what{};
  std::string unit{};  // of systemd's; a step of Slurm's; the process; the program
  std::uint64_t asked = 0, got = 0;
  std::uint64_t count = 0;
  LineNumber line = 0;  // the first one
};
inline constexpr std::size_t kinds_of_symptoms =
    static_cast<std::size_t>(Symptom::What::posted_state) + 1;

// As the anchors of the kernel's lines, of the kills; "OOM killer" has one already. The other lines
// are found where a log is read line by line, in its first 64 KiB: their words would cost the scan
// of every log a sixth.
inline constexpr std::array<std::string_view, 2> symptom_anchors{"oom-kill'", "OOMKilled"};

// Whoever wrote the line: of `told_by_program` the frame decides.
std::optional<Symptom> parse_symptom(std::string_view text, LineNumber line);

// A line by which `whyoom check --root FILE` finds a host in a text (host/posted_files.h).
bool is_posted_state(std::string_view text);

// The first of each kind.
class Symptoms {
 public:
  void look(const logtext::Line& line);
  // A line of JSON of `docker inspect` or `kubectl -o json`.
  void look_in_object(std::string_view text, LineNumber line);
  [[nodiscard]] const std::optional<Symptom>& of(Symptom::What what) const {
    return all_[static_cast<std::size_t>(what)];
  }
  // Of those that say the same the ones that say more, in the order of `What`.
  template <class Take>
  void each(const Take& take) const {
    const bool known = of(Symptom::What::unit_killed) || of(Symptom::What::unit_killed_by_oomd);
    for (const auto& symptom : all_) {
      if (symptom && !(known && symptom->what == Symptom::What::unit_failed)) {
        take(*symptom);
      }
    }
  }

  // They were read from the last of so many lines on.
  void turn(LineNumber lines) {
    for (auto& symptom : all_) {
      if (symptom && symptom->line != 0) {
        symptom->line = lines + 1 - symptom->line;
      }
    }
  }

 private:
  void keep(Symptom&& symptom);
  std::array<std::optional<Symptom>, kinds_of_symptoms> all_;  // by `what`
};

}  // namespace whyoom::report
