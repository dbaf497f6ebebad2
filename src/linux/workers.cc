#include "linux/workers.h"

#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

namespace whyoom::linux {

std::size_t Workers::processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<std::size_t>(std::max(count, 1));
}

void Workers::start(std::size_t count) {
#ifdef M_ARENA_MAX
  // A heap for each: with one for all, threads that parse wait for each other most of the time.
  // glibc looks into files for how many there may be, and before it gives a part of one back; the
  // threads may not open any (linux/sandbox.h), so the first is said here and the second not done.
  constexpr int most_heaps = 64;
  (void)mallopt(M_ARENA_MAX, static_cast<int>(std::min<std::size_t>(count, most_heaps)) + 1);
  (void)mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  (void)mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
  threads_.reserve(count);
  while (threads_.size() < count) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      break;  // the user, the cgroup or the machine has as many as it may have
    }
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return begun_ == threads_.size(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Workers::run(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  ++begun_;
  changed_.notify_all();
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) {
      return;
    }
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace whyoom::linux
