// How a segment of a ring begins, for tests: its head, and one process.
#pragma once

#include <string>
#include <string_view>

#include "base/units.h"
#include "record/sample.h"
#include "record/segment.h"
#include "record/wire.h"

namespace whyoom::record::testing_only {

// `at` has the times. Pages are of 4 KiB; the process is java, pid 42, with the id 1.
inline std::string begin_segment(Encoder& encoder, const Note& at, std::string_view boot,
                                 std::string_view release) {
  encoder.restart();
  Note head = at;
  head.kind = Kind::segment;
  head.a = format_version;
  head.c = 4096;
  head.text = boot;
  head.more = release;
  std::string bytes(encoder.note(head));
  Note process = at;
  process.kind = Kind::process;
  process.a = 1;
  process.b = 42;
  process.c = 7;
  process.text = "java";
  process.more = "/system.slice/app.service";
  process.detail = "java -jar app.jar";
  bytes += encoder.note(process);
  return bytes;
}

}  // namespace whyoom::record::testing_only
