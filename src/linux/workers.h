// Threads that wait for work. They are made before the process gives up the right to make any, and
// need nothing but memory from then on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace whyoom::linux {

class Workers {
 public:
  Workers() = default;
  ~Workers();  // waits for the end of the jobs that were given
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Up to so many; fewer, or none, where no more can be made. All of them have begun when it
  // returns. To be called once.
  void start(std::size_t count);
  [[nodiscard]] std::size_t count() const { return threads_.size(); }

  // Jobs begin in the order in which they are given. A job throws nothing.
  void run(std::function<void()> job);

  // Processors that this process may use.
  static std::size_t processors();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t begun_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace whyoom::linux
