#include "host/host_names.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr auto npos = std::string_view::npos;

// Words of the kernel's tables and messages, of the files of sysctl, limits and units, and of the
// capture's own index.
constexpr std::array<std::string_view, 97> common_words{
    "active",   "admin",   "all",     "anon",    "audit",   "available", "bin",      "boot",
    "cache",    "cgroup",  "clock",   "config",  "conf",    "control",   "cpu",      "crash",
    "data",     "default", "dev",     "dma",     "dma32",   "dmesg",     "docker",   "error",
    "etc",      "events",  "file",    "files",   "free",    "from",      "fs",       "gap",
    "group",    "hard",    "high",    "highmem", "home",    "host",      "inactive", "init",
    "journal",  "kernel",  "killed",  "kmsg",    "kubelet", "lib",       "limits",   "link",
    "linux",    "list",    "local",   "log",     "low",     "max",       "mem",      "memory",
    "messages", "min",     "movable", "net",     "node",    "normal",    "nproc",    "numa",
    "oom",      "order",   "out",     "page",    "pages",   "pid",       "pids",     "proc",
    "process",  "pstore",  "read",    "root",    "run",     "service",   "slab",     "slice",
    "soft",     "stat",    "state",   "status",  "swap",    "sys",       "syslog",   "system",
    "systemd",  "task",    "tasks",   "threads", "total",   "user",      "usr",      "var",
    "vm"};

bool same_letter(char a, char b) { return to_lower(a) == to_lower(b); }

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same_letter);
}

bool is_word(char c) { return is_alnum(c) || c == '_'; }

bool is_common(std::string_view name) {
  return name.size() < 2 || std::ranges::all_of(name, is_digit) ||
         std::ranges::any_of(common_words, [name](auto word) { return same(word, name); });
}

std::size_t find_word(std::string_view text, std::string_view name, std::size_t from) {
  while (from < text.size()) {
    const auto at = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
                                name.begin(), name.end(), same_letter);
    if (at == text.end()) {
      return npos;
    }
    from = static_cast<std::size_t>(at - text.begin());
    const std::size_t behind = from + name.size();
    if ((from == 0 || !is_word(text[from - 1])) &&
        (behind == text.size() || !is_word(text[behind]))) {
      return from;
    }
    ++from;
  }
  return npos;
}

void replace_all(std::string& text, std::string_view name, std::string_view placeholder) {
  std::size_t at = find_word(text, name, 0);
  if (at == npos) {
    return;
  }
  std::string out;
  std::size_t done = 0;
  for (; at != npos; at = find_word(text, name, done)) {
    out.append(text, done, at - done);
    out += placeholder;
    done = at + name.size();
  }
  out.append(text, done);
  text = std::move(out);
}

}  // namespace

void HostNames::add_as(std::string_view name, const std::string& placeholder) {
  const bool nothing = name.empty() || same(name, "localhost") || name == "(none)" ||
                       std::ranges::any_of(names_, [name](const Name& known) {
                         return same(known.name, name) || same(known.placeholder, name);
                       });
  if (nothing) {
    return;
  }
  const auto longer = std::ranges::find_if(
      names_, [name](const Name& known) { return known.name.size() < name.size(); });
  names_.insert(longer, {std::string(name), placeholder, is_common(name)});
}

void HostNames::add_domain(std::string_view domain) {
  if (domain.find('.') != npos) {  // "local" alone says nothing
    const std::size_t before = names_.size();
    add_as(domain, "domain-" + std::to_string(domains_ + 1));
    domains_ += names_.size() > before ? 1 : 0;
  }
}

void HostNames::add_with_domain(std::string_view name, const std::string& placeholder) {
  const std::size_t dot = name.find('.');
  add_as(name, placeholder);
  const bool address = std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; });
  if (dot != npos && !address) {
    add_as(name.substr(0, dot), placeholder);
    add_domain(name.substr(dot + 1));
  }
}

std::vector<std::string> own_names(Files& files) {
  std::vector<std::string> names;
  for (const char* path : {"/proc/sys/kernel/hostname", "/etc/hostname"}) {
    const std::string text = files.read(path).value_or("");
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view line = trim(take_part(rest, '\n'));
      if (!line.empty() && !line.starts_with('#')) {
        names.emplace_back(line);
      }
    }
  }
  return names;
}

void HostNames::add_own(Files& files) {
  const std::string own = "host-1";
  for (const std::string& name : own_names(files)) {
    add_with_domain(name, own);
  }
  if (const auto text = files.read("/proc/sys/kernel/domainname")) {
    add_domain(trim(*text));
  }
  const auto hosts = files.read("/etc/hosts");
  for (std::string_view rest = hosts ? std::string_view(*hosts) : std::string_view();
       !rest.empty();) {
    const std::string_view line = take_part(rest, '\n');
    Cursor cursor(line.substr(0, line.find('#')));
    cursor.skip_spaces();
    cursor.take_word();  // the address
    std::vector<std::string_view> words;
    for (cursor.skip_spaces(); !cursor.at_end(); cursor.skip_spaces()) {
      words.push_back(cursor.take_word());
    }
    const bool ours = std::ranges::any_of(words, [this](std::string_view word) {
      return std::ranges::any_of(names_,
                                 [word](const Name& known) { return same(known.name, word); });
    });
    for (const std::string_view word : words) {
      if (ours && !word.starts_with("localhost")) {
        add_with_domain(word, own);
      }
    }
  }
}

void HostNames::add(std::string_view name) {
  const std::size_t before = names_.size();
  add_with_domain(name, "host-" + std::to_string(hosts_ + 1));
  hosts_ += names_.size() > before ? 1 : 0;
}

std::string HostNames::replaced(std::string_view text) const {
  std::string out(text);
  for (const Name& name : names_) {
    if (!name.common) {
      replace_all(out, name.name, name.placeholder);
    }
  }
  return out;
}

// The framing's name comes before the text; in JSON it has a field of its own.
void HostNames::replace_in_line(std::string_view line, std::string& out) const {
  for (const Name& name : names_) {
    if (!name.common) {
      continue;
    }
    const std::string field = "_HOSTNAME\":\"" + name.name + "\"";
    std::size_t at = line.find(field);
    if (at != npos) {
      at += std::string_view("_HOSTNAME\":\"").size();
    } else if (!trim_left(line).starts_with('{')) {
      constexpr std::size_t widest_time = 48;
      at = find_word(line.substr(0, widest_time + name.name.size()), name.name, 0);
    }
    if (at != npos) {
      out.append(line.substr(0, at)).append(name.placeholder);
      out.append(line.substr(at + name.name.size()));
      return;
    }
  }
  out += line;
}

std::string HostNames::replaced_in_log(std::string_view log) const {
  const bool any_common = std::ranges::any_of(names_, &Name::common);
  if (!any_common) {
    return replaced(log);
  }
  std::string columns;
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    replace_in_line(log.substr(0, end), columns);
    columns += end < log.size() ? "\n" : "";
    log.remove_prefix(std::min(end + 1, log.size()));
  }
  return replaced(columns);
}

std::vector<std::string> HostNames::left() const {
  std::vector<std::string> words;
  for (const Name& name : names_) {
    if (name.common) {
      words.push_back(name.name);
    }
  }
  return words;
}

}  // namespace whyoom::host
