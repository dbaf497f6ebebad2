// `whyoom-publish`, the program that sends events on: docs/publish.md. It has shared libraries and
// the network, so it is another one than this.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "linux/output.h"

namespace whyoom::linux {

struct PublishTo {
  std::string url;          // empty: nowhere
  std::string credentials;  // a file; empty: none
};

// Takes what is written to standard output from then on.
class Publisher {
 public:
  // Before the first byte is written, and before rights are given up. `out` writes to standard
  // output, and must outlive it. The error is a whole sentence.
  static tl::expected<std::unique_ptr<Publisher>, std::string> start(Output& out,
                                                                     const PublishTo& to);
  // Writes what is left, and waits until all of it was sent. False: it was not; the program has
  // said why.
  bool finish();
  ~Publisher() { (void)finish(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

 private:
  Publisher(Output& out, pid_t child) : out_(out), child_(child) {}

  Output& out_;
  pid_t child_;
};

// Sends the events of a ring for as long as this process lives: in processes of their own, started
// again when they end. The recorder knows nothing of them and never waits. What was sent is
// remembered beside the ring. The error is a whole sentence.
tl::expected<void, std::string> publish_ring(const PublishTo& to, const std::string& ring);

}  // namespace whyoom::linux
