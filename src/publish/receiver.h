// Who gets events. All that differs from one to the other is behind this.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "publish/credentials.h"
#include "publish/event.h"
#include "publish/url.h"

namespace whyoom::publish {

enum class Answer : std::uint8_t {
  accepted,  // the receiver has it, now or from before
  refused,   // it will never take it: counted, told, never tried again
  again,     // not now, or nobody knows: it is sent again, with the same id
};

struct Outcome {
  Answer answer = Answer::again;
  std::string why{};  // but of `accepted`
  bool was_there = false;
};

class Receiver {
 public:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  virtual ~Receiver() = default;

  // One outcome for each event, in their order. What is behind one that has to be sent again is not
  // sent before it, where the receiver keeps an order.
  virtual std::vector<Outcome> deliver(std::span<const Event> batch) = 0;
  // What the receiver asked for with its last answer.
  [[nodiscard]] virtual std::chrono::milliseconds asked_to_wait() const { return {}; }
  // It will never come back: a pipe that nobody reads.
  [[nodiscard]] virtual bool is_gone() const { return false; }
};

struct Setup {
  Url url;
  Credentials credentials;
  std::string ca_file;                           // empty: those that the system trusts
  std::function<bool()> go_on;                   // false: the program ends, wait no more
  std::function<void(std::string_view)> tell{};  // for people
};

using MadeReceiver = tl::expected<std::unique_ptr<Receiver>, std::string>;

// By the scheme of the URL. The error is a whole sentence.
MadeReceiver make_receiver(const Setup& setup);

// What this program was built with: "stdout, journald, otlp, ..."
std::string receivers_built();

// Of one scheme each; they are there when their library was.
MadeReceiver make_stdout(const Setup& setup);
MadeReceiver make_journald(const Setup& setup);
MadeReceiver make_otlp(const Setup& setup);
MadeReceiver make_kubernetes(const Setup& setup);
MadeReceiver make_kafka(const Setup& setup);
MadeReceiver make_nats(const Setup& setup);

}  // namespace whyoom::publish
