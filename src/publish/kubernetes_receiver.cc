// `k8s:` A core/v1 Event on the Pod that was hit, or on the Node. The kernel's log has the Pod's
// UID; its name is asked for at the API server.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "publish/http.h"
#include "publish/stop.h"

namespace whyoom::publish {
namespace {

using Json = nlohmann::json;

constexpr std::string_view account = "/var/run/secrets/kubernetes.io/serviceaccount/";
constexpr std::size_t most_pods = 4096;
constexpr auto look_again_after = std::chrono::seconds(10);

struct Pod {
  std::string name, space, uid;
};

std::string text_at(const Json& from, const char* name) {
  const auto found = from.is_object() ? from.find(name) : from.end();
  return from.is_object() && found != from.end() && found->is_string() ? found->get<std::string>()
                                                                       : std::string();
}

// What may stand in a path.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return is_lower(c) || is_digit(c) || c == '-' || c == '.';
  });
}

std::string reason_of(const std::string& kind) {
  static const std::map<std::string, std::string> names = {
      {"oom-kill", "OOMKill"},
      {"memcg-oom-kill", "MemoryLimitOOMKill"},
      {"oom-panic", "OOMPanic"},
      {"page-allocation-failure", "PageAllocationFailure"},
      {"fork-rejected", "ForkRejected"},
      {"overcommit-refused", "OvercommitRefused"},
      {"userspace-kill", "UserspaceOOMKill"},
      {"limit-reached", "KernelLimitReached"}};
  const auto found = names.find(kind);
  return found == names.end() ? "OutOfMemory" : found->second;
}

class KubernetesReceiver final : public Receiver {
 public:
  KubernetesReceiver(std::unique_ptr<Http> http, std::string server, std::string token,
                     std::string token_file, std::string node)
      : http_(std::move(http)),
        server_(std::move(server)),
        token_(std::move(token)),
        token_file_(std::move(token_file)),
        node_(std::move(node)) {}

  std::vector<Outcome> deliver(std::span<const Event> batch) override {
    std::vector<Outcome> outcomes;
    asked_ = {};
    for (const Event& event : batch) {
      outcomes.push_back(send(event));
      if (outcomes.back().answer == Answer::again) {
        break;
      }
    }
    return outcomes;
  }
  [[nodiscard]] std::chrono::milliseconds asked_to_wait() const override { return asked_; }

 private:
  HttpAnswer ask(const std::string& path, std::string_view body, std::string_view accept) {
    std::vector<std::string> headers = {"Accept: " + std::string(accept)};
    std::string token = token_;
    if (!token_file_.empty()) {  // it is renewed while this runs
      const auto text = read_small_file(token_file_);
      token = text ? std::string(trim(*text)) : "";
    }
    if (!token.empty()) {
      headers.push_back("Authorization: Bearer " + token);
    }
    if (!body.empty()) {
      headers.emplace_back("Content-Type: application/json");
    }
    HttpAnswer answer = http_->send(server_ + path, headers, body);
    asked_ = answer.retry_after;
    return answer;
  }

  std::string node_of(const Event& event) const { return event.host.empty() ? node_ : event.host; }

  Outcome send(const Event& event) {
    Pod pod;
    if (!event.pod_uid.empty()) {
      if (Outcome asked = find(event, pod); asked.answer == Answer::again) {
        return asked;
      }
    }
    Outcome outcome = post(event, pod);
    if (outcome.answer == Answer::again && pod_is_gone_) {
      pods_.erase(event.pod_uid);
      outcome = post(event, {});
    }
    return outcome;
  }

  // Of a pod that is not there any more nothing is set.
  Outcome find(const Event& event, Pod& pod) {
    if (const auto known = pods_.find(event.pod_uid); known != pods_.end()) {
      pod = known->second;
      return {Answer::accepted};
    }
    const std::string node = node_of(event);
    const auto looked = looked_.find(node);
    if (!is_name(node) ||
        (looked != looked_.end() && Clock::now() - looked->second < look_again_after)) {
      return {Answer::accepted};
    }
    const HttpAnswer answer =
        ask("/api/v1/pods?fieldSelector=spec.nodeName%3D" + node, {},
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
    const Json list = Json::parse(answer.body, nullptr, false);
    if (answer.status != 200 || !list.is_object() || !list.contains("items") ||
        !list["items"].is_array()) {
      return {Answer::again, "pods of " + node + ": " + text_of(answer)};
    }
    if (looked_.size() > most_pods || pods_.size() > most_pods) {
      looked_.clear();
      pods_.clear();
    }
    looked_[node] = Clock::now();
    for (const Json& item : list["items"]) {
      take(item);
    }
    if (const auto now = pods_.find(event.pod_uid); now != pods_.end()) {
      pod = now->second;
    }
    return {Answer::accepted};
  }

  void take(const Json& item) {
    if (!item.is_object() || !item.contains("metadata")) {
      return;
    }
    const Json& meta = item["metadata"];
    const Pod pod{text_at(meta, "name"), text_at(meta, "namespace"), text_at(meta, "uid")};
    if (!is_name(pod.name) || !is_name(pod.space) || pods_.size() > 2 * most_pods) {
      return;
    }
    pods_[pod.uid] = pod;
    // The cgroup of a static pod has the hash of its file instead of its UID.
    if (meta.contains("annotations")) {
      if (std::string hash = text_at(meta["annotations"], "kubernetes.io/config.hash");
          !hash.empty()) {
        pods_[hash] = pod;
      }
    }
  }

  Json body_of(const Event& event, const Pod& pod) const {
    const std::string node = node_of(event);
    const std::int64_t when = event.time_ns.value_or(now_ns());
    const bool on_pod = !pod.name.empty();
    Json involved = {{"apiVersion", "v1"}, {"kind", on_pod ? "Pod" : "Node"}};
    involved["name"] = on_pod ? pod.name : node;
    involved["uid"] = on_pod ? pod.uid : node;  // of a Node as the kubelet has it
    if (on_pod) {
      involved["namespace"] = pod.space;
    }
    std::string message = event.message;
    if (!on_pod && !event.pod_uid.empty()) {
      message.resize(std::min<std::size_t>(message.size(), 900));
      message += " (pod " + event.pod_uid + ", which is gone)";
    }
    return {{"apiVersion", "v1"},
            {"kind", "Event"},
            {"metadata",
             {{"name", "whyoom." + event.id}, {"namespace", on_pod ? pod.space : "default"}}},
            {"involvedObject", involved},
            {"reason", reason_of(event.kind)},
            {"message", message},
            {"type", "Warning"},
            {"source", {{"component", "whyoom"}, {"host", node}}},
            {"firstTimestamp", utc_text(when, 0)},
            {"lastTimestamp", utc_text(when, 0)},
            {"eventTime", utc_text(when, 6)},
            {"count", 1},
            {"action", "Explained"},
            {"reportingComponent", "whyoom"},
            {"reportingInstance", node.substr(0, 128)}};
  }

  Outcome post(const Event& event, const Pod& pod) {
    pod_is_gone_ = false;
    const std::string space = pod.name.empty() ? "default" : pod.space;
    const std::string body =
        body_of(event, pod).dump(-1, ' ', false, Json::error_handler_t::replace);
    const HttpAnswer answer =
        ask("/api/v1/namespaces/" + space + "/events", body, "application/json");
    if (answer.status == 200 || answer.status == 201) {
      return {Answer::accepted};
    }
    const Json said = Json::parse(answer.body, nullptr, false);
    const std::string reason = text_at(said, "reason");
    if (answer.status == 409 && reason == "AlreadyExists") {
      return {Answer::accepted, {}, true};
    }
    pod_is_gone_ =
        !pod.name.empty() &&
        (answer.status == 404 || answer.body.find("NamespaceTerminating") != std::string::npos);
    const bool of_content = answer.status == 400 || answer.status == 413 || answer.status == 422;
    const std::string told = text_at(said, "message");
    return {of_content ? Answer::refused : Answer::again,
            told.empty() ? text_of(answer)
                         : "HTTP status " + std::to_string(answer.status) + ": " + told};
  }

  std::unique_ptr<Http> http_;
  std::string server_, token_, token_file_, node_;
  std::map<std::string, Pod> pods_;  // by their UID
  std::map<std::string, Clock::time_point> looked_;
  std::chrono::milliseconds asked_{0};
  bool pod_is_gone_ = false;  // by the last answer
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

MadeReceiver make_kubernetes(const Setup& setup) {
  Setup own = setup;
  std::string server, token_file;
  if (setup.url.scheme == "k8s") {
    const std::string host = variable("KUBERNETES_SERVICE_HOST");
    const std::string port = variable("KUBERNETES_SERVICE_PORT");
    if (!setup.url.path.empty() || !setup.url.hosts.empty()) {
      return tl::unexpected(std::string("it is k8s: inside a cluster, else k8s+https://HOST:PORT"));
    }
    if (host.empty() || port.empty()) {
      return tl::unexpected(
          std::string("this is no pod of a cluster (no KUBERNETES_SERVICE_HOST); from outside it "
                      "is k8s+https://HOST:PORT with --credentials and --ca"));
    }
    server =
        "https://" + (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + port;
    if (own.ca_file.empty()) {
      own.ca_file = std::string(account) + "ca.crt";
    }
    if (own.credentials.token.empty()) {
      token_file = std::string(account) + "token";
    }
  } else if (setup.url.hosts.size() == 1 && setup.url.path.size() <= 1) {
    server = "https://" + setup.url.hosts.front();
  } else {
    return tl::unexpected(std::string("it is k8s+https://HOST:PORT"));
  }
  auto http = Http::make(own);
  if (!http) {
    return tl::unexpected(http.error());
  }
  std::string node = variable("NODE_NAME");
  if (node.empty()) {
    std::array<char, 256> name{};
    node = ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
  }
  return std::make_unique<KubernetesReceiver>(std::move(*http), server, own.credentials.token,
                                              token_file, node);
}

}  // namespace whyoom::publish
