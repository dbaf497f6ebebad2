// Secrets in command lines: by the name that stands before a value, and by what the options of
// some programs are.
#include <algorithm>
#include <optional>
#include <span>

#include "base/text.h"
#include "host/redact.h"

namespace whyoom::host {
namespace {

bool is_secret(std::string_view word) {
  constexpr std::string_view words[] = {"pass", "pwd",  "secret", "token",
                                        "key",  "cred", "auth",   "signature"};
  return std::ranges::any_of(words, [word](std::string_view each) {
    return std::search(word.begin(), word.end(), each.begin(), each.end(),
                       [](char a, char b) { return to_lower(a) == b; }) != word.end();
  });
}

// What follows an option that no name gives away. An option means something else to each program:
// `ssh -p 22`, `docker run -p 80:80`, `mkdir -p x`.
enum class Secret : unsigned char {
  next,            // the next word, or what the option's own word has behind it
  attached,        // only what the option's own word has behind it; alone it asks
  behind_colon,    // of the next word, or of its own, what is behind the first colon
  behind_percent,  // the same with '%'
  none             // another program begins, with options of its own
};
struct OptionOf {
  std::string_view program;  // its name, or how it begins with a '*' at the end
  std::string_view option;
  Secret secret;
  std::string_view command{};  // only behind this word
};
constexpr OptionOf options[] = {
    {"mysql*", "-p", Secret::attached},
    {"mariadb*", "-p", Secret::attached},
    {"mycli", "-p", Secret::next},
    {"sshpass", "-p", Secret::next},
    {"redis-cli", "-a", Secret::next},
    {"valkey-cli", "-a", Secret::next},
    {"curl", "-u", Secret::behind_colon},
    {"curl", "--user", Secret::behind_colon},
    {"curl", "-U", Secret::behind_colon},
    {"curl", "--proxy-user", Secret::behind_colon},
    {"http", "-a", Secret::behind_colon},
    {"https", "-a", Secret::behind_colon},
    {"smbclient", "-U", Secret::behind_percent},
    {"rpcclient", "-U", Secret::behind_percent},
    {"ldap*", "-w", Secret::next},
    {"mongo*", "-p", Secret::next},
    {"rabbitmqadmin", "-p", Secret::next},
    {"influx", "-t", Secret::next},
    {"docker", "-p", Secret::next, "login"},
    {"podman", "-p", Secret::next, "login"},
    {"buildah", "-p", Secret::next, "login"},
    {"skopeo", "-p", Secret::next, "login"},
    {"helm", "-p", Secret::next, "login"},
    {"oc", "-p", Secret::next, "login"},
    {"useradd", "-p", Secret::next},
    {"usermod", "-p", Secret::next},
    {"zip", "-P", Secret::next},
    {"unzip", "-P", Secret::next},
    {"7z*", "-p", Secret::attached},
    {"ipmitool", "-P", Secret::next},
    {"snmp*", "-A", Secret::next},
    {"snmp*", "-X", Secret::next},
    {"snmp*", "-c", Secret::next},
    {"sqlcmd", "-P", Secret::next},
    {"bcp", "-P", Secret::next},
    {"xfreerdp*", "/p:", Secret::attached},
    {"ssh", "", Secret::none},
    {"scp", "", Secret::none},
    {"sftp", "", Secret::none},
    {"rsync", "", Secret::none},
};

bool is_program(std::string_view word, std::string_view program) {
  word = last_part(word);
  return program.ends_with('*') ? word.starts_with(program.substr(0, program.size() - 1))
                                : word == program;
}

// How much of a word may be shown: up to the value of what looks like a secret. "--password=x",
// "PASSWORD=x", "token:x", "?a=1&token=x", "scheme://user:x@host".
std::size_t shown_by_name(std::string_view word) {
  std::size_t key = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool value = word[i] == '=' || word[i] == ':';
    if (value && i + 1 < word.size() && is_secret(word.substr(key, i - key))) {
      return i + 1;
    }
    constexpr std::string_view between = "&?;,{=:/";
    key = between.find(word[i]) != std::string_view::npos ? i + 1 : key;
  }
  const std::size_t login = word.find("://");
  const bool host =
      login != std::string_view::npos && word.find('@', login) != std::string_view::npos;
  return host ? login + 3 : word.size();
}

// How many words behind this one are its value: of a header that names a scheme it is the second.
unsigned hidden_by_name(std::string_view word) {
  const bool value_follows = word.ends_with(':') || word.ends_with('=');
  if (value_follows && is_secret(word)) {
    return 2;
  }
  const bool option = word.starts_with('-') && word.find('=') == std::string_view::npos;
  return option && is_secret(word) ? 1 : 0;
}

// Goes through the words of one command line.
class Words {
 public:
  // How much of the next word may be shown.
  std::size_t shown(std::string_view word) {
    const bool whole = hide_ > 0;
    std::size_t shown = whole ? 0 : shown_by_name(word);
    if (divider_ != '\0') {
      shown = std::min(shown, behind(word, divider_));
    }
    hide_ = whole ? hide_ - 1 : 0;
    divider_ = '\0';
    if (const auto of_option = whole ? std::nullopt : shown_of_option(word)) {
      return std::min(shown, *of_option);
    }
    hide_ = std::max(hide_, hidden_by_name(word));
    if (!whole) {
      enter(word);
    }
    return shown;
  }

 private:
  static std::size_t behind(std::string_view word, char divider) {
    const std::size_t at = word.find(divider);
    return at == std::string_view::npos ? word.size() : at + 1;
  }
  // Which program's options these are, and behind which of its commands.
  void enter(std::string_view word) {
    if (word.starts_with('-')) {
      return;
    }
    for (const OptionOf& each : options) {
      if (is_program(word, each.program)) {
        program_ = each.program;
        command_ = {};
        return;
      }
      command_ = !each.command.empty() && word == each.command ? each.command : command_;
    }
  }
  // Empty: it is no option with a secret.
  std::optional<std::size_t> shown_of_option(std::string_view word) {
    for (const OptionOf& each : options) {
      if (each.program != program_ || each.option.empty() || !word.starts_with(each.option) ||
          each.command != (each.command.empty() ? std::string_view() : command_)) {
        continue;
      }
      const std::string_view rest = word.substr(each.option.size());
      const bool is_long = each.option.starts_with("--");
      if (is_long && !rest.empty() && !rest.starts_with('=')) {
        continue;
      }
      return apply(each, rest, word);
    }
    return std::nullopt;
  }
  std::size_t apply(const OptionOf& option, std::string_view rest, std::string_view word) {
    const std::size_t before = word.size() - rest.size();
    const char divider = option.secret == Secret::behind_colon     ? ':'
                         : option.secret == Secret::behind_percent ? '%'
                                                                   : '\0';
    if (!rest.empty()) {
      return divider == '\0' ? before : before + behind(rest, divider);
    }
    hide_ = std::max(hide_, option.secret == Secret::next ? 1U : 0U);
    divider_ = divider;
    return word.size();
  }

  unsigned hide_ = 0;
  char divider_ = '\0';
  std::string_view program_, command_;
};

}  // namespace

std::string_view keep_command_line(std::span<char> text, std::size_t most) {
  std::size_t size = text.size();
  while (size > 0 && text[size - 1] == '\0') {
    --size;
  }
  Words words;
  std::size_t used = 0;
  for (std::size_t at = 0; at < size && used < most;) {
    const std::string_view rest(text.data() + at, size - at);
    // A program that sets its own title, and a script in an argument, have blanks.
    const std::string_view word = rest.substr(0, std::min(rest.find('\0'), rest.find(' ')));
    const char separator = at > 0 ? text[at - 1] : '\0';
    at += word.size() + 1;
    const std::size_t shown = words.shown(word);
    const bool hidden = shown < word.size();
    if (used > 0) {
      text[used++] = separator;
    }
    // What is kept is never longer than what was read: the next word still stands behind it.
    for (std::size_t i = 0; i < shown && used < most; ++i) {
      const char c = word[i];
      text[used++] = static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? '?' : c;
    }
    for (int i = 0; hidden && i < 3 && used < most && used + 1 < at; ++i) {
      text[used++] = '*';
    }
  }
  return {text.data(), std::min(used, most)};
}

}  // namespace whyoom::host
