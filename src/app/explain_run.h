// One run of `whyoom explain` over all its inputs: what was found, what was read, what went wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "app/command.h"
#include "app/host_root.h"
#include "app/progress.h"
#include "app/read_ahead.h"
#include "explain/pipeline.h"
#include "linux/input.h"

namespace whyoom::app {

// "standard input" for "-".
std::string shown_name(const std::string& file);

class Run {
 public:
  Run(const explain::SelectionRules& rules, explain::Writer& writer,
      const explain::Telling& telling, Console& io)
      : writer_(writer),
        io_(io),
        lines_only_(telling.format == Format::ndjson),
        quiet_(telling.nothing),
        quotes_(telling.quotes()),
        pipeline_(rules, writer, telling.quotes()) {}

  // Bytes of all inputs that will be read; 0 = not known.
  void expect(std::uint64_t bytes);
  void guarded(const std::string& file, const std::function<void()>& work);
  void read(ReadAhead& logs, std::size_t index, const linux::Input& source);
  void read_host(const tl::expected<HostRoot, std::string>& opened);
  // An input that could not be used. The others still are.
  void fail(const std::string& file, const std::string& why);
  // Where events of other logs go, and what is known of these.
  [[nodiscard]] explain::Pipeline& pipeline() { return pipeline_; }
  // What it tells shows lines of the logs.
  [[nodiscard]] bool quotes() const { return quotes_; }
  int finish(const std::string& what);

 private:
  void clear_progress();

  explain::Writer& writer_;
  Console& io_;
  bool lines_only_, quiet_, quotes_;
  explain::Pipeline pipeline_;
  std::optional<Progress> progress_;
  std::uint64_t done_ = 0;  // bytes of the inputs before this one
  bool any_read_ = false;
  bool failed_ = false;
};

}  // namespace whyoom::app
