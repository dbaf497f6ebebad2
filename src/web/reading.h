// What the page in a browser asks for: logs in pieces of bytes, and out of them a list of stories
// to choose from, or all of them in one of the command's formats. Pure; main.cc hands it out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/pipeline.h"
#include "render/format.h"
#include "report/turning_reader.h"

namespace whyoom::web {

class StoryList;

class Reading {
 public:
  // Without a format the stories are kept for story().
  explicit Reading(std::optional<render::Format> format);
  ~Reading();
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // Each log: its name, its bytes in pieces, its end. What could not be read of it is said with
  // `damage`.
  void begin_log(const std::string& name);
  void feed(std::string_view bytes);
  void end_log(const std::string& damage);

  // Of a list, in JSON: {"stories": [{"title": ..}], "left_out", "remarks": [..], "events",
  // "bytes"}.
  void finish();
  // What was written since the last time.
  std::string take();

  [[nodiscard]] std::uint64_t found() const { return pipeline_->found(); }
  // Of a list: the events added up, where there are several, and what was read; parts of a page.
  [[nodiscard]] std::string summary_part() const;
  // A story of the list: as a part of a page, or in a format as the command writes it.
  [[nodiscard]] std::string story_part(std::size_t index) const;
  [[nodiscard]] std::string story(std::size_t index, render::Format format) const;

 private:
  void write_list();

  std::string out_;
  StoryList* list_ = nullptr;  // the writer, when it is one
  std::unique_ptr<explain::Writer> writer_;
  std::unique_ptr<explain::Pipeline> pipeline_;
  std::unique_ptr<report::TurningReader> log_;
  std::string name_;
  std::vector<std::string> names_, remarks_;
  std::uint64_t found_before_ = 0;
  bool any_read_ = false;
};

}  // namespace whyoom::web
