// `otlp+https://HOST:PORT` OpenTelemetry logs over HTTP, as protobuf:
// https://opentelemetry.io/docs/specs/otlp/#otlphttp
// opentelemetry/proto/collector/logs/v1/logs_service.proto, logs/v1/logs.proto
#include <algorithm>
#include <array>

#include "publish/http.h"
#include "publish/protobuf.h"

namespace whyoom::publish {
namespace {

std::string text_value(std::string_view text) {
  ProtobufWriter value;
  value.bytes(1, text);
  return value.text();
}

void add_attribute(ProtobufWriter& to, unsigned field, std::string_view key,
                   const std::string& any_value) {
  ProtobufWriter pair;
  pair.bytes(1, key);
  pair.bytes(2, any_value);
  to.bytes(field, pair.text());
}

std::string value_of(const Field& field) {
  ProtobufWriter value;
  if (const auto* text = std::get_if<std::string>(&field.value)) {
    value.bytes(1, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    value.number(3, static_cast<std::uint64_t>(*number));
  } else {
    value.real(4, std::get<double>(field.value));
  }
  return value.text();
}

std::string record_of(const Event& event) {
  constexpr std::array<std::uint64_t, 3> numbers = {13, 17, 21};  // by Severity
  constexpr std::array<std::string_view, 3> names = {"WARN", "ERROR", "FATAL"};
  const auto severity = static_cast<std::size_t>(event.severity);
  ProtobufWriter record;
  if (event.time_ns) {
    record.fixed64(1, static_cast<std::uint64_t>(*event.time_ns));
  }
  record.number(2, numbers[severity]);
  record.bytes(3, names[severity]);
  record.bytes(5, text_value(event.message));
  add_attribute(record, 6, "log.record.uid", text_value(event.id));
  add_attribute(record, 6, "event.name", text_value("whyoom.event"));
  for (const Field& field : event.fields) {
    add_attribute(record, 6, field.attribute, value_of(field));
  }
  record.fixed64(11, static_cast<std::uint64_t>(now_ns()));
  return record.text();
}

// Neighbours of one host share their resource, so that the order stays.
std::string request_of(std::span<const Event> batch) {
  ProtobufWriter request;
  for (std::size_t i = 0; i < batch.size();) {
    const std::string& host = batch[i].host;
    ProtobufWriter resource;
    add_attribute(resource, 1, "service.name", text_value("whyoom"));
    if (!host.empty()) {
      add_attribute(resource, 1, "host.name", text_value(host));
    }
    add_attribute(resource, 1, "os.type", text_value("linux"));
    ProtobufWriter scope, logs, of_resource;
    scope.bytes(1, "whyoom");
    scope.bytes(2, WHYOOM_VERSION);
    logs.bytes(1, scope.text());
    for (; i < batch.size() && batch[i].host == host; ++i) {
      logs.bytes(2, record_of(batch[i]));
    }
    of_resource.bytes(1, resource.text());
    of_resource.bytes(2, logs.text());
    request.bytes(1, of_resource.text());
  }
  return request.text();
}

struct Partial {
  std::uint64_t rejected = 0;
  std::string why;
};

// ExportLogsServiceResponse.partial_success
Partial partial_of(std::string_view body) {
  Partial result;
  ProtobufReader answer(body);
  while (const auto field = answer.next()) {
    if (field->number != 1) {
      continue;
    }
    ProtobufReader inner(field->bytes);
    while (const auto part = inner.next()) {
      if (part->number == 1) {
        result.rejected = part->value;
      } else if (part->number == 2) {
        result.why = part->bytes;
      }
    }
  }
  return result;
}

class OtlpReceiver final : public Receiver {
 public:
  OtlpReceiver(std::unique_ptr<Http> http, std::string url, std::vector<std::string> headers)
      : http_(std::move(http)), url_(std::move(url)), headers_(std::move(headers)) {}

  std::vector<Outcome> deliver(std::span<const Event> batch) override {
    const HttpAnswer answer = http_->send(url_, headers_, request_of(batch));
    asked_ = answer.retry_after;
    if (answer.status >= 200 && answer.status < 300) {
      return accepted(batch.size(), partial_of(answer.body));
    }
    const bool of_content = answer.status == 400 || answer.status == 413 || answer.status == 422;
    if (of_content && batch.size() > 1) {
      return one_by_one(batch);
    }
    return std::vector<Outcome>(batch.size(),
                                {of_content ? Answer::refused : Answer::again, text_of(answer)});
  }
  [[nodiscard]] std::chrono::milliseconds asked_to_wait() const override { return asked_; }

 private:
  // A part that was rejected must not be sent again, and the receiver does not say which it was.
  static std::vector<Outcome> accepted(std::size_t count, const Partial& partial) {
    std::vector<Outcome> outcomes(count, {Answer::accepted});
    const auto rejected = std::min<std::uint64_t>(partial.rejected, count);
    for (std::size_t i = 0; i < rejected; ++i) {
      outcomes[i] = {Answer::refused, "it took " + std::to_string(count - rejected) + " of " +
                                          std::to_string(count) +
                                          " and does not say which: " + partial.why};
    }
    return outcomes;
  }

  // Nothing of a batch was taken because of something in it: only that is refused.
  std::vector<Outcome> one_by_one(std::span<const Event> batch) {
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      outcomes.push_back(deliver(batch.subspan(i, 1)).front());
      if (outcomes.back().answer == Answer::again) {
        break;
      }
    }
    return outcomes;
  }

  std::unique_ptr<Http> http_;
  std::string url_;
  std::vector<std::string> headers_;
  std::chrono::milliseconds asked_{0};
};

}  // namespace

MadeReceiver make_otlp(const Setup& setup) {
  if (setup.url.hosts.size() != 1) {
    return tl::unexpected(std::string("one HOST:PORT is wanted"));
  }
  const bool tls = setup.url.scheme == "otlp+https";
  if (std::string why = secret_in_clear(setup, tls); !why.empty()) {
    return tl::unexpected(why);
  }
  auto http = Http::make(setup);
  if (!http) {
    return tl::unexpected(http.error());
  }
  const bool has_path = !setup.url.path.empty() && setup.url.path != "/";
  const std::string url = (tls ? "https://" : "http://") + setup.url.hosts.front() +
                          (has_path ? setup.url.path : "/v1/logs");
  std::vector<std::string> headers = setup.credentials.headers;
  headers.emplace_back("Content-Type: application/x-protobuf");
  if (!setup.credentials.token.empty()) {
    headers.push_back("Authorization: Bearer " + setup.credentials.token);
  }
  return std::make_unique<OtlpReceiver>(std::move(*http), url, std::move(headers));
}

}  // namespace whyoom::publish
