// `nats://HOST:PORT,.../SUBJECT` NATS JetStream. One event after the other, each waited for: that
// keeps their order, and the id as Nats-Msg-Id keeps one that is sent again from counting twice for
// as long as the stream's window of duplicates is.
#include <nats/nats.h>

#include <algorithm>
#include <mutex>

#include "publish/receiver.h"

namespace whyoom::publish {
namespace {

constexpr std::int64_t wait_ms = 3000;
// Codes of nats-server/server/errors.json
constexpr int message_exceeds_maximum = 10054;

class NatsReceiver final : public Receiver {
 public:
  explicit NatsReceiver(const Setup& setup)
      : setup_(setup), subject_(setup.url.path.substr(1)), tls_(setup.url.scheme != "nats") {}
  ~NatsReceiver() override {
    disconnect();
    ::nats_Close();
  }

  std::vector<Outcome> deliver(std::span<const Event> batch) override {
    std::vector<Outcome> outcomes;
    for (const Event& event : batch) {
      if (!setup_.go_on()) {
        break;
      }
      outcomes.push_back(send(event));
      if (outcomes.back().answer == Answer::again) {
        break;
      }
    }
    return outcomes;
  }

 private:
  Outcome send(const Event& event) {
    if (connection_ == nullptr || ::natsConnection_IsClosed(connection_)) {
      if (std::string why = connect(); !why.empty()) {
        disconnect();
        return {Answer::again, why};
      }
    }
    forget_denial();
    jsPubOptions how;
    ::jsPubOptions_Init(&how);
    how.MsgId = event.id.c_str();
    how.MaxWait = wait_ms;
    jsPubAck* taken = nullptr;
    jsErrCode code{};
    const natsStatus status = ::js_Publish(&taken, stream_, subject_.c_str(), event.whole.data(),
                                           static_cast<int>(event.whole.size()), &how, &code);
    if (status == NATS_OK) {
      const bool was_there = taken->Duplicate;
      ::jsPubAck_Destroy(taken);
      return {Answer::accepted, {}, was_there};
    }
    const char* detail = ::nats_GetLastError(nullptr);
    std::string why = ::natsStatus_GetText(status);
    why += detail != nullptr && *detail != '\0' ? std::string(": ") + detail : "";
    if (status == NATS_MAX_PAYLOAD || code == message_exceeds_maximum) {
      return {Answer::refused, why};
    }
    if (status == NATS_NO_RESPONDERS) {
      why += ": no stream takes the subject " + subject_ + " now";
    }
    // The server says it apart, and the event gets no answer at all.
    if (const std::string denied = denial(); !denied.empty()) {
      why = denied;
    }
    return {Answer::again, why};
  }

  // Empty, or why not.
  std::string connect() {
    disconnect();
    natsOptions* options = nullptr;
    natsStatus status = ::natsOptions_Create(&options);
    const auto then = [&status](natsStatus next) { status = status == NATS_OK ? next : status; };
    std::vector<std::string> urls;
    std::vector<const char*> servers;
    for (const std::string& host : setup_.url.hosts) {
      urls.push_back((tls_ ? "tls://" : "nats://") + host);
    }
    for (const std::string& url : urls) {
      servers.push_back(url.c_str());
    }
    then(::natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size())));
    then(::natsOptions_SetName(options, "whyoom-publish"));
    then(::natsOptions_SetTimeout(options, 5000));
    then(::natsOptions_SetMaxReconnect(options, -1));
    then(::natsOptions_SetReconnectWait(options, 250));
    then(::natsOptions_SetReconnectJitter(options, 250, 500));
    then(::natsOptions_SetPingInterval(options, 10'000));
    then(::natsOptions_SetSendAsap(options, true));
    then(::natsOptions_SetFailRequestsOnDisconnect(options, true));
    then(::natsOptions_SetErrorHandler(options, on_error, this));
    const Credentials& who = setup_.credentials;
    if (!who.user.empty()) {
      then(::natsOptions_SetUserInfo(options, who.user.c_str(), who.password.c_str()));
    }
    if (!who.token.empty()) {
      then(::natsOptions_SetToken(options, who.token.c_str()));
    }
    if (!who.creds.empty()) {
      then(::natsOptions_SetUserCredentialsFromFiles(options, who.creds.c_str(), nullptr));
    }
    if (tls_) {
      then(::natsOptions_SetSecure(options, true));
      const std::string& ca = setup_.ca_file.empty()
                                  ? std::string("/etc/ssl/certs/ca-certificates.crt")
                                  : setup_.ca_file;
      then(::natsOptions_LoadCATrustedCertificates(options, ca.c_str()));
      if (setup_.url.hosts.size() == 1) {
        const std::string& host = setup_.url.hosts.front();
        then(::natsOptions_SetExpectedHostname(options, host.substr(0, host.rfind(':')).c_str()));
      }
      if (!who.cert.empty()) {
        then(::natsOptions_LoadCertificatesChain(options, who.cert.c_str(), who.key.c_str()));
      }
    }
    then(::natsConnection_Connect(&connection_, options));
    ::natsOptions_Destroy(options);
    jsOptions how;
    ::jsOptions_Init(&how);
    how.Wait = wait_ms;
    if (status == NATS_OK) {
      status = ::natsConnection_JetStream(&stream_, connection_, &how);
    }
    if (status == NATS_OK) {
      return {};
    }
    const char* detail = ::nats_GetLastError(nullptr);
    return std::string(::natsStatus_GetText(status)) +
           (detail != nullptr && *detail != '\0' ? std::string(": ") + detail : "");
  }

  void disconnect() {
    ::jsCtx_Destroy(stream_);
    ::natsConnection_Destroy(connection_);
    stream_ = nullptr;
    connection_ = nullptr;
  }

  // In a thread of the library.
  static void on_error(natsConnection* connection, natsSubscription* /*of*/, natsStatus status,
                       void* self) {
    if (status == NATS_NOT_PERMITTED) {
      auto& receiver = *static_cast<NatsReceiver*>(self);
      const char* text = nullptr;
      (void)::natsConnection_GetLastError(connection, &text);
      const std::lock_guard lock(receiver.mutex_);
      receiver.denied_ = text != nullptr && *text != '\0' ? text : ::natsStatus_GetText(status);
    }
  }
  void forget_denial() {
    const std::lock_guard lock(mutex_);
    denied_.clear();
  }
  std::string denial() {
    const std::lock_guard lock(mutex_);
    return denied_;
  }

  Setup setup_;
  std::string subject_;
  bool tls_;
  natsConnection* connection_ = nullptr;
  jsCtx* stream_ = nullptr;
  std::mutex mutex_;
  std::string denied_;
};

bool is_subject(std::string_view subject) {
  return !subject.empty() && !subject.starts_with('.') && !subject.ends_with('.') &&
         !subject.starts_with('$') && subject.find_first_of("*>/") == std::string_view::npos &&
         subject.find("..") == std::string_view::npos;
}

}  // namespace

MadeReceiver make_nats(const Setup& setup) {
  if (setup.url.hosts.empty() || setup.url.path.empty() || !is_subject(setup.url.path.substr(1))) {
    return tl::unexpected(std::string("it is nats://HOST:PORT,.../SUBJECT"));
  }
  const bool all_here =
      std::ranges::all_of(setup.url.hosts, [](const auto& host) { return is_loopback(host); });
  if (setup.url.scheme == "nats" && setup.credentials.any_secret() && !all_here) {
    return tl::unexpected(
        std::string("credentials are not sent without TLS; take nats+tls://, or servers of this "
                    "machine"));
  }
  return std::make_unique<NatsReceiver>(setup);
}

}  // namespace whyoom::publish
