// Brokers of Kafka's protocol for a test, by librdkafka's mock cluster: three, and the topic "oom"
// with four partitions. Standard input has commands, one a line:
//   errors     the next produce requests fail in the ways that are to be tried again
//   too-large  the next produce request fails for good
//   down N, up N, leader N
//   read       all messages: PARTITION, key, header whyoom-id and value, with tabs; then "end"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <iostream>
#include <set>
#include <string>

namespace {

constexpr int partitions = 4;
constexpr int poll_ms = 1000;
constexpr short produce = 0;  // the key of its request

rd_kafka_t* client(rd_kafka_type_t type, const std::string& brokers) {
  std::array<char, 512> why{};
  rd_kafka_conf_t* config = rd_kafka_conf_new();
  if (!brokers.empty()) {
    rd_kafka_conf_set(config, "bootstrap.servers", brokers.c_str(), why.data(), why.size());
    rd_kafka_conf_set(config, "group.id", "test", why.data(), why.size());
    rd_kafka_conf_set(config, "enable.partition.eof", "true", why.data(), why.size());
  }
  return rd_kafka_new(type, config, why.data(), why.size());
}

void read_all(const std::string& brokers) {
  rd_kafka_t* consumer = client(RD_KAFKA_CONSUMER, brokers);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, "oom", i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(consumer, list);
  for (std::set<int> at_end; at_end.size() < partitions;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, poll_ms);
    if (message == nullptr) {
      continue;
    }
    rd_kafka_headers_t* headers = nullptr;
    const void* id = nullptr;
    std::size_t size = 0;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end.insert(message->partition);
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_header_get_last(headers, "whyoom-id", &id, &size);
      }
      std::cout << message->partition << '\t'
                << std::string(static_cast<const char*>(message->key), message->key_len) << '\t'
                << std::string(static_cast<const char*>(id), size) << '\t'
                << std::string(static_cast<const char*>(message->payload), message->len) << '\n';
    }
    rd_kafka_message_destroy(message);
  }
  std::cout << "end" << std::endl;
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
}

}  // namespace

int main() {
  rd_kafka_t* holder = client(RD_KAFKA_PRODUCER, "");
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(holder, 3);
  const std::string brokers = rd_kafka_mock_cluster_bootstraps(cluster);
  rd_kafka_mock_topic_create(cluster, "oom", partitions, 3);
  std::cout << brokers << std::endl;
  std::string command;
  int broker = 0;
  while (std::cin >> command) {
    if (command == "errors") {
      rd_kafka_mock_push_request_errors(
          cluster, produce, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
          RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
          RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    } else if (command == "too-large") {
      rd_kafka_mock_push_request_errors(cluster, produce, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    } else if (command == "down" && std::cin >> broker) {
      rd_kafka_mock_broker_set_down(cluster, broker);
    } else if (command == "up" && std::cin >> broker) {
      rd_kafka_mock_broker_set_up(cluster, broker);
    } else if (command == "leader" && std::cin >> broker) {
      for (int i = 0; i < partitions; ++i) {
        rd_kafka_mock_partition_set_leader(cluster, "oom", i, broker);
      }
    } else if (command == "read") {
      read_all(brokers);
      continue;
    }
    std::cout << "done" << std::endl;
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(holder);
  return 0;
}
