// whyoom-publish: events of whyoom to where a fleet keeps its own. docs/publish.md
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "publish/receiver.h"
#include "publish/sources.h"

namespace whyoom::publish {
namespace {

enum ExitStatus : int { all_sent = 0, some_refused = 1, trouble = 2 };

constexpr std::string_view usage =
    R"(Usage: whyoom-publish [OPTIONS] URL [FILE...|-]
       whyoom-publish [OPTIONS] --from-ring[=DIR] URL

Sends events of whyoom to where a fleet keeps its own, each once.
Without FILE, or for -, it reads what `whyoom explain --format ndjson` prints on standard input.
What the receiver does not take is sent again, later and in order, until it does.

URL is one of:
  stdout:                               a flat JSON object a line, for Vector, Fluent Bit, Loki
  journald:                             the journal of this machine
  otlp+https://HOST:PORT[/v1/logs]      OpenTelemetry logs; otlp+http:// without TLS
  k8s:                                  Events on the Pod that was hit, from inside a cluster
  k8s+https://HOST:PORT                 the same from outside
  kafka://BROKER,.../TOPIC              Kafka; kafka+tls:// with TLS
  nats://HOST:PORT,.../SUBJECT          NATS JetStream; nats+tls:// with TLS

Options:
  --credentials FILE   user, password, token, ca, ... as lines of name = value; for its owner alone
  --ca FILE            certificates to trust instead of the system's
  --state FILE         remembers what was sent, so that it is not sent again
  --rate N             at most N events a second; default 100, 0: as fast as it goes
  --host NAME          take events of this host alone; those without a host are its own
  --from-ring[=DIR]    the events in the ring of `whyoom watch`, and new ones as they come
  --every SECONDS      how often the ring is looked at, beside after a kill; default 60
  --once               of the ring what is there now
  --give-up SECONDS    end when the receiver has taken nothing for so long; default: never
  --version            the version, and which receivers there are
  --help

Exit status: 0 all events are at the receiver, 1 some were refused, 2 not all could be sent.

Examples:
  whyoom explain --format ndjson --host | whyoom-publish stdout:
  whyoom-publish --state /var/lib/x/state --from-ring otlp+https://otel.example:4318
  whyoom-publish --credentials /etc/whyoom/nats nats+tls://n1:4222,n2:4222/oom.events events.ndjson
)";

struct Options {
  std::string url, credentials, ca, state, host, ring;
  unsigned rate = 100, every = 60, give_up = 0;
  bool from_ring = false, once = false;
  std::vector<std::string> files;
};

void tell(std::string_view what) {
  const std::string line = "whyoom-publish: " + std::string(what) + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

int fail(std::string_view what) {
  tell(what);
  return trouble;
}

// The values of options, and what stands between them.
class Arguments {
 public:
  Arguments(int argc, char** argv) : all_(argv + 1, argv + argc) {}

  // Empty, or what is wrong.
  std::string read(Options& options) {
    bool names = true;
    std::vector<std::string> operands;
    for (; at_ < all_.size(); ++at_) {
      const std::string_view word = all_[at_];
      if (!names || word == "-" || !word.starts_with('-')) {
        operands.emplace_back(word);
      } else if (word == "--") {
        names = false;
      } else if (std::string why = option(word, options); !why.empty()) {
        return why;
      }
    }
    if (operands.empty()) {
      return "where to? whyoom-publish --help has the URLs";
    }
    options.url = operands.front();
    options.files.assign(operands.begin() + 1, operands.end());
    return {};
  }

 private:
  std::string option(std::string_view word, Options& options) {
    const std::size_t sign = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, sign);
    if (name == "--from-ring") {
      options.from_ring = true;
      options.ring = word.substr(std::min(sign + 1, word.size()));
      return {};
    }
    if (word == "--once") {
      options.once = true;
      return {};
    }
    const auto value = [&]() -> std::string {
      return sign < word.size()      ? std::string(word.substr(sign + 1))
             : at_ + 1 < all_.size() ? std::string(all_[++at_])
                                     : std::string();
    };
    for (const auto& [text, target] :
         {std::pair("--credentials", &options.credentials), std::pair("--ca", &options.ca),
          std::pair("--state", &options.state), std::pair("--host", &options.host)}) {
      if (name == text) {
        *target = value();
        return target->empty() ? std::string(text) + " wants a value" : std::string();
      }
    }
    for (const auto& [text, target] :
         {std::pair("--rate", &options.rate), std::pair("--every", &options.every),
          std::pair("--give-up", &options.give_up)}) {
      if (name == text) {
        const auto number = parse_number<unsigned>(value());
        *target = number.value_or(0);
        return number && *number <= 1'000'000 ? std::string()
                                              : std::string(text) + " wants a number";
      }
    }
    return "there is no option \"" + printable(word) + "\"; whyoom-publish --help has them";
  }

  std::vector<std::string_view> all_;
  std::size_t at_ = 0;
};

std::string own_name() {
  utsname system{};
  return ::uname(&system) == 0 ? system.nodename : "";
}

int publish(const Options& options, const std::unique_ptr<RingReader>& ring) {
  const auto url = parse_url(options.url);
  if (!url) {
    return fail(url.error());
  }
  Setup setup;
  setup.url = *url;
  setup.ca_file = options.ca;
  setup.tell = tell;
  Forwarder* forwarder_now = nullptr;
  setup.go_on = [&] {
    const bool patient =
        options.give_up == 0 || forwarder_now == nullptr || forwarder_now->is_empty() ||
        Clock::now() - forwarder_now->moved() < std::chrono::seconds(options.give_up);
    return !is_stopped() && patient;
  };
  if (!options.credentials.empty()) {
    auto credentials = read_credentials(options.credentials);
    if (!credentials) {
      return fail(credentials.error());
    }
    setup.credentials = std::move(*credentials);
    setup.ca_file = options.ca.empty() ? setup.credentials.ca : options.ca;
  }
  auto state = State::open(options.state, url->text);
  if (!state) {
    return fail(state.error());
  }
  const auto receiver = make_receiver(setup);
  if (!receiver) {
    return fail(receiver.error());
  }
  ForwarderOptions how;
  how.rate = options.rate;
  how.own_host = !options.host.empty() ? options.host : ring != nullptr ? own_name() : "";
  if (!how.own_host.empty() && !is_host_name(how.own_host)) {
    return fail("\"" + printable(how.own_host) + "\" is no name of a host; give --host NAME");
  }
  Forwarder forwarder(**receiver, *state, how, setup.go_on, tell);
  forwarder_now = &forwarder;
  const End end =
      ring != nullptr
          ? forward_ring(*ring, {std::chrono::seconds(options.every), options.once}, forwarder,
                         *state, setup.go_on, tell)
          : forward_files(options.files.empty() ? std::vector<std::string>{"-"} : options.files,
                          forwarder, *state, tell);
  forwarder.keep(true);
  const Counts& counts = forwarder.counts();
  tell(text_of(counts) + (end == End::stopped ? "; not all were sent" : ""));
  if (end != End::done) {
    return trouble;
  }
  return counts.refused + counts.invalid > 0 ? some_refused : all_sent;
}

int run(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      std::fwrite(usage.data(), 1, usage.size(), stdout);
      return all_sent;
    }
    if (word == "--version" || word == "-V") {
      std::printf("whyoom-publish %s\nreceivers: %s\n", WHYOOM_VERSION, receivers_built().c_str());
      return all_sent;
    }
  }
  Options options;
  if (const std::string why = Arguments(argc, argv).read(options); !why.empty()) {
    return fail(why);
  }
  if (options.from_ring && !options.files.empty()) {
    return fail("the ring or files, not both");
  }
  remember_signals();
  // Before a library has made threads.
  std::unique_ptr<RingReader> ring;
  if (options.from_ring) {
    auto started = RingReader::start(options.ring);
    if (!started) {
      return fail(started.error());
    }
    ring = std::make_unique<RingReader>(std::move(*started));
    drop_capabilities();
  }
  return publish(options, ring);
}

}  // namespace
}  // namespace whyoom::publish

int main(int argc, char** argv) { return whyoom::publish::run(argc, argv); }
