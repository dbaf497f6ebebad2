#include "host/whyoom_conf.h"

#include <algorithm>
#include <iterator>

#include "base/language.h"
#include "base/text.h"
#include "host/lines.h"
#include "host/sysctl_files.h"
#include "host/writers.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 10U;
constexpr std::size_t most_files = 100;

tl::unexpected<std::string> wrong(std::string_view at, const std::string& what) {
  return tl::unexpected(tr("{}: {}", printable(at), what));
}

bool is_key(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_lower(c) || c == '-'; });
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; }

tl::expected<void, std::string> parse(std::string_view text, const std::string& path, Conf& conf) {
  Lines lines(text, 0, nullptr, Lines::End::person);
  while (lines.next()) {
    const std::string_view line = trim(lines.line());
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const std::string at = path + ":" + std::to_string(lines.place().line);
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view key = trim(line.substr(0, equals));
    if (equals == line.size() || !is_key(key)) {
      constexpr std::size_t most_shown = 60;
      return wrong(at,
                   tr(R"("{}" is no line "key = value")", printable(line.substr(0, most_shown))));
    }
    const std::string_view value = trim(line.substr(equals + 1));
    if (std::ranges::any_of(value, is_control)) {
      return wrong(at, tr("the value of {} has a control character in it", key));
    }
    conf.lines.push_back({std::string(key), std::string(value), at});
  }
  return {};
}

// Everything on the way is root's own, so it stays what was judged.
tl::expected<std::string, std::string> trusted(Files& files, std::string_view path) {
  const auto real = real_path(files, path);
  if (!real) {
    return wrong(path, real.error().text);
  }
  if (const OpenToOthers open = open_to_others(files, *real); !open.who.empty()) {
    return wrong(path, tr("{} can write {}, so nothing is taken from it; give it to root alone "
                          "(chown root, chmod go-w)",
                          open.who, printable(open.path)));
  }
  return *real;
}

tl::expected<void, std::string> read_file(Files& files, const std::string& path, Conf& conf) {
  const auto real = trusted(files, path);
  if (!real) {
    return tl::unexpected(real.error());
  }
  const auto text = files.read(*real, most_bytes);
  if (!text) {
    return text.error().kind == FileError::Kind::missing ? tl::expected<void, std::string>()
                                                         : wrong(path, text.error().text);
  }
  // What others could write cannot be told without it.
  if (const auto status = files.status(*real); !status) {
    return wrong(path, status.error().text);
  }
  conf.files.push_back(path);
  return parse(*text, path, conf);
}

tl::expected<std::vector<std::string>, std::string> drop_ins(Files& files) {
  const auto real = trusted(files, conf_directory);
  if (!real) {
    return tl::unexpected(real.error());
  }
  const auto listing = files.list(*real, most_files);
  if (!listing && listing.error().kind != FileError::Kind::missing) {
    return wrong(conf_directory, listing.error().text);
  }
  std::vector<std::string> paths;
  if (listing && listing->cut) {
    return wrong(conf_directory, tr("more than {} files", std::to_string(most_files)));
  }
  for (const Entry& entry : listing ? listing->entries : std::vector<Entry>()) {
    if (!entry.is_directory && !entry.name.starts_with('.') && entry.name.ends_with(".conf")) {
      paths.push_back(std::string(conf_directory).append("/").append(entry.name));
    }
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

const ConfLine* Conf::find(std::string_view key) const {
  const auto found = std::find_if(lines.rbegin(), lines.rend(),
                                  [key](const ConfLine& line) { return line.key == key; });
  return found == lines.rend() ? nullptr : &*found;
}

tl::expected<Conf, std::string> read_conf(Files& files) {
  Conf conf;
  if (const auto done = read_file(files, std::string(conf_file), conf); !done) {
    return tl::unexpected(done.error());
  }
  const auto paths = drop_ins(files);
  if (!paths) {
    return tl::unexpected(paths.error());
  }
  for (const std::string& path : *paths) {
    if (const auto done = read_file(files, path, conf); !done) {
      return tl::unexpected(done.error());
    }
  }
  return conf;
}

}  // namespace whyoom::host
