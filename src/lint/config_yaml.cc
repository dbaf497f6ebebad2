// What YAML sets on a host, whoever reads it: Kubernetes, Ansible, cloud-init. The shapes are the
// same everywhere, so one walk finds them: a key that is a sysctl's name, a name and a value beside
// each other, a text that is a sysctl file, a profile of tuned or a script, a command's words.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "lint/config.h"

namespace whyoom::lint {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_sysctl_file(std::string_view text) { return format_of("", text) == Format::sysctl; }

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

class Walk {
 public:
  explicit Walk(Config& out) : out_(out) {}

  // `key`: behind which it stands.
  void node(const YamlNode& node, std::string_view key, bool of_pod) {
    switch (node.kind) {
      case YamlNode::Kind::text:
        text(node);
        break;
      case YamlNode::Kind::map:
        map(node, key, of_pod);
        break;
      case YamlNode::Kind::list:
        words_of_command(node);
        for (const YamlEntry& entry : node.entries) {
          this->node(entry.value, key, of_pod);
        }
        break;
    }
  }

 private:
  void map(const YamlNode& node, std::string_view key, bool of_pod) {
    const std::uint32_t group = out_.groups++;
    name_and_value(node, group, of_pod);
    container(node);
    encoded_file(node);
    for (const YamlEntry& entry : node.entries) {
      const bool is_value = entry.value.is_text() && !entry.value.alias;
      if (looks_like_sysctl(entry.key) && is_value) {
        out_.settings.push_back({entry.key, entry.value.text, entry.at, group, of_pod});
      } else if (is_value && last_part(entry.key) == "sysctl") {
        free_form(entry.value);
      } else {
        this->node(entry.value, entry.key,
                   of_pod || (key == "securityContext" && entry.key == "sysctls"));
      }
    }
  }

  // {name: vm.x, value: 1}, as tasks, pods and lists of settings have it.
  void name_and_value(const YamlNode& node, std::uint32_t group, bool of_pod) {
    for (const std::string_view key : {"name", "key", "sysctl", "sysctl_key"}) {
      const YamlNode* name = node.find(key);
      if (name == nullptr || !name->is_text() || !looks_like_sysctl(name->text)) {
        continue;
      }
      for (const std::string_view value_key : {"value", "val", "sysctl_value"}) {
        const YamlNode* value = node.find(value_key);
        if (value != nullptr && value->is_text() && node.text_of("state") != "absent") {
          out_.settings.push_back({name->text, value->text, name->at, group, of_pod});
        }
      }
      return;
    }
  }

  // "sysctl: name=vm.x value=1 state=present".
  void free_form(const YamlNode& node) {
    const auto name = value_after(node.text, "name=");
    const auto value = value_after(node.text, "value=");
    if (!name || !value || !looks_like_sysctl(*name)) {
      text(node);
    } else if (value_after(node.text, "state=") != "absent") {
      out_.settings.push_back({std::string(*name), std::string(*value), node.at, out_.groups++});
    }
  }

  // [sysctl, -w, vm.x=1]
  void words_of_command(const YamlNode& node) {
    bool in_sysctl = false;
    const std::uint32_t group = out_.groups++;
    for (const YamlEntry& entry : node.entries) {
      const std::string_view word = entry.value.text;
      if (entry.value.is_text() && (word == "sysctl" || word.ends_with("/sysctl"))) {
        in_sysctl = true;
      } else if (in_sysctl && entry.value.is_text()) {
        add_assignment(word, entry.value.at, group, out_);
      }
    }
  }

  void text(const YamlNode& node) {
    if (node.alias) {
      return;
    }
    if (node.block && has(node.text, "[sysctl]")) {
      read_tuned_text(node.text, node.at, out_);
    } else if (node.block && is_sysctl_file(node.text)) {
      read_sysctl_text(node.text, node.at, out_);
    } else if (has(node.text, "sysctl") || has(node.text, "/proc/sys/")) {
      read_shell_text(node.text, node.at, out_);
    }
  }

  // cloud-init: nobody sees what such a file says.
  void encoded_file(const YamlNode& node) {
    const YamlNode* encoding = node.find("encoding");
    if (encoding != nullptr && !encoding->text.empty() && encoding->text != "text/plain" &&
        has(node.text_of("path"), "sysctl")) {
      out_.not_read.push_back(
          {encoding->at, Message("the content of this file is encoded and was not read")});
    }
  }

  void memory_unit(const YamlNode* amount) {
    if (amount == nullptr || !amount->is_text()) {
      return;
    }
    const std::string_view text = amount->text;
    if (text.size() > 1 && text.ends_with('m') &&
        parse_number<std::uint64_t>(text.substr(0, text.size() - 1))) {
      out_.memory_units.push_back(
          {amount->at, Message("{} is {} thousandths of a byte: Kubernetes reads m as milli", text,
                               text.substr(0, text.size() - 1))});
    }
  }

  // A map with resources: {limits: {memory: ..}} and a command line beside it.
  void container(const YamlNode& node) {
    const YamlNode* resources = node.find("resources");
    const YamlNode* limits = resources == nullptr ? nullptr : resources->find("limits");
    const YamlNode* requests = resources == nullptr ? nullptr : resources->find("requests");
    memory_unit(requests == nullptr ? nullptr : requests->find("memory"));
    const YamlNode* memory = limits == nullptr ? nullptr : limits->find("memory");
    memory_unit(memory);
    if (memory == nullptr || !memory->is_text()) {
      return;
    }
    Container found{memory->at, memory->text, {}};
    for (const std::string_view key : {"command", "args"}) {
      add_words(node.find(key), found);
    }
    add_environment(node.find("env"), found);
    if (!found.words.empty()) {
      out_.containers.push_back(std::move(found));
    }
  }

  static void add_words(const YamlNode* node, Container& found) {
    if (node == nullptr) {
      return;
    }
    if (node->is_text()) {
      found.words.push_back({node->text, node->at, {}});
    }
    for (const YamlEntry& entry : node->entries) {
      if (entry.value.is_text()) {
        found.words.push_back({entry.value.text, entry.value.at, {}});
      }
    }
  }

  static void add_environment(const YamlNode* node, Container& found) {
    if (node == nullptr) {
      return;
    }
    for (const YamlEntry& entry : node->entries) {
      const YamlNode* value = entry.value.find("value");
      if (value != nullptr && value->is_text()) {
        found.words.push_back({value->text, value->at, std::string(entry.value.text_of("name"))});
      }
    }
  }

  Config& out_;
};

}  // namespace

void read_yaml_text(std::string_view text, Config& out) {
  YamlText read = read_yaml(text);
  out.not_read = std::move(read.not_read);
  Walk walk(out);
  for (const YamlNode& document : read.documents) {
    walk.node(document, {}, false);
  }
  if (read.template_lines > 0) {
    out.not_read.push_back(
        {read.template_at, Message("lines of a template: what they make was not read, {} in all",
                                   read.template_lines)});
  }
}

}  // namespace whyoom::lint
