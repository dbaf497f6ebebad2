// `whyoom serve`
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <csignal>
#include <ctime>
#include <memory>

#include "app/command.h"
#include "base/human.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"
#include "linux/http_server.h"

namespace whyoom::app {
namespace {

struct ServeFlags {
  std::string listen = "127.0.0.1:9753";
  std::string textfile = "/run/whyoom/metrics.prom";
  std::string page;  // empty: where it is installed
};

constexpr std::size_t most_text = std::size_t{1} << 20U;  // as much as the recorder writes

struct TextFile {
  std::string text;
  std::int64_t age_s = 0;
};
tl::expected<TextFile, int> read_text(const std::string& path) {
  // A FIFO in its place is not to hold anybody up.
  const linux::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return tl::unexpected(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return tl::unexpected(EINVAL);
  }
  auto text = linux::read_whole(file.get(), most_text);
  if (!text) {
    return tl::unexpected(text.error());
  }
  return TextFile{std::move(*text), std::time(nullptr) - status.st_mtime};
}

// The page that explains logs in a browser.
tl::expected<TextFile, int> read_page(const std::string& given) {
  if (!given.empty()) {
    return read_text(given);
  }
  auto page = read_text("/usr/local/share/whyoom/whyoom.html");
  return page ? page : read_text("/usr/share/whyoom/whyoom.html");
}

std::string unreadable(const std::string& textfile, int error) {
  return printable(textfile) + " cannot be read: " + linux::errno_text(error) +
         ". `whyoom watch --textfile` writes it.\n";
}

linux::HttpAnswer metrics(const std::string& textfile) {
  auto file = read_text(textfile);
  if (!file) {
    return {503, unreadable(textfile, file.error())};
  }
  return {200, std::move(file->text), "text/plain; version=0.0.4; charset=utf-8"};
}

linux::HttpAnswer status(const ServeFlags& flags) {
  const auto file = read_text(flags.textfile);
  return {200,
          "whyoom " WHYOOM_VERSION
          "\n\n/metrics  for Prometheus\n/         explains logs in the browser, where `./dev web` "
          "made the page and it is installed\n\n" +
              (file ? "The recorder wrote the metrics " +
                          seconds(static_cast<double>(std::max<std::int64_t>(file->age_s, 0))) +
                          " ago, to " + printable(flags.textfile) + "\n"
                    : unreadable(flags.textfile, file.error()))};
}

linux::HttpAnswer answer(std::string_view path, const ServeFlags& flags) {
  if (path == "/metrics") {
    return metrics(flags.textfile);
  }
  if (path == "/") {
    auto page = read_page(flags.page);
    return page ? linux::HttpAnswer{200, std::move(page->text), "text/html; charset=utf-8"}
                : status(flags);
  }
  return path == "/status" ? status(flags)
                           : linux::HttpAnswer{404, "There are /, /metrics and /status.\n"};
}

int serve(const ServeFlags& flags, Console& io) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const linux::Descriptor stop(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  const auto listener = linux::listen_at(flags.listen);
  if (!listener) {
    return io.fail(listener.error());
  }
  io.tell("http://" + linux::address_of(*listener) + "/metrics");
  io.errors.flush();
  linux::become_server({stop.get(), listener->get()});
  linux::serve_pages(*listener, stop,
                     [&flags](std::string_view path) { return answer(path, flags); });
  return nothing_found;
}

}  // namespace

const Command serve_command{
    "serve", "whyoom serve [OPTIONS]",
    "Shows Prometheus what the recorder knows, by HTTP.\n"
    "It reads the file that `whyoom watch --textfile` writes, and needs no rights: root becomes\n"
    "nobody. /metrics are the metrics, /status says what is there, and / is the page that "
    "explains\n"
    "logs in the browser, where that is installed: nothing of a log comes back here.",
    "Whoever can reach the address can read it: names of units, pods and cgroups are in it.\n"
    "\nExit status: 0 ended by a signal, 2 wrong use, or it cannot listen there.\n"
    "\nExamples:\n"
    "  sudo whyoom watch --textfile /run/whyoom/metrics.prom\n"
    "  whyoom serve\n"
    "  whyoom serve --listen [::1]:9753\n",
    [](Flags& flags) -> Work {
      const auto given = std::make_shared<ServeFlags>();
      flags.text("--listen", "ADDRESS", given->listen, "Address and port; default 127.0.0.1:9753");
      flags.configured("listen", "127.0.0.1:9753");
      flags.text("--textfile", "FILE", given->textfile,
                 "What it shows; default /run/whyoom/metrics.prom");
      flags.text("--page", "FILE", given->page,
                 "The page at /; default: the one that is installed");
      return [given](Console& io) { return serve(*given, io); };
    }};

}  // namespace whyoom::app
