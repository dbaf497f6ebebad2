// Metrics of the recorder as a file that node_exporter and `whyoom serve` read.
//
// The recorder does not make them: to explain the kernel's lines takes parsers and memory, and it
// is to have neither in its way when memory is gone. It hands its records to another process of
// this program (app/metrics.cc) and writes down what that says. That process can be killed, or too
// slow: the recorder never waits for it, and starts it again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linux/descriptor.h"
#include "record/fixed_text.h"

namespace whyoom::linux {

class MetricsFile {
 public:
  // `file`: empty: there are none to be written. `store`: the ring.
  MetricsFile(const std::string& file, const std::string& store);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  [[nodiscard]] bool is_wanted() const { return !path_.empty(); }
  // True: the process was started, and needs to be told from the beginning. To be called now and
  // then; it does nothing while there is one.
  bool start(std::uint64_t now_ms);
  // A record of those that it is given with the next flush, or when they are many: each time it is
  // given some it wakes. False: it did not take all of them.
  bool put(std::string_view record);
  // False likewise. Nothing is waited for.
  bool flush();
  [[nodiscard]] int fd() const { return texts_.get(); }  // to be read when it can be; -1: none
  // Texts to the file, as far as they have come.
  void read();
  // The first one, however long it takes.
  void wait_for_text();
  // What went wrong since the last call, for people; empty: nothing.
  [[nodiscard]] std::string_view trouble();

 private:
  void write(std::string_view part);
  void end_text();
  void end_child();
  void failed(std::string_view what, int error);

  std::string path_, directory_, name_, temporary_;
  std::vector<std::string> command_;
  std::vector<char*> arguments_;
  std::string pending_;
  Descriptor records_, texts_, open_directory_, file_;
  std::size_t written_ = 0;
  bool skipping_ = false;  // a text that could not be written
  pid_t child_ = 0;
  std::uint64_t started_ms_ = 0;
  bool started_once_ = false, any_text_ = false;
  int error_ = 0;
  bool news_ = false;  // in `trouble_`
  record::FixedText<256> trouble_;
};

}  // namespace whyoom::linux
