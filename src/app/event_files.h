// Files of events: what `whyoom explain` wrote as NDJSON or JSON, and summaries as JSON. What is no
// event, or says what no event can say, is refused, counted and told; what is left out stays out of
// what is made of the events.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command.h"
#include "explain/event_summary.h"
#include "linux/input.h"

namespace whyoom::app {

class EventFiles {
 public:
  // Gets each event that may be believed to be one, also copies.
  using Take = std::function<void(const explain::EventFacts&)>;
  EventFiles(Console& io, Take take) : io_(io), take_(std::move(take)) {}

  // Of all of these files, or of standard input where there is none; false, with a message: not all
  // could be read. nullopt, with a message: nothing is, since the sandbox could not be entered.
  std::optional<bool> read_all(std::vector<std::string> files, linux::SandboxChoice sandbox);
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  // How many were refused, in a sentence on standard error.
  void tell_refused() const;

 private:
  bool read(const linux::Input& input);
  void feed(std::string_view chunk);
  void line(std::string_view text);
  void document(std::string_view text);
  void refuse(const std::string& why);
  void offer(const explain::EventFacts& facts);

  Console& io_;
  Take take_;
  std::uint64_t refused_ = 0;
  // Of the file that is being read:
  std::string name_, held_;
  std::uint64_t line_ = 0;
  bool whole_ = false;  // one document of several lines
};

}  // namespace whyoom::app
