// Lines of any framing through the framer: the journal's export, verbose and JSON, containers'
// records, syslog, dmesg, consoles.
#include <algorithm>
#include <functional>

#include "fuzz.h"
#include "logtext/framer.h"

namespace whyoom::fuzz {
namespace {

struct Got {
  std::string text;
  std::uint64_t number = 0;
  logtext::Origin origin = logtext::Origin::unknown;
  bool operator==(const Got&) const = default;
};

std::vector<Got> framed(std::string_view input) {
  std::vector<Got> all;
  LineNumber number = 0;
  logtext::Framer framer([&](const logtext::Line& line) {
    require(line.text.find('\n') == std::string_view::npos, "a message has a newline in it");
    require(line.number >= 1 && line.number <= number, "a message stands behind the log");
    all.push_back({std::string(line.text), line.number, line.origin});
  });
  const auto check_damage = [&] {
    for (const logtext::Damage& damage : framer.take_damage()) {
      require(damage.line <= number, "damage stands behind the log");
      require_printable(damage.what, "damage");
    }
  };
  for (std::string_view line : split_lines(input)) {
    line.remove_suffix(line.ends_with('\n') ? 1 : 0);
    framer.line(line, ++number);
    if (number % 64 == 0) {
      check_damage();
    }
  }
  framer.flush();
  require(!framer.holds(), "a flush leaves lines behind");
  const std::size_t size = all.size();
  framer.flush();
  require(all.size() == size, "a second flush gives more lines");
  check_damage();
  return all;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

// One message in the framings of the journal, and in a container's.
std::vector<std::string> wrapped(std::string_view message) {
  std::string text;
  std::ranges::copy_if(message, std::back_inserter(text), [](char c) { return c != '\n'; });
  const std::string size({static_cast<char>(text.size() & 0xffU),
                          static_cast<char>(text.size() >> 8U), 0, 0, 0, 0, 0, 0});
  return {
      "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795419000000000\n_BOOT_ID=0123456789abcdef\n"
      "_TRANSPORT=kernel\nPRIORITY=6\nMESSAGE=" +
          text + "\n\n",
      "__CURSOR=s=1\n_TRANSPORT=kernel\nMESSAGE\n" + size + text + "\n\n",
      R"({"__CURSOR":"s=1","_TRANSPORT":"kernel","PRIORITY":"4","MESSAGE":")" + json_escaped(text) +
          "\"}\n",
      "{\n\t\"_TRANSPORT\" : \"kernel\",\n\t\"MESSAGE\" : \"" + json_escaped(text) + "\"\n}\n",
      "Mon 2026-11-23 07:41:32.123456 UTC [s=1;i=2;b=3]\n    _TRANSPORT=kernel\n    PRIORITY=6\n"
      "    MESSAGE=" +
          text + "\n",
      R"({"log":")" + json_escaped(text) +
          "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T07:41:32.1Z\"}\n",
      "2026-11-23T07:41:32.123456789Z stdout P " + text + "\n",
      "2026-11-23T07:41:32.123456789Z stdout F " + text + "\n",
      "Nov 23 07:41:32 host kernel: [  123.456789] " + text + "\n",
      "6,1234,123456789,-;" + text + "\n SUBSYSTEM=pci\n",
      "<4>[  123.456789][  T123] " + text + "\n",
  };
}

}  // namespace

void run(std::string_view input) {
  constexpr Cost cost{.bytes = 1U << 20U, .bytes_each = 2000, .peak = 2U << 20U, .peak_each = 64};
  const Budget budget(input.size(), cost);
  const std::vector<Got> lines = framed(input);
  budget.check("the framer");
  std::size_t text = 0;
  for (const Got& line : lines) {
    text += line.text.size();
  }
  // A note "message repeated N times" gives at most ten copies, and notes can lie in notes.
  require(text <= 200 * input.size() + 1000, "the framer makes too much of its input");
  require(framed(input) == lines, "the framer remembers another log");
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const std::string& log : case_texts(Cases::logs)) {
    std::vector<std::string> logs;
    const std::string_view beginning = std::string_view(log).substr(0, 1500);
    for (const std::string_view line : split_lines(beginning)) {
      const auto forms = wrapped(line);
      logs.resize(forms.size());
      for (std::size_t i = 0; i < forms.size(); ++i) {
        logs[i] += forms[i];
      }
    }
    all.push_back(log.substr(0, 4000));
    if (!logs.empty()) {  // each case in one framing; there are more cases than framings
      all.push_back(logs[all.size() / 2 % logs.size()]);
    }
  }
  all.emplace_back("Panic#1 Part2\n<6>[    1.0] b\nPanic#1 Part1\n<6>[    2.0] c\n");
  all.emplace_back(
      "\xff\xfe[\0 \0 \0"
      "1\0.\0"
      "5\0]\0 \0x\0\n\0",
      22);
  return all;
}

}  // namespace whyoom::fuzz
