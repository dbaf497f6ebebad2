// What the page calls of the module in WebAssembly. Bytes come in through
// `input`, which is `input_size` long, and go out from `output`. Only compiled for wasm32.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/catalogue.h"
#include "base/language.h"
#include "web/reading.h"

#define WHYOOM_EXPORT(name) extern "C" __attribute__((export_name(name)))

namespace {

using whyoom::render::Format;
using whyoom::web::Reading;

constexpr std::size_t room = std::size_t{1} << 20U;
std::vector<char> buffer(room);
std::string result;
// The list that is shown, and what is written of the same logs for somebody to keep.
std::unique_ptr<Reading> listed, written;
Reading* reading = nullptr;

// The numbers that web/worker.js uses.
std::optional<Format> format_of(unsigned number) {
  switch (number) {
    case 1:
      return Format::json;
    case 2:
      return Format::ndjson;
    case 3:
      return Format::markdown;
    case 4:
      return Format::html;
    case 5:
      return Format::text;
    default:
      return std::nullopt;
  }
}

// A list beside the one that is shown: of the same logs, in English.
constexpr unsigned beside = 6;

std::string_view given(std::size_t size) { return {buffer.data(), size < room ? size : room}; }

std::size_t give(std::string text) {
  result = std::move(text);
  return result.size();
}

}  // namespace

WHYOOM_EXPORT("input") char* whyoom_input() { return buffer.data(); }
WHYOOM_EXPORT("input_size") std::size_t whyoom_input_size() { return room; }
WHYOOM_EXPORT("output") const char* whyoom_output() { return result.data(); }

// `input` is a catalogue (base/language.h).
WHYOOM_EXPORT("catalogue") void whyoom_catalogue(std::size_t size) {
  whyoom::set_catalogue(std::string(given(size)));
}
WHYOOM_EXPORT("speak") void whyoom_speak(unsigned chinese) {
  whyoom::set_language(chinese != 0 ? whyoom::Language::chinese : whyoom::Language::english);
}
// 0: a list of stories; `beside`; else a format.
WHYOOM_EXPORT("begin") void whyoom_begin(unsigned format) {
  const auto as = format_of(format);
  auto& own = as || format == beside ? written : listed;
  own.reset();  // before the next one takes memory
  own = std::make_unique<Reading>(as);
  reading = own.get();
}
WHYOOM_EXPORT("begin_log") void whyoom_begin_log(std::size_t name) {
  reading->begin_log(std::string(given(name)));
}
WHYOOM_EXPORT("feed") void whyoom_feed(std::size_t size) { reading->feed(given(size)); }
WHYOOM_EXPORT("end_log") void whyoom_end_log(std::size_t damage) {
  reading->end_log(std::string(given(damage)));
}
WHYOOM_EXPORT("finish") void whyoom_finish() { reading->finish(); }
WHYOOM_EXPORT("found") std::uint32_t whyoom_found() {
  return static_cast<std::uint32_t>(reading->found());
}
// Of what was written, or stands beside, nothing more is wanted.
WHYOOM_EXPORT("end") void whyoom_end() {
  written.reset();
  result = {};
  reading = listed.get();
}
// Each of these makes `output` and gives its size.
WHYOOM_EXPORT("take") std::size_t whyoom_take() { return give(reading->take()); }
WHYOOM_EXPORT("summary") std::size_t whyoom_summary() { return give(listed->summary_part()); }
WHYOOM_EXPORT("story") std::size_t whyoom_story(std::size_t index, unsigned format) {
  const auto as = format_of(format);
  const Reading& of = written ? *written : *listed;
  return give(as ? of.story(index, *as) : of.story_part(index));
}
