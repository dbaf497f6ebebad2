// The words and the parts of documents that several of them share. Text that comes back is
// printable().
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/place.h"
#include "base/units.h"
#include "diagnose/event.h"
#include "render/render.h"

namespace whyoom::render {

std::string clean(const Message& message);

// "dmesg.log:939"; the name alone for a source as a whole; "" for a number that was computed.
std::string place_text(const memory::Evidence& evidence, Place at);
// The same for a table under a head that names the file in full: a long name loses its folders, a
// very long one gives "line 939".
std::string short_place(const memory::Evidence& evidence, Place at);

// "dmesg.log:412-498"
std::string source_range(const report::Report& report);
// "[6.580963]", "Nov 23 08:12:53", or both; empty when the log has no time.
std::string time_text(const report::Time& time);
// "2 events in 345 lines, from .. to .."
std::string source_text(const LogSource& source);

// "kernel panic (deadlocked on memory)"
std::string panic_words(const report::Panic& panic);
// ", restarts after 1 s"; empty when the log does not tell.
std::string restart_words(const report::Panic& panic);
// "out of memory, killed hog (pid 153)"
std::string headline(const diagnose::Event& event);
// The same behind its time, or behind where it stands when it has none.
std::string event_line(const diagnose::Event& event);
// Of a limit of the kernel: "no more open files, 12 times".
std::string limit_headline(const report::Report& report);
// What the kernel was asked for and by whom: "2 pages (order 1) for init (pid 1), GFP_KERNEL".
std::string request_text(const diagnose::Event& event);
// "hog (pid 153), init (pid 1) and 3 more": at most `named` of those that were killed.
std::string victims_text(const report::Report& report, std::size_t named);
// "killed", "no-victim"; "" when it is not known.
std::string_view outcome_name(report::Outcome outcome);
std::string with_pid(std::string_view comm, const std::optional<std::int64_t>& pid);

// As the kernel writes them, or as people read them: "1040564 kB", "1016 MiB".
enum class Sizes : std::uint8_t { exact, rounded };
std::string size_text(Bytes size, Sizes sizes);
// A value of a what-if, where sizes are in bytes.
std::string value_text(std::string_view key, const std::string& value);

// The answer: what the root finding says, or that there is none.
std::string answer(const diagnose::Event& event);
const diagnose::Finding* root_finding(const diagnose::Event& event);
bool is_undetermined(const diagnose::Event& event);

// "the log has no task table, no zones"; empty when the report is whole.
std::string incomplete_text(const diagnose::Event& event);
// What to look for so that it can be settled.
std::vector<std::string> what_would_settle(const diagnose::Event& event);

// Each number with its place; `place` gives "" for a computed one.
Table proof_table(std::span<const diagnose::Proof> proof,
                  const std::function<std::string(Place)>& place);
// Free memory of a zone against the mark that a request needs.
Column zone_bars();

}  // namespace whyoom::render
