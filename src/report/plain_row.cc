#include "report/plain_row.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/digits.h"
#include "report/after.h"

namespace whyoom::report {
namespace {

constexpr std::size_t width = 64;
static_assert(plain_row_lookahead >= width + digits::step);

// A bit for each of 64 characters, the lowest for the first.
struct Classes {
  std::uint64_t digits = 0;
  std::uint64_t blanks = 0;
};

// A vector of the compiler's: what the processor has not, it makes of what there is.
using Vector [[gnu::vector_size(16)]] = unsigned char;

// Each byte is all ones or zero: a bit for each.
std::uint64_t bits_of(Vector bytes) {
  constexpr std::uint64_t gather = 0x0002040810204081;
  const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
  const auto bits = [](std::uint64_t half) {
    return (half & digits::all(0x80)) * gather >> (width - digits::step);
  };
  const bool big = std::endian::native == std::endian::big;
  return big ? bits(__builtin_bswap64(halves[0])) | bits(__builtin_bswap64(halves[1])) << 8U
             : bits(halves[0]) | bits(halves[1]) << 8U;
}

Classes classes_of(const char* at) {
  Classes classes;
  for (std::size_t i = 0; i < width; i += sizeof(Vector)) {
    Vector text;
    std::memcpy(&text, at + i, sizeof text);
    const Vector digits = text - '0' <= 9;
    const Vector blanks = text == ' ';
    classes.digits |= bits_of(digits) << i;
    classes.blanks |= bits_of(blanks) << i;
  }
  return classes;
}

// The numbers behind `at`, each between blanks.
class Numbers {
 public:
  Numbers(const char* at, const char* end) : base_(at), end_(end) { look_on(); }

  bool next(std::int64_t& number) {
    find();
    if (behind_ >= width) {
      if (!look_on()) {
        return false;
      }
      find();
      if (behind_ >= width) {
        return false;
      }
    }
    const std::size_t size = behind_ - number_;
    if (size == 0 || size > most_digits || number_ - at_ == (negative_ ? 1U : 0U) ||
        base_[behind_] != ' ') {
      return false;
    }
    const char* const digits = base_ + number_;
    const std::uint64_t value =
        size <= digits::step ? digits::value_of(digits::eight(digits) << 8 * (digits::step - size))
                             : read_digits(digits, digits + size).value;
    number = static_cast<std::int64_t>(value);
    number = negative_ ? -number : number;
    at_ = behind_;
    return true;
  }

  [[nodiscard]] const char* at() const { return base_ + at_; }

 private:
  // Where in the window the next one begins and ends; at its end: not all of it is there.
  void find() {
    number_ = at_ + static_cast<std::size_t>(std::countr_one(classes_.blanks >> at_));
    negative_ = number_ < width && base_[number_] == '-';
    number_ += negative_ ? 1 : 0;
    behind_ = number_ >= width
                  ? width
                  : number_ + static_cast<std::size_t>(std::countr_one(classes_.digits >> number_));
  }

  // Moves the window to where it is; false: the text ends in it.
  bool look_on() {
    base_ += at_;
    at_ = 0;
    const bool there = static_cast<std::size_t>(end_ - base_) >= plain_row_lookahead;
    classes_ = there ? classes_of(base_) : Classes{};
    return there;
  }

  const char* base_;
  const char* end_;
  Classes classes_;
  std::size_t at_ = 0;  // in the window that begins at `base_`
  std::size_t number_ = 0, behind_ = 0;
  bool negative_ = false;
};

}  // namespace

bool read_plain_row(std::string_view text, std::size_t columns, TaskRow& row) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (!text.starts_with('[')) {
    return false;
  }
  const char* const pid_at = skip_blanks(begin + 1, end);
  const Digits pid = read_digits(pid_at, end);
  const char* const close = pid_at + pid.count;
  if (pid.count == 0 || pid.value > most_pid || close == end || *close != ']') {
    return false;
  }
  row.pid = static_cast<std::int64_t>(pid.value);
  row.count = columns;
  row.named = true;
  row.other_spaces = false;
  Numbers numbers(close + 1, end);
  for (std::size_t i = 0; i < columns; ++i) {
    if (!numbers.next(row.numbers[i])) {
      return false;
    }
  }
  row.ends[columns] = static_cast<std::uint32_t>(numbers.at() - begin);
  return true;
}

}  // namespace whyoom::report
