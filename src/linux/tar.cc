#include "linux/tar.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "base/units.h"

namespace whyoom::linux {

namespace {

constexpr std::size_t block = 512;

struct Header {
  std::array<char, 100> name{};
  std::array<char, 8> mode{}, uid{}, gid{};
  std::array<char, 12> size{}, mtime{};
  std::array<char, 8> checksum{};
  char type = '0';
  std::array<char, 100> target{};
  std::array<char, 6> magic{};
  std::array<char, 2> version{};
  std::array<char, 32> user{}, group{};
  std::array<char, 8> major{}, minor{};
  std::array<char, 155> prefix{};
  std::array<char, 12> rest{};
};
static_assert(sizeof(Header) == block);

template <std::size_t N>
void put(std::array<char, N>& field, std::string_view text) {
  std::copy_n(text.begin(), std::min(text.size(), N), field.begin());
}

template <std::size_t N>
void put_octal(std::array<char, N>& field, std::uint64_t value) {
  field.fill('0');
  field[N - 1] = '\0';
  for (std::size_t i = N - 1; i-- > 0; value >>= 3U) {
    field[i] = static_cast<char>('0' + (value & 7U));
  }
}

template <std::size_t N>
std::string_view text_of(const std::array<char, N>& field) {
  const auto end = std::find(field.begin(), field.end(), '\0');
  return {field.data(), static_cast<std::size_t>(end - field.begin())};
}

std::uint32_t checksum_of(const Header& header) {
  std::array<unsigned char, block> bytes{};
  std::memcpy(bytes.data(), &header, block);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < block; ++i) {
    const bool own = i >= offsetof(Header, checksum) && i < offsetof(Header, type);
    sum += own ? std::uint32_t{' '} : bytes[i];
  }
  return sum;
}

// "27 path=some/long/name\n", where the number counts itself as well.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t size = rest + 1;
  while (rest + std::to_string(size).size() != size) {
    ++size;
  }
  return std::to_string(size) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

// Long names are all that a pax header is for here.
constexpr std::uint64_t most_pax_bytes = std::uint64_t{64} << 10U;

std::optional<std::uint64_t> size_of(const Header& header) {
  return parse_number<std::uint64_t>(trim(text_of(header.size)), 8);
}

// GNU tar writes sizes that have no room in octal digits as a binary number.
bool is_binary(const Header& header) {
  return (static_cast<unsigned char>(header.size[0]) & 0x80U) != 0;
}

}  // namespace

void TarWriter::pad(std::uint64_t size) {
  static constexpr std::array<char, block> zeros{};
  if (const auto over = static_cast<std::size_t>(size % block); over != 0) {
    sink_({zeros.data(), block - over});
  }
}

void TarWriter::header(std::string_view name, char type, std::uint64_t size,
                       std::string_view target) {
  Header header;
  put(header.name, name);
  put_octal(header.mode, type == '2' ? 0777 : 0644);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, size);
  put_octal(header.mtime, 0);
  header.type = type;
  put(header.target, target);
  put(header.magic, "ustar");
  put(header.version, "00");
  put_octal(header.checksum, checksum_of(header));
  std::array<char, block> bytes{};
  std::memcpy(bytes.data(), &header, block);
  sink_({bytes.data(), block});
}

void TarWriter::file(std::string_view name, std::string_view contents) {
  if (name.size() >= std::tuple_size_v<decltype(Header::name)>) {
    const std::string records = pax_record("path", name);
    header("PaxHeader", 'x', records.size(), {});
    sink_(records);
    pad(records.size());
  }
  header(name, '0', contents.size(), {});
  sink_(contents);
  pad(contents.size());
}

void TarWriter::link(std::string_view name, std::string_view target) {
  constexpr std::size_t most = std::tuple_size_v<decltype(Header::name)>;
  if (name.size() >= most || target.size() >= most) {
    const std::string records = pax_record("path", name) + pax_record("linkpath", target);
    header("PaxHeader", 'x', records.size(), {});
    sink_(records);
    pad(records.size());
  }
  header(name, '2', 0, target);
}

void TarWriter::finish() {
  static constexpr std::array<char, 2 * block> zeros{};
  sink_({zeros.data(), zeros.size()});
}

std::string TarReader::here() const { return tr(" at byte {}", std::to_string(offset_)); }

TarReader::Result TarReader::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    if (state_ == State::ended) {
      const std::size_t more = chunk.find_first_not_of('\0');
      offset_ += std::min(more, chunk.size());
      return more == std::string_view::npos
                 ? Result()
                 : tl::unexpected(tr("the archive has data behind its end,{}", here()));
    }
    const std::uint64_t wanted = state_ == State::header ? block - header_.size() : left_;
    const std::string_view part = chunk.substr(0, std::min<std::uint64_t>(wanted, chunk.size()));
    chunk.remove_prefix(part.size());
    if (state_ == State::header) {
      header_ += part;
      if (header_.size() == block) {
        if (auto done = read_header(); !done) {
          return done;
        }
      }
    } else if (auto done = read_contents(part); !done) {
      return done;
    }
  }
  return {};
}

TarReader::Result TarReader::finish() {
  if (state_ != State::ended) {
    return tl::unexpected(tr("the archive is cut: it has no end,{}", here()));
  }
  return {};
}

TarReader::Result TarReader::check_name(std::string_view name, const char* what) const {
  if (name.size() > limits_.name_bytes) {
    return tl::unexpected(tr("{} is longer than {} bytes,{}", translated(what),
                             std::to_string(limits_.name_bytes), here()));
  }
  if (static_cast<std::size_t>(std::ranges::count(name, '/')) >= limits_.depth) {
    return tl::unexpected(tr("{} has more than {} parts,{}", translated(what),
                             std::to_string(limits_.depth), here()));
  }
  return {};
}

TarReader::Result TarReader::read_header() {
  Header header;
  std::memcpy(&header, header_.data(), block);
  if (header_.find_first_not_of('\0') == std::string::npos) {
    state_ = State::ended;
    offset_ += block;
    return {};
  }
  header_.clear();
  const auto sum = parse_number<std::uint32_t>(trim(text_of(header.checksum)), 8);
  const auto size = size_of(header);
  if (!sum || *sum != checksum_of(header) || (!size && !is_binary(header))) {
    return tl::unexpected(tr("this is no header of a tar archive,{}", here()));
  }
  const bool is_pax = header.type == 'x' || header.type == 'g';
  const std::uint64_t most = is_pax ? most_pax_bytes : limits_.entry_bytes;
  if (!size || *size > most) {
    return tl::unexpected(tr("its entry \"{}\" is larger than the {} that an entry may have{}{}",
                             printable(text_of(header.name)), human(Bytes(most)),
                             size ? tr(" ({} bytes),", std::to_string(*size)) : ",", here()));
  }
  if (++entries_ > limits_.entries) {
    return tl::unexpected(
        tr("the archive has more than {} entries,{}", std::to_string(limits_.entries), here()));
  }
  const std::string long_name = std::exchange(long_name_, {});
  const std::string long_target = std::exchange(long_target_, {});
  const std::string_view prefix = text_of(header.prefix);
  TarEntry entry;
  entry.name = !long_name.empty() ? long_name
                                  : std::string(prefix) + (prefix.empty() ? "" : "/") +
                                        std::string(text_of(header.name));
  entry.target = long_target.empty() ? std::string(text_of(header.target)) : long_target;
  entry.type = header.type == '\0' ? '0' : header.type;
  entry.size = *size;
  left_ = *size;
  padding_ = (block - *size % block) % block;
  if (auto begun = begin(std::move(entry)); !begun) {
    return begun;
  }
  offset_ += block;
  return left_ == 0 ? end_contents() : Result();
}

TarReader::Result TarReader::begin(TarEntry&& entry) {
  switch (entry.type) {
    case 'x':
      state_ = State::pax;
      return {};
    case '5':
    case 'g':
      state_ = State::passed_over;
      return {};
    case '0':
    case '2':
      break;
    default:
      return tl::unexpected(tr("an entry is neither a file nor a link nor a directory,{}", here()));
  }
  if (entry.type == '2' && entry.size != 0) {
    return tl::unexpected(tr("a link has contents,{}", here()));
  }
  for (const auto& [text, what] : {std::pair{&entry.name, "a name"}, {&entry.target, "a target"}}) {
    if (auto checked = check_name(*text, what); !checked) {
      return checked;
    }
  }
  state_ = State::contents;
  return sink_.begin(std::move(entry));
}

TarReader::Result TarReader::read_contents(std::string_view part) {
  if (state_ == State::pax) {
    pax_ += part;
  } else if (state_ == State::contents) {
    if (auto taken = sink_.data(part); !taken) {
      return taken;
    }
  }
  offset_ += part.size();
  left_ -= part.size();
  return left_ == 0 ? end_contents() : Result();
}

// Behind the contents comes their padding, and behind that the next header.
TarReader::Result TarReader::end_contents() {
  const State was = state_;
  left_ = std::exchange(padding_, 0);
  state_ = left_ > 0 ? State::padding : State::header;
  return was == State::pax ? apply_pax() : was == State::contents ? sink_.end() : Result();
}

TarReader::Result TarReader::apply_pax() {
  const std::string all = std::exchange(pax_, {});
  for (std::string_view records = all; !records.empty();) {
    Cursor cursor(records);
    const auto length = cursor.take_unsigned();
    const bool spaced = cursor.take(' ');
    const std::size_t head = records.size() - cursor.rest().size();
    if (!length || !spaced || *length > records.size() || *length <= head ||
        records[static_cast<std::size_t>(*length) - 1] != '\n') {
      return tl::unexpected(tr("this is no pax header,{}", here()));
    }
    const auto size = static_cast<std::size_t>(*length);
    const std::string_view record = records.substr(head, size - head - 1);
    if (record.starts_with("path=")) {
      long_name_ = record.substr(5);
    } else if (record.starts_with("linkpath=")) {
      long_target_ = record.substr(9);
    } else if (record.starts_with("size=") || record.starts_with("GNU.sparse.")) {
      return tl::unexpected(tr("an entry is sparse or larger than a capture's,{}", here()));
    }
    records.remove_prefix(size);
  }
  return {};
}

}  // namespace whyoom::linux
