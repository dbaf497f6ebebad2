#include <array>

#include "base/text.h"
#include "publish/receiver.h"

namespace whyoom::publish {
namespace {

using Make = MadeReceiver (*)(const Setup& setup);

#ifdef WHYOOM_CURL
constexpr Make otlp = make_otlp, kubernetes = make_kubernetes;
#else
constexpr Make otlp = nullptr, kubernetes = nullptr;
#endif
#ifdef WHYOOM_RDKAFKA
constexpr Make kafka = make_kafka;
#else
constexpr Make kafka = nullptr;
#endif
#ifdef WHYOOM_NATS
constexpr Make nats = make_nats;
#else
constexpr Make nats = nullptr;
#endif

struct Kind {
  std::string_view scheme, name, needs;
  Make make;  // null: built without what it needs
};

constexpr std::array<Kind, 11> kinds = {{
    {"stdout", "stdout", "", make_stdout},
    {"journald", "journald", "", make_journald},
    {"otlp+http", "otlp", "libcurl", otlp},
    {"otlp+https", "otlp", "libcurl", otlp},
    {"k8s", "k8s", "libcurl", kubernetes},
    {"k8s+https", "k8s", "libcurl", kubernetes},
    {"kafka", "kafka", "librdkafka", kafka},
    {"kafka+tls", "kafka", "librdkafka", kafka},
    {"nats", "nats", "libnats", nats},
    {"nats+tls", "nats", "libnats", nats},
    {"tls", "nats", "libnats", nats},
}};

}  // namespace

MadeReceiver make_receiver(const Setup& setup) {
  for (const Kind& kind : kinds) {
    if (kind.scheme != setup.url.scheme) {
      continue;
    }
    if (kind.make == nullptr) {
      return tl::unexpected("this whyoom-publish was built without " + std::string(kind.needs) +
                            ", so it cannot send to " + std::string(kind.scheme) + ":");
    }
    auto made = kind.make(setup);
    if (!made) {
      return tl::unexpected(setup.url.text + ": " + made.error());
    }
    return made;
  }
  const std::string names =
      join(kinds, ", ", [](const Kind& kind) { return std::string(kind.scheme) + ":"; });
  return tl::unexpected("\"" + printable(setup.url.scheme) + ":\" is none of " + names);
}

std::string receivers_built() {
  std::string names;
  std::string_view before;
  for (const Kind& kind : kinds) {
    if (kind.make != nullptr && kind.name != before) {
      before = kind.name;
      names += (names.empty() ? "" : ", ") + std::string(kind.name);
    }
  }
  return names;
}

}  // namespace whyoom::publish
