// `stdout:` One object of flat fields a line, for Vector, Fluent Bit and whoever reads a pipe.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "publish/receiver.h"

namespace whyoom::publish {
namespace {

class StdoutReceiver final : public Receiver {
 public:
  std::vector<Outcome> deliver(std::span<const Event> batch) override {
    std::vector<Outcome> outcomes;
    for (const Event& event : batch) {
      const int error = gone_ != 0 ? gone_ : write(flat_json(event) + "\n");
      if (error != 0) {
        gone_ = error;  // a line may stand there half: none can be put behind it
        outcomes.push_back(
            {Answer::again, std::string("standard output: ") + std::strerror(error)});
        break;
      }
      outcomes.push_back({Answer::accepted});
    }
    return outcomes;
  }
  [[nodiscard]] bool is_gone() const override { return gone_ != 0; }

 private:
  static int write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t done = ::write(STDOUT_FILENO, text.data(), text.size());
      if (done < 0 && errno == EINTR) {
        continue;
      }
      if (done < 0) {
        return errno;
      }
      text.remove_prefix(static_cast<std::size_t>(done));
    }
    return 0;
  }

  int gone_ = 0;
};

}  // namespace

MadeReceiver make_stdout(const Setup& setup) {
  if (!setup.url.path.empty() || !setup.url.hosts.empty()) {
    return tl::unexpected(std::string("it is stdout: and nothing behind it"));
  }
  return std::make_unique<StdoutReceiver>();
}

}  // namespace whyoom::publish
