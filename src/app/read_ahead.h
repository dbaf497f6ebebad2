// Logs that are read ahead, each in a thread of its own, while what the ones before said is told.
// Events, damage and errors come in the order of the inputs, as if there were no threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "linux/input.h"
#include "linux/workers.h"
#include "report/log_reader.h"
#include "report/range_reader.h"
#include "report/report.h"

namespace whyoom::app {

class ReadAhead {
 public:
  struct Log {
    report::InputAccount account;
    tl::expected<std::string, std::string> result;
  };
  struct Sink {
    report::LogReader::Sink found;  // copies too
    std::function<void()> quiet;    // the pipe is
    std::function<bool()> stop;
    // Now and then: so much of it was read, of a file as it is on the disk.
    std::function<void(std::uint64_t)> progress;
  };

  struct How {
    std::optional<report::ByteRange> part{};  // of the only input
    bool keep_lines = false;  // the reports come with their lines; not those of a part
  };

  // Both must outlive it. Without threads each input is read when its turn comes; and a pipe always
  // is: who writes to it may wait for what is told before.
  ReadAhead(const std::vector<linux::Input>& inputs, linux::Workers& workers, How how);
  ReadAhead(const std::vector<linux::Input>& inputs, linux::Workers& workers)
      : ReadAhead(inputs, workers, {}) {}
  ~ReadAhead();  // stops what is being read
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // All of one input. To be called for each, in their order. Throws what the reading threw.
  Log read(std::size_t index, const Sink& sink);

 private:
  // From the thread that reads an input to the one that wants it.
  struct Channel {
    std::deque<report::Report> reports;
    std::size_t bytes = 0;              // of them
    std::atomic<bool> dropped = false;  // nobody wants more
    bool begun = false;
    bool done = false;
    std::optional<Log> log;
    std::exception_ptr error;
  };

  [[nodiscard]] Log read_log(const linux::Input& input, const Sink& sink) const;
  void begin_up_to(std::size_t last);
  void work(std::size_t index);
  void put(Channel& channel, report::Report&& report);
  bool take(Channel& channel, std::deque<report::Report>& reports);
  void drop(Channel& channel);

  const std::vector<linux::Input>& inputs_;
  linux::Workers& workers_;
  How how_;
  std::mutex mutex_;
  std::condition_variable more_, less_;
  std::deque<Channel> channels_;
  std::size_t next_ = 0;        // the first that was not begun
  Channel* current_ = nullptr;  // whose turn it is
  std::size_t waiting_ = 0;     // bytes of the reports in all channels
  std::size_t told_now_ = 0;    // and of those that are being told
};

}  // namespace whyoom::app
