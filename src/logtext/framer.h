// Takes physical lines, gives kernel messages. The framing is detected line by line from the text
// itself, so a file may change it half-way; nested framings (a container's JSON around a syslog
// line around a dmesg time) are peeled one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "logtext/line.h"

namespace whyoom::logtext {

struct Damage {
  LineNumber line = 0;
  std::string what;  // already fit for a terminal
};

class Framer {
 public:
  using Sink = std::function<void(const Line&)>;

  explicit Framer(Sink sink);
  ~Framer();
  Framer(const Framer&) = delete;
  Framer& operator=(const Framer&) = delete;

  // One physical line without its newline. `number` grows, but may jump: the caller leaves out
  // stretches that cannot belong to an event.
  void line(std::string_view raw, LineNumber number);

  // Lines may be held back: pstore parts come newest first, a CRI record can be partial.
  [[nodiscard]] bool holds() const;
  void flush();

  // Damage seen in the framing itself since the last call (dropped messages, a broken JSON record).
  std::vector<Damage> take_damage();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whyoom::logtext
