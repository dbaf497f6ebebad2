// The way of logs from their bytes to what is told, for the command and for the page in a browser:
//   LogReader → Fingerprints (copies go) → StoryBuilder → diagnose::explain → Selection → Writer
// and the account of what was read, with what is to be said of logs that gave nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diagnose/event.h"
#include "diagnose/story.h"
#include "explain/selection.h"
#include "explain/writer.h"
#include "render/render.h"
#include "report/fingerprint.h"
#include "report/same_event.h"
#include "report/turning_reader.h"

namespace whyoom::explain {

class Pipeline {
 public:
  // The writer must outlive it. `quotes`: it shows lines of the logs.
  Pipeline(const SelectionRules& rules, Writer& writer, bool quotes)
      : writer_(writer),
        quotes_(quotes),
        selection_(rules, [this](auto event) { writer_.event(std::move(event)); }) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // A log whose reports come here when it is fed. More of them can be read at the same time.
  std::unique_ptr<report::TurningReader> reader(const std::string& source);
  // A report of a log, in the order in which the logs are to be told. An excerpt waits for the
  // next: people quote some lines of a report before all of it.
  void hear(report::Report&& report);
  // It has waited long enough.
  void release();
  // Is told at once.
  void take(report::Report&& report);
  // An event that was explained already.
  void take(std::unique_ptr<diagnose::Event> event) { selection_.offer(std::move(event)); }
  // What came so far is told from now on: --last holds nothing back.
  void caught_up() { selection_.catch_up(); }

  void account(const std::string& file, const report::InputAccount& account);
  // An input that could not be used.
  void failed(const std::string& file, const std::string& why);
  // What all inputs held, when somebody else has added it up.
  void account(render::Summary&& summary) { summary_ = std::move(summary); }

  [[nodiscard]] const render::Summary& summary() const { return summary_; }
  [[nodiscard]] std::uint64_t events() const { return selection_.chosen(); }  // that were told
  [[nodiscard]] std::uint64_t found() const {
    return selection_.offered();
  }  // of those, and others

  void finish();
  // After it: sentences about what was kept or left out, and why nothing was told. `where`:
  // "x.log". Empty when the events speak for themselves; `any_read`: a log was, so that none is
  // news.
  [[nodiscard]] std::vector<std::string> remarks(const std::string& where, bool any_read) const;

 private:
  void tell(report::Report&& report);
  std::optional<memory::Recorded> host_beside(const report::Report& report);
  void note_symptoms(const std::string& file, const report::Symptoms& symptoms);

  Writer& writer_;
  bool quotes_;
  Selection selection_;
  diagnose::StoryBuilder story_;
  std::unique_ptr<report::EventCopy> excerpt_;  // that waits
  report::Fingerprints seen_;                   // in all logs: a copy in another file counts once
  render::Summary summary_;
  std::vector<std::string> symptoms_;  // sentences
  std::vector<std::string> turned_;    // files whose newest line is the first
  // Report::beside of the last event, and what it shows.
  std::shared_ptr<const std::string> beside_;
  std::optional<memory::Recorded> host_beside_;
};

// What is wrong with an input that was read to its end; empty: nothing. `found`: events in it.
std::string_view trouble_of(const report::InputAccount& account, std::uint64_t found);
inline constexpr std::string_view empty_input = "the file is empty";

}  // namespace whyoom::explain
