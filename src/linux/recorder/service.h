// What the recorder tells those who run it: systemd (sd_notify(3), over the socket that it names),
// and a program of the user's choice.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linux/descriptor.h"
#include "record/fixed_text.h"

namespace whyoom::linux {

// Does nothing where there is no NOTIFY_SOCKET.
class ServiceManager {
 public:
  ServiceManager();
  [[nodiscard]] bool is_there() const { return socket_.get() >= 0; }
  void send(std::string_view text) const;  // "READY=1", "STATUS=...", lines
  // It wants to be told so often that the program lives, else it ends it: half of WATCHDOG_USEC.
  [[nodiscard]] std::optional<std::uint64_t> alive_every_ms() const { return alive_every_ms_; }

 private:
  Descriptor socket_;
  std::optional<std::uint64_t> alive_every_ms_;
};

// Runs CMD ARG.. KIND TEXT, without a shell, for each event; one at a time, some may wait. Such a
// program has no part in what protects the recorder: its score for the OOM killer is 0. One that
// takes longer than a minute is ended.
class Hook {
 public:
  explicit Hook(std::vector<std::string> command);
  // False: too many wait already.
  bool call(std::string_view kind, std::string_view text, std::uint64_t now_ms);
  // To be called now and then: sees what has ended, starts what waits. What went wrong since the
  // last call, for people; empty: nothing.
  std::string_view tend(std::uint64_t now_ms);

 private:
  struct Waiting {
    record::FixedText<32> kind;
    record::FixedText<640> text;
  };
  void start(std::uint64_t now_ms);

  std::vector<std::string> command_;
  std::vector<char*> arguments_;
  std::array<Waiting, 4> waiting_{};
  std::size_t count_ = 0;
  pid_t child_ = 0;
  std::uint64_t started_ms_ = 0;
  record::FixedText<160> trouble_;
};

}  // namespace whyoom::linux
