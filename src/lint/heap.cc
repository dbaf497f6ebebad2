// What a container's programs ask for against its limit: the heap of a JVM, of Node.js, of Go.
#include <algorithm>
#include <array>

#include "base/fixed.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "lint/judge.h"

namespace whyoom::lint {

namespace {

// Beside its heap a JVM has the code, classes, stacks and buffers; with less than this of the limit
// for them it is killed although the heap fits.
constexpr double rest_least = 0.20;

std::optional<double> take_decimal(std::string_view& text) {
  const auto size = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto value = parse_fixed(text.substr(0, size));
  text.remove_prefix(value ? size : 0);
  return value;
}

std::optional<Bytes> bytes_of(double value) {
  constexpr double most = 1e18;
  return value < most ? std::optional(Bytes(static_cast<std::uint64_t>(value))) : std::nullopt;
}

// "512m", "4G", a plain number in `unit`.
std::optional<Bytes> binary_size(std::string_view text, double unit = 1) {
  const auto value = take_decimal(text);
  if (!value) {
    return std::nullopt;
  }
  if (text.ends_with("iB")) {  // Go
    text.remove_suffix(2);
  }
  constexpr std::string_view units = "kmgt";
  if (text.size() == 1) {
    const char lower = static_cast<char>(text[0] | 0x20);
    const std::size_t power = units.find(lower);
    if (power == std::string_view::npos) {
      return lower == 'b' ? bytes_of(*value) : std::nullopt;
    }
    unit = 1;
    for (std::size_t i = 0; i <= power; ++i) {
      unit *= 1024;
    }
  }
  return text.size() <= 1 ? bytes_of(*value * unit) : std::nullopt;
}

struct Wish {
  std::string flag;  // as written
  Bytes size;
  Spot at;
};

struct Wishes {
  std::optional<Wish> heap, go;  // the last of each counts
  Bytes beside;                  // MaxMetaspaceSize and MaxDirectMemorySize
};

std::optional<std::string_view> behind(std::string_view word, std::string_view flag) {
  return word.starts_with(flag) ? std::optional(word.substr(flag.size())) : std::nullopt;
}

class Reader {
 public:
  Reader(Bytes limit, Wishes& out) : limit_(limit), out_(out) {}

  void read(const Container::Word& word) {
    if (word.variable == "GOMEMLIMIT") {
      if (const auto size = binary_size(trim(word.text))) {
        out_.go = Wish{"GOMEMLIMIT=" + word.text, *size, word.at};
      }
      return;
    }
    Spot at = word.at;
    std::string_view rest = word.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(" \t\n\"'"), rest.size());
      flag(rest.substr(0, end), at);
      if (end < rest.size() && rest[end] == '\n' && word.text.ends_with('\n')) {  // a block
        at = {at.line + 1, 1};
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

 private:
  void heap(std::string_view word, const std::optional<Bytes>& size, Spot at) {
    if (size) {
      out_.heap = Wish{std::string(word), *size, at};
    }
  }

  void flag(std::string_view word, Spot at) {
    constexpr double mib = 1048576;
    if (const auto size = behind(word, "-Xmx")) {
      heap(word, binary_size(*size), at);
    } else if (const auto named = behind(word, "-XX:MaxHeapSize=")) {
      heap(word, binary_size(*named), at);
    } else if (const auto part = behind(word, "-XX:MaxRAMPercentage=")) {
      std::string_view text = *part;
      const auto value = take_decimal(text);
      if (value && text.empty()) {
        heap(word, bytes_of(static_cast<double>(limit_.count()) * *value / 100), at);
      }
    } else if (const auto classes = behind(word, "-XX:MaxMetaspaceSize=")) {
      out_.beside += binary_size(*classes).value_or(Bytes(0));
    } else if (const auto direct = behind(word, "-XX:MaxDirectMemorySize=")) {
      out_.beside += binary_size(*direct).value_or(Bytes(0));
    } else if (const auto old = behind(word, "--max-old-space-size=")) {
      heap(word, binary_size(*old, mib), at);
    } else if (const auto older = behind(word, "--max_old_space_size=")) {
      heap(word, binary_size(*older, mib), at);
    }
  }

  Bytes limit_;
  Wishes& out_;
};

void add(const Wish& wish, Severity severity, Message fact, Message advice,
         std::vector<Finding>& out) {
  out.push_back(
      {Rule::heap_above_limit, severity, wish.at, std::move(fact), std::move(advice), {}});
}

}  // namespace

std::optional<Bytes> kubernetes_memory(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  constexpr std::array<Unit, 12> units{{{"", 1},
                                        {"m", 0.001},
                                        {"k", 1e3},
                                        {"M", 1e6},
                                        {"G", 1e9},
                                        {"T", 1e12},
                                        {"P", 1e15},
                                        {"Ki", 1024.0},
                                        {"Mi", 1048576.0},
                                        {"Gi", 1073741824.0},
                                        {"Ti", 1099511627776.0},
                                        {"Pi", 1125899906842624.0}}};
  const auto value = take_decimal(text);
  if (!value) {
    return std::nullopt;
  }
  const auto unit = std::ranges::find(units, text, &Unit::name);
  return unit == units.end() ? std::nullopt : bytes_of(*value * unit->bytes);
}

void judge_container(const Container& container, std::vector<Finding>& out) {
  const auto limit = kubernetes_memory(container.limit);
  if (!limit || *limit == Bytes(0)) {
    return;
  }
  Wishes wishes;
  Reader reader(*limit, wishes);
  for (const Container::Word& word : container.words) {
    reader.read(word);
  }
  if (const auto& go = wishes.go; go && go->size >= *limit) {
    add(*go, Severity::error,
        Message("{} is no less than the container's limit of {} (line {}): the kernel kills before "
                "Go's collector keeps to it",
                printable(go->flag), printable(container.limit), container.limit_at.line),
        Message("Set GOMEMLIMIT to 90 % of the limit or less."), out);
  }
  const auto& heap = wishes.heap;
  if (!heap) {
    return;
  }
  const Bytes wanted = heap->size + wishes.beside;
  if (wanted >= *limit) {
    add(*heap, Severity::error,
        Message("{} lets the heap{} grow to {}, and the container's limit is {} (line {}): the "
                "kernel kills it before the heap is full",
                printable(heap->flag),
                wishes.beside == Bytes(0) ? "" : tr(" with the metaspace and direct buffers given"),
                human(wanted), human(*limit), container.limit_at.line),
        Message("Raise the limit, or lower the heap to three quarters of it."), out);
  } else if (share(*limit - wanted, *limit) < rest_least) {
    add(*heap, Severity::warning,
        Message("{} leaves {} of the container's {} (line {}) for all that is not heap: code, "
                "classes, stacks of threads, buffers",
                printable(heap->flag), human(*limit - wanted), human(*limit),
                container.limit_at.line),
        Message("Raise the limit, or lower the heap to three quarters of it."), out);
  }
}

}  // namespace whyoom::lint
