#include "app/explain_run.h"

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "app/host_log.h"
#include "base/language.h"
#include "base/text.h"
#include "render/layout.h"

namespace whyoom::app {

std::string shown_name(const std::string& file) {
  return file == "-" ? tr("standard input") : printable(file);
}

void Run::fail(const std::string& file, const std::string& why) {
  clear_progress();
  io_.tell(tr("{}: {}", shown_name(file), why));
  io_.errors.flush();
  pipeline_.failed(file, why);
  failed_ = true;
}

// What was found before stays, and the other inputs are read.
void Run::guarded(const std::string& file, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    fail(file, out_of_memory());
  }
}

void Run::read(ReadAhead& logs, std::size_t index, const linux::Input& source) {
  const std::string& file = source.path();
  const std::uint64_t before = pipeline_.found();
  const auto show = [&](std::uint64_t bytes) { progress_->show(done_ + bytes, pipeline_.found()); };
  const auto [input, result] = logs.read(
      index, {.found = [this](report::Report&& report) { pipeline_.hear(std::move(report)); },
              .quiet =
                  [this] {
                    pipeline_.release();
                    writer_.quiet();
                    io_.out.flush();
                  },
              .stop = [this] { return io_.out.closed(); },
              .progress = show});
  done_ += source.size() > 0 ? source.size() : input.bytes;
  pipeline_.account(file, input);
  const std::string_view problem = explain::trouble_of(input, pipeline_.found() - before);
  if (!result) {
    fail(file, result.error());
  } else if (!result->empty()) {
    fail(file, *result);
  } else if (problem == explain::empty_input) {
    io_.tell(tr("{}: {}", shown_name(file), tr(problem)));
  } else if (!problem.empty()) {
    fail(file, tr(problem));
  } else {
    any_read_ = true;
  }
}

// All logs of a host: events come when all are read, in the order of time.
void Run::read_host(const tl::expected<HostRoot, std::string>& opened) {
  const HostLogOptions options{.stop = [this] { return io_.out.closed(); }, .keep_lines = quotes_};
  if (!opened) {
    io_.tell(opened.error());
    failed_ = true;
    return;
  }
  auto host = read_host_log(*opened, options, [this](std::unique_ptr<diagnose::Event> event) {
    pipeline_.take(std::move(event));
  });
  if (!host) {
    fail(opened->name, host.error());
    return;
  }
  any_read_ = host->any_source_read();
  pipeline_.account(std::move(*host));
  if (!any_read_ && !io_.out.closed()) {
    io_.tell(tr("{}: no kernel log could be read here", printable(opened->name)));
    failed_ = true;
  }
}

void Run::expect(std::uint64_t bytes) {
  progress_.emplace(io_.errors, !quiet_, bytes);
  io_.out.before_next([this] { clear_progress(); });
}

void Run::clear_progress() {
  if (progress_) {
    progress_->clear();
  }
}

int Run::finish(const std::string& what) {
  clear_progress();
  pipeline_.caught_up();
  if (lines_only_ && !quiet_) {  // nothing in the output tells which logs were read
    io_.errors.write(
        render::to_text(render::log_sources(pipeline_.summary().sources), {.width = 200}));
  }
  pipeline_.finish();
  io_.out.flush();
  const bool none_is_news = any_read_ && !io_.out.closed() && !quiet_;
  for (const std::string& remark : pipeline_.remarks(what, none_is_news)) {
    io_.tell(remark);
  }
  if (failed_) {
    return trouble;
  }
  return pipeline_.events() > 0 ? events_found : nothing_found;
}

}  // namespace whyoom::app
