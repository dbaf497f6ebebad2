#include "linux/tar.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

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

// The values of a pax header that change an entry.
void apply_pax(std::string_view records, std::string& name, std::string& target) {
  while (!records.empty()) {
    Cursor cursor(records);
    const auto length = cursor.take_unsigned();
    if (!length || *length > records.size() || !cursor.take(' ') ||
        *length <= records.size() - cursor.rest().size()) {
      return;
    }
    const auto size = static_cast<std::size_t>(*length);
    const std::size_t head = records.size() - cursor.rest().size();
    std::string_view record = records.substr(head, size - head);
    record = record.substr(0, record.find_last_not_of('\n') + 1);
    if (record.starts_with("path=")) {
      name = record.substr(5);
    } else if (record.starts_with("linkpath=")) {
      target = record.substr(9);
    }
    records.remove_prefix(size);
  }
}

std::string at(std::size_t offset) { return " at byte " + std::to_string(offset); }

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

tl::expected<void, std::string> read_tar(std::string_view archive,
                                         const std::function<void(TarEntry&&)>& found) {
  std::string long_name;
  std::string long_target;
  std::size_t offset = 0;
  while (offset + block <= archive.size()) {
    Header header;
    std::memcpy(&header, archive.data() + offset, block);
    if (header.name[0] == '\0') {
      return {};
    }
    const auto sum = parse_number<std::uint32_t>(trim(text_of(header.checksum)), 8);
    const auto size = parse_number<std::size_t>(trim(text_of(header.size)), 8);
    if (!sum || *sum != checksum_of(header) || !size) {
      return tl::unexpected("this is no header of a tar archive," + at(offset));
    }
    offset += block;
    if (*size > archive.size() - offset) {
      return tl::unexpected("the archive is cut: an entry of " + std::to_string(*size) + " bytes" +
                            at(offset));
    }
    const std::string_view contents = archive.substr(offset, *size);
    offset += std::min((*size + block - 1) / block * block, archive.size() - offset);
    if (header.type == 'x') {
      apply_pax(contents, long_name, long_target);
      continue;
    }
    TarEntry entry;
    const std::string_view prefix = text_of(header.prefix);
    entry.name = !long_name.empty() ? long_name
                                    : std::string(prefix) + (prefix.empty() ? "" : "/") +
                                          std::string(text_of(header.name));
    entry.target = long_target.empty() ? std::string(text_of(header.target)) : long_target;
    entry.type = header.type == '\0' ? '0' : header.type;
    long_name.clear();
    long_target.clear();
    if (entry.type == '0' || entry.type == '2') {
      entry.contents = contents;
      found(std::move(entry));
    }
  }
  return tl::unexpected("the archive is cut: it has no end," + at(offset));
}

}  // namespace whyoom::linux
