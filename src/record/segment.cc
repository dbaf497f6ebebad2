#include "record/segment.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "record/wire.h"

namespace whyoom::record {
namespace {

// Never in UTF-8, and the encoder lets no text have the first byte: a text cannot look like a
// record.
constexpr char mark[] = {'\xff', 'W'};
constexpr std::string_view frame_mark(mark, sizeof mark);
constexpr std::size_t sum_size = 4;

namespace tag {
// Of a note.
constexpr unsigned real = 1, boot = 2, a = 3, b = 4, c = 5, text = 6, more = 7, detail = 8;
// Of a sample.
constexpr unsigned number = 1, whole = 2, sample_boot = 3, sample_real = 4, machine = 5, zone = 6,
                   process = 7, cgroup = 8;
// Of a set of fields: a field's own is its number and 1; the key 0 lists one that is gone.
constexpr unsigned gone = 0;
}  // namespace tag

template <class Set>
void write_fields(Writer& out, const Set& now, const Set& before) {
  for (std::size_t i = 0; i < now.value.size(); ++i) {
    const bool has = (now.known & Set::bit(i)) != 0;
    const bool had = (before.known & Set::bit(i)) != 0;
    if (has && (!had || now.value[i] != before.value[i])) {
      out.field(static_cast<unsigned>(i + 1),
                zigzag(now.value[i] - (had ? before.value[i] : std::uint64_t{0})));
    } else if (!has && had) {
      out.field(tag::gone, i);
    }
  }
}

template <class Set>
void read_fields(Reader in, Set& set) {
  const Set before = set;
  while (in.next()) {
    if (in.is_bytes()) {
      continue;
    }
    if (in.tag() == tag::gone && in.value() < set.value.size()) {
      set.known &= ~Set::bit(in.value());
      set.value[in.value()] = 0;
    } else if (in.tag() >= 1 && in.tag() <= set.value.size()) {
      const std::size_t i = in.tag() - 1;
      set.value[i] = before.value[i] + unzigzag(in.value());
      set.known |= Set::bit(i);
    }
  }
}

template <class Slots>
void write_slots(Writer& out, unsigned tag, const Slots& now, const Slots& before) {
  for (std::size_t i = 0; i < now.size(); ++i) {
    const bool any = (now[i].known | before[i].known) != 0;  // most are empty
    if (any && now[i] != before[i]) {
      std::array<char, 512> room;  // 13 fields of at most 11 bytes
      Writer slot(room);
      slot.number(i);
      write_fields(slot, now[i], before[i]);
      out.field(tag, slot.written());
    }
  }
}

template <class Slots>
void read_slot(std::string_view bytes, Slots& slots) {
  Reader in(bytes);
  if (const auto slot = in.number(); slot && *slot < slots.size()) {
    read_fields(in, slots[*slot]);
  }
}

constexpr std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
constexpr std::uint64_t as_unsigned(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

// The wall clock against the clock since boot: it stays the same until somebody sets the clock.
std::uint64_t offset_of(const Sample& sample) {
  return as_unsigned(sample.real_ms) - sample.boot_ms;
}

class Decoder {
 public:
  explicit Decoder(const SegmentSink& sink) : sink_(sink) {}

  // False: no record of a kind that is known.
  bool decode(std::string_view body, SegmentAccount& account) {
    Reader in(body);
    const auto kind = in.number();
    if (kind == static_cast<std::uint64_t>(Kind::sample)) {
      sample(in, account);
      return true;
    }
    if (!kind || *kind == 0 || *kind > static_cast<std::uint64_t>(Kind::publish)) {
      return false;
    }
    note(static_cast<Kind>(*kind), in);
    return true;
  }

 private:
  void sample(Reader in, SegmentAccount& account) {
    // Its number and that of the sample it builds on come first.
    std::uint64_t number = 0, back = 0;
    Reader ahead = in;
    while (ahead.next()) {
      number = ahead.tag() == tag::number ? ahead.value() : number;
      back = ahead.tag() == tag::whole ? ahead.value() : back;
    }
    account.lost_samples += next_ && number > *next_ ? number - *next_ : 0;
    next_ = number + 1;
    if (back == 0) {
      whole_ = {};
      whole_number_ = number;
    } else if (!whole_number_ || *whole_number_ != number - back) {
      ++account.lost_samples;
      return;
    }
    now_ = whole_;
    std::uint64_t offset = offset_of(whole_);
    while (in.next()) {
      switch (in.tag()) {
        case tag::sample_boot:
          now_.boot_ms += unzigzag(in.value());
          break;
        case tag::sample_real:
          offset += unzigzag(in.value());
          break;
        case tag::machine:
          read_fields(Reader(in.bytes()), now_.machine);
          break;
        case tag::zone:
          read_slot(in.bytes(), now_.zones);
          break;
        case tag::process:
          read_slot(in.bytes(), now_.processes);
          break;
        case tag::cgroup:
          read_slot(in.bytes(), now_.cgroups);
          break;
        default:
          break;
      }
    }
    now_.real_ms = as_signed(offset + now_.boot_ms);
    if (back == 0) {
      whole_ = now_;
    }
    ++account.samples;
    sink_.sample(now_);
  }

  void note(Kind kind, Reader in) {
    Note note;
    note.kind = kind;
    while (in.next()) {
      switch (in.tag()) {
        case tag::real:
          note.real_ms = as_signed(unzigzag(in.value()));
          break;
        case tag::boot:
          note.boot_ms = in.value();
          break;
        case tag::a:
          note.a = in.value();
          break;
        case tag::b:
          note.b = in.value();
          break;
        case tag::c:
          note.c = in.value();
          break;
        case tag::text:
          note.text = in.bytes();
          break;
        case tag::more:
          note.more = in.bytes();
          break;
        case tag::detail:
          note.detail = in.bytes();
          break;
        default:
          break;
      }
    }
    sink_.note(note);
  }

  const SegmentSink& sink_;
  Sample whole_, now_;
  std::optional<std::uint64_t> whole_number_, next_;
};

// The body of the record that begins here, and where it ends.
struct Frame {
  std::string_view body;
  std::size_t size = 0;
};
std::optional<Frame> frame_at(std::string_view bytes) {
  if (!bytes.starts_with(frame_mark)) {
    return std::nullopt;
  }
  const std::string_view summed = bytes.substr(frame_mark.size());
  Reader in(summed);
  const auto size = in.number();
  if (!size || *size == 0 || *size > most_body || in.rest().size() < *size + sum_size) {
    return std::nullopt;
  }
  const std::size_t head = summed.size() - in.rest().size();
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < sum_size; ++i) {
    sum |= std::uint32_t{static_cast<unsigned char>(in.rest()[*size + i])} << (8 * i);
  }
  if (crc32c(summed.substr(0, head + *size)) != sum) {
    return std::nullopt;
  }
  return Frame{in.rest().substr(0, *size), frame_mark.size() + head + *size + sum_size};
}

}  // namespace

std::string_view Encoder::frame(Kind kind, std::string_view payload) {
  Writer out(frame_);
  out.raw(frame_mark);
  out.number(1 + payload.size());  // a kind is one byte: there are few
  out.number(static_cast<std::uint64_t>(kind));
  out.raw(payload);
  const std::uint32_t sum = crc32c(out.written().substr(frame_mark.size()));
  for (std::size_t i = 0; i < sum_size; ++i) {
    const char byte = static_cast<char>(sum >> (8 * i) & 0xffU);
    out.raw({&byte, 1});
  }
  return out.written();
}

std::string_view Encoder::sample(const Sample& sample) {
  const bool is_whole = since_whole_ == 0;
  if (is_whole) {
    whole_ = {};
    whole_number_ = number_;
  }
  Writer out(payload_);
  out.field(tag::number, number_);
  if (!is_whole) {
    out.field(tag::whole, number_ - whole_number_);
  }
  out.field(tag::sample_boot, zigzag(sample.boot_ms - whole_.boot_ms));
  out.field(tag::sample_real, zigzag(offset_of(sample) - offset_of(whole_)));
  std::array<char, 1024> room;  // 50 fields of at most 11 bytes
  Writer machine(room);
  write_fields(machine, sample.machine, whole_.machine);
  out.field(tag::machine, machine.written());
  write_slots(out, tag::zone, sample.zones, whole_.zones);
  write_slots(out, tag::process, sample.processes, whole_.processes);
  write_slots(out, tag::cgroup, sample.cgroups, whole_.cgroups);
  if (is_whole) {
    whole_ = sample;
  }
  since_whole_ = (since_whole_ + 1) % whole_every;
  ++number_;
  return frame(Kind::sample, out.written());
}

std::string_view Encoder::note(const Note& note) {
  Writer out(payload_);
  out.field(tag::real, zigzag(as_unsigned(note.real_ms)));
  out.field(tag::boot, note.boot_ms);
  const auto number = [&out](unsigned tag, std::uint64_t value) {
    if (value != 0) {
      out.field(tag, value);
    }
  };
  number(tag::a, note.a);
  number(tag::b, note.b);
  number(tag::c, note.c);
  std::size_t left = most_body - 256;
  const auto text = [&](unsigned tag, std::string_view value) {
    if (!value.empty() && left > 0) {
      const std::size_t size = std::min(value.size(), left);
      std::replace_copy(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(size),
                        text_.begin(), mark[0], '?');
      out.field(tag, std::string_view(text_.data(), size));
      left -= size;
    }
  };
  text(tag::text, note.text);
  text(tag::more, note.more);
  text(tag::detail, note.detail);
  return frame(note.kind, out.written());
}

SegmentAccount read_segment(std::string_view bytes, const SegmentSink& sink) {
  SegmentAccount account;
  Decoder decoder(sink);
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (const auto frame = frame_at(bytes.substr(at))) {
      at += frame->size;
      ++account.records;
      account.unknown += decoder.decode(frame->body, account) ? 0 : 1;
      account.good_end = at;
      continue;
    }
    const std::size_t next = std::min(bytes.find(frame_mark, at + 1), bytes.size());
    // One damage can hold what looks like the start of a record.
    account.damages += at == account.good_end ? 1 : 0;
    account.damaged_bytes += next - at;
    at = next;
  }
  return account;
}

struct RecordStream::State {
  SegmentSink sink;
  Decoder decoder{sink};
  SegmentAccount account{};
  std::string pending{};
};

RecordStream::RecordStream(SegmentSink sink) : state_(new State{.sink = std::move(sink)}) {}
RecordStream::~RecordStream() = default;

void RecordStream::feed(std::string_view bytes) {
  constexpr std::size_t most_record = most_body + 32;
  std::string& pending = state_->pending;
  pending += bytes;
  std::size_t at = 0;
  while (at < pending.size()) {
    const std::string_view rest = std::string_view(pending).substr(at);
    if (const auto frame = frame_at(rest)) {
      state_->decoder.decode(frame->body, state_->account);
      at += frame->size;
      continue;
    }
    // It is cut, or damaged: in what is longer than any record it is damaged.
    const bool can_go_on = rest.starts_with(frame_mark) || rest == frame_mark.substr(0, 1);
    if (can_go_on && rest.size() < most_record) {
      break;
    }
    at = std::min(pending.find(mark[0], at + 1), pending.size());
  }
  pending.erase(0, at);
}

}  // namespace whyoom::record
