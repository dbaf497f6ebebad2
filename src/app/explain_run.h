// One run of `whyoom explain` over all its inputs: what was found, what was read, what went wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "app/command.h"
#include "app/host_root.h"
#include "app/progress.h"
#include "app/read_ahead.h"
#include "app/selection.h"
#include "app/writer.h"
#include "diagnose/story.h"
#include "linux/input.h"
#include "render/render.h"
#include "report/fingerprint.h"
#include "report/log_reader.h"

namespace whyoom::app {

// "standard input" for "-".
std::string shown_name(const std::string& file);

class Run {
 public:
  Run(const SelectionRules& rules, Writer& writer, const Telling& telling, Console& io)
      : writer_(writer),
        io_(io),
        lines_only_(telling.format == Format::ndjson),
        quiet_(telling.nothing),
        selection_(rules, [this](auto event) { writer_.event(std::move(event)); }) {}

  // Bytes of all inputs that will be read; 0 = not known.
  void expect(std::uint64_t bytes);
  void guarded(const std::string& file, const std::function<void()>& work);
  void read(ReadAhead& logs, std::size_t index, const linux::Input& source);
  void read_host(const tl::expected<HostRoot, std::string>& opened);
  // An event of a log; the caller tells that there is no more of it with account().
  void found(report::Report&& report);
  void account(const std::string& file, const report::InputAccount& account);
  // An input that could not be used. The others still are.
  void fail(const std::string& file, const std::string& why);
  // What came before is told from now on: --last holds nothing back.
  void caught_up() { selection_.catch_up(); }
  [[nodiscard]] std::uint64_t events() const { return selection_.chosen(); }
  int finish(const std::string& what);

 private:
  void clear_progress();
  void note_damage(std::string at, std::string what);

  Writer& writer_;
  Console& io_;
  bool lines_only_, quiet_;
  Selection selection_;
  diagnose::StoryBuilder story_;
  report::Fingerprints seen_;  // in all logs: a copy in another file counts once
  render::Summary summary_;
  std::optional<Progress> progress_;
  std::uint64_t done_ = 0;  // bytes of the inputs before this one
  bool any_read_ = false;
  bool failed_ = false;
};

}  // namespace whyoom::app
