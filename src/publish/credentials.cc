#include "publish/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>

#include "base/text.h"

namespace whyoom::publish {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 10U;

tl::expected<std::string, std::string> read_file(const std::string& file, bool secret) {
  const auto wrong = [&](const std::string& why) {
    return tl::unexpected(printable(file) + ": " + why);
  };
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return wrong(std::strerror(errno));
  }
  struct stat status {};
  std::string text;
  std::string why;
  const char* of_systemd = std::getenv("CREDENTIALS_DIRECTORY");
  const bool guarded = of_systemd != nullptr && *of_systemd == '/' &&
                       file.starts_with(std::string(of_systemd) + "/") &&
                       file.find("/../") == std::string::npos;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    why = "this is no file";
  } else if (secret && !guarded && (status.st_mode & 077U) != 0) {
    why = "others than its owner may read or write it: chmod 600 it";
  } else {
    std::array<char, 4096> room{};
    ssize_t got = 0;
    while ((got = ::read(fd, room.data(), room.size())) > 0 && text.size() <= most_bytes) {
      text.append(room.data(), static_cast<std::size_t>(got));
    }
    why = got < 0 ? std::strerror(errno) : text.size() > most_bytes ? "it is too long" : "";
  }
  ::close(fd);
  if (!why.empty()) {
    return wrong(why);
  }
  return text;
}

}  // namespace

tl::expected<std::string, std::string> read_secret_file(const std::string& file) {
  return read_file(file, true);
}

tl::expected<std::string, std::string> read_small_file(const std::string& file) {
  return read_file(file, false);
}

tl::expected<Credentials, std::string> read_credentials(const std::string& file) {
  const auto text = read_secret_file(file);
  if (!text) {
    return tl::unexpected(text.error());
  }
  Credentials result;
  const std::map<std::string_view, std::string*> names = {{"user", &result.user},
                                                          {"password", &result.password},
                                                          {"mechanism", &result.mechanism},
                                                          {"token", &result.token},
                                                          {"creds", &result.creds},
                                                          {"cert", &result.cert},
                                                          {"key", &result.key},
                                                          {"ca", &result.ca}};
  std::string_view rest = *text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = trim(take_part(rest, '\n'));
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const auto wrong = [&](std::string_view why) {
      return tl::unexpected(printable(file) + ":" + std::to_string(number) + ": " +
                            std::string(why));
    };
    const std::size_t sign = line.find('=');
    if (sign == std::string_view::npos) {
      return wrong("a line here is name = value");
    }
    const std::string_view name = trim(line.substr(0, sign));
    const std::string_view value = trim(line.substr(sign + 1));
    const auto target = names.find(name);
    if (target != names.end()) {
      *target->second = value;
    } else if (name == "header" && value.find(": ") != std::string_view::npos) {
      result.headers.emplace_back(value);
    } else {
      return wrong(
          "names here are user, password, mechanism, token, creds, cert, key, ca and header "
          "(\"name: value\")");
    }
  }
  return result;
}

}  // namespace whyoom::publish
