// `kafka://BROKER,.../TOPIC` Kafka, by an idempotent producer: as long as this process lives, the
// brokers themselves drop what comes a second time. After a restart the key of a message, its
// event's id, tells.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.h"
#include "publish/receiver.h"

namespace whyoom::publish {
namespace {

constexpr int poll_ms = 100;

// Nothing that time would change.
bool is_final(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

std::string mechanism_of(const Credentials& who) {
  return who.mechanism.empty() ? "SCRAM-SHA-512" : who.mechanism;
}

using Settings = std::vector<std::pair<const char*, std::string>>;

class KafkaReceiver final : public Receiver {
 public:
  KafkaReceiver(const Setup& setup, Settings settings)
      : setup_(setup), settings_(std::move(settings)), topic_name_(setup.url.path.substr(1)) {}
  ~KafkaReceiver() override { close(); }

  // Empty, or why it cannot be.
  std::string open();

  // The producer keeps what it has and sends it again itself, in order: to wait is all there is.
  std::vector<Outcome> deliver(std::span<const Event> batch) override {
    if (producer_ == nullptr) {
      if (std::string why = open(); !why.empty()) {
        return {{Answer::again, why}};
      }
    }
    outcomes_.assign(batch.size(), {Answer::again, "no answer yet"});
    hosts_.clear();
    waited_for_ = 0;
    for (const Event& event : batch) {
      hosts_.push_back(std::hash<std::string>{}(event.host));
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!produce(batch[i], i)) {
        break;
      }
    }
    while (waited_for_ > 0 && setup_.go_on() && !is_broken()) {
      ::rd_kafka_poll(producer_, poll_ms);
    }
    if (waited_for_ > 0 || is_broken()) {
      close();  // what comes next has a producer of its own
    }
    return outcomes_;
  }

 private:
  bool produce(const Event& event, std::size_t index) {
    rd_kafka_headers_t* headers = ::rd_kafka_headers_new(2);
    ::rd_kafka_header_add(headers, "whyoom-id", -1, event.id.data(),
                          static_cast<ssize_t>(event.id.size()));
    ::rd_kafka_header_add(headers, "content-type", -1, "application/json", -1);
    std::array<rd_kafka_vu_t, 7> what{};
    what[0].vtype = RD_KAFKA_VTYPE_RKT;
    what[0].u.rkt = topic_;
    what[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    what[1].u.i32 = RD_KAFKA_PARTITION_UA;
    what[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    what[2].u.i = RD_KAFKA_MSG_F_COPY;
    what[3].vtype = RD_KAFKA_VTYPE_KEY;
    what[3].u.mem = {const_cast<char*>(event.id.data()), event.id.size()};
    what[4].vtype = RD_KAFKA_VTYPE_VALUE;
    what[4].u.mem = {const_cast<char*>(event.whole.data()), event.whole.size()};
    what[5].vtype = RD_KAFKA_VTYPE_HEADERS;
    what[5].u.headers = headers;
    what[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
    what[6].u.ptr = &outcomes_[index];
    rd_kafka_error_t* failure = ::rd_kafka_produceva(producer_, what.data(), what.size());
    const rd_kafka_resp_err_t error = ::rd_kafka_error_code(failure);
    ::rd_kafka_error_destroy(failure);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++waited_for_;
      return true;
    }
    ::rd_kafka_headers_destroy(headers);
    outcomes_[index] = {is_final(error) ? Answer::refused : Answer::again,
                        ::rd_kafka_err2str(error)};
    return is_final(error);
  }

  [[nodiscard]] bool is_broken() const {
    std::array<char, 16> unused{};
    return ::rd_kafka_fatal_error(producer_, unused.data(), unused.size()) !=
           RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  void close() {
    if (producer_ != nullptr) {
      ::rd_kafka_purge(producer_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      ::rd_kafka_poll(producer_, 0);
      ::rd_kafka_topic_destroy(topic_);
      ::rd_kafka_destroy(producer_);
      producer_ = nullptr;
      topic_ = nullptr;
    }
  }

  static void on_delivery(rd_kafka_t* /*producer*/, const rd_kafka_message_t* message, void* self) {
    auto& receiver = *static_cast<KafkaReceiver*>(self);
    auto& outcome = *static_cast<Outcome*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      outcome = {Answer::accepted};
    } else {
      outcome = {is_final(message->err) ? Answer::refused : Answer::again,
                 ::rd_kafka_err2str(message->err)};
    }
    receiver.waited_for_ -= receiver.waited_for_ > 0 ? 1 : 0;
  }
  // A librdkafka before 2.6.1 says its part of the nonce twice, which brokers took until Kafka 4
  // (https://github.com/confluentinc/librdkafka/pull/4895).
  [[nodiscard]] bool is_refused_by_kafka_4() const {
    return ::rd_kafka_version() < 0x020601ff &&
           mechanism_of(setup_.credentials).starts_with("SCRAM");
  }

  static void on_error(rd_kafka_t* /*producer*/, int error, const char* reason, void* self) {
    // Each broker complains for itself; that all are away, or that one does not want us, matters.
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
        error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL ||
        error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      const auto& receiver = *static_cast<KafkaReceiver*>(self);
      receiver.setup_.tell("kafka: " + std::string(reason) +
                           ". It is tried again; nothing is lost");
      if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION && receiver.is_refused_by_kafka_4()) {
        receiver.setup_.tell(
            "where user and password are right: Kafka 4 refuses SCRAM of librdkafka " +
            std::string(::rd_kafka_version_str()) +
            " (2.6.1 fixes it); take mechanism = PLAIN, or cert and key");
      }
    }
  }
  // The events of one host keep their order: they go to one partition.
  static std::int32_t partition(const rd_kafka_topic_t* /*topic*/, const void* /*key*/,
                                std::size_t /*size*/, std::int32_t count, void* self, void* of) {
    const auto& receiver = *static_cast<const KafkaReceiver*>(self);
    const auto index = static_cast<const Outcome*>(of) - receiver.outcomes_.data();
    return static_cast<std::int32_t>(receiver.hosts_[static_cast<std::size_t>(index)] %
                                     static_cast<std::size_t>(count));
  }

  Setup setup_;
  Settings settings_;
  std::string topic_name_;
  rd_kafka_t* producer_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  std::vector<Outcome> outcomes_;
  std::vector<std::size_t> hosts_;
  std::size_t waited_for_ = 0;
};

std::string KafkaReceiver::open() {
  std::array<char, 512> why{};
  rd_kafka_conf_t* config = ::rd_kafka_conf_new();
  for (const auto& [name, value] : settings_) {
    if (::rd_kafka_conf_set(config, name, value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK) {
      ::rd_kafka_conf_destroy(config);
      return why.data();
    }
  }
  ::rd_kafka_conf_set_opaque(config, this);
  ::rd_kafka_conf_set_dr_msg_cb(config, on_delivery);
  ::rd_kafka_conf_set_error_cb(config, on_error);
  ::rd_kafka_conf_set_log_cb(config, nullptr);
  producer_ = ::rd_kafka_new(RD_KAFKA_PRODUCER, config, why.data(), why.size());
  if (producer_ == nullptr) {
    ::rd_kafka_conf_destroy(config);
    return why.data();
  }
  rd_kafka_topic_conf_t* of_topic = ::rd_kafka_topic_conf_new();
  ::rd_kafka_topic_conf_set_opaque(of_topic, this);
  ::rd_kafka_topic_conf_set_partitioner_cb(of_topic, partition);
  // No message times out here: the one behind it would come before it.
  (void)::rd_kafka_topic_conf_set(of_topic, "message.timeout.ms", "0", why.data(), why.size());
  topic_ = ::rd_kafka_topic_new(producer_, topic_name_.c_str(), of_topic);
  return {};
}

bool is_topic(std::string_view topic) {
  return !topic.empty() && topic.size() <= 249 && std::ranges::all_of(topic, [](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

Settings settings_of(const Setup& setup, bool tls) {
  Settings settings = {{"bootstrap.servers", join(setup.url.hosts, ",")},
                       {"client.id", "whyoom-publish"},
                       {"enable.idempotence", "true"},
                       {"acks", "all"},
                       // Of several on their way, one that failed counts as stored when one behind
                       // it was: an idempotent producer relies on brokers to refuse what is out of
                       // order. Not all that speak the protocol do.
                       {"max.in.flight", "1"},
                       {"linger.ms", "5"},
                       {"message.max.bytes", "1200000"},
                       {"queue.buffering.max.kbytes", "16384"},
                       {"socket.timeout.ms", "10000"},
                       {"reconnect.backoff.ms", "200"},
                       {"reconnect.backoff.max.ms", "10000"},
                       {"allow.auto.create.topics", "false"}};
  const Credentials& who = setup.credentials;
  const bool sasl = !who.user.empty();
  const char* protocols[2][2] = {{"plaintext", "ssl"}, {"sasl_plaintext", "sasl_ssl"}};
  settings.emplace_back("security.protocol", protocols[sasl ? 1 : 0][tls ? 1 : 0]);
  if (sasl) {
    settings.emplace_back("sasl.mechanism", mechanism_of(who));
    settings.emplace_back("sasl.username", who.user);
    settings.emplace_back("sasl.password", who.password);
  }
  if (tls && !setup.ca_file.empty()) {
    settings.emplace_back("ssl.ca.location", setup.ca_file);
  }
  if (tls && !who.cert.empty()) {
    settings.emplace_back("ssl.certificate.location", who.cert);
    settings.emplace_back("ssl.key.location", who.key);
  }
  return settings;
}

}  // namespace

MadeReceiver make_kafka(const Setup& setup) {
  if (setup.url.hosts.empty() || setup.url.path.empty() || !is_topic(setup.url.path.substr(1))) {
    return tl::unexpected(std::string("it is kafka://BROKER:PORT,.../TOPIC"));
  }
  const bool tls = setup.url.scheme == "kafka+tls";
  if (!tls && setup.credentials.any_secret()) {
    return tl::unexpected(std::string("credentials are not sent without TLS; take kafka+tls://"));
  }
  auto receiver = std::make_unique<KafkaReceiver>(setup, settings_of(setup, tls));
  if (std::string why = receiver->open(); !why.empty()) {
    return tl::unexpected(why);
  }
  return receiver;
}

}  // namespace whyoom::publish
