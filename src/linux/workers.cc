#include "linux/workers.h"

#include <malloc.h>
#include <sched.h>

#include <algorithm>
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
  // One heap for all: glibc looks into a file before it makes one more, or gives a part of it back.
  (void)mallopt(M_ARENA_MAX, 1);
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
