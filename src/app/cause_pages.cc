#include "app/cause_pages.h"

#include <vector>

#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "linux/decompress.h"

namespace whyoom::app {
namespace {

std::string unpacked() {
  const std::string_view packed(
      reinterpret_cast<const char*>(packed_cause_pages.data()),  // NOLINT: bytes as bytes
      packed_cause_pages.size());
  std::string all;
  const auto decoder = linux::make_decoder(linux::Compression::xz);
  const auto take = [&all](std::string_view part) {
    all += part;
    return true;
  };
  if (!decoder->feed(packed, take) || !decoder->finish(take)) {
    all.clear();
  }
  return all;
}

// `all`: "<id>/<file> <bytes>\n", the page, and so on.
std::string_view page_of(std::string_view all, const std::string& file) {
  while (!all.empty()) {
    const std::string_view head = all.substr(0, all.find('\n'));
    const std::size_t space = head.rfind(' ');
    const std::size_t size = parse_number<std::size_t>(head.substr(space + 1)).value_or(0);
    const std::string_view page = all.substr(head.size() + 1, size);
    if (head.substr(0, space) == file) {
      return page;
    }
    all.remove_prefix(head.size() + 1 + page.size());
  }
  return {};
}

}  // namespace

std::string cause_page(std::string_view id) {
  const std::string all = unpacked();
  const std::string folder(id);
  const std::string_view chinese = language() == Language::chinese
                                       ? page_of(all, folder + "/README.zh_CN.md")
                                       : std::string_view();
  return std::string(chinese.empty() ? page_of(all, folder + "/README.md") : chinese);
}

std::string no_cause(std::string_view id) {
  std::vector<std::string_view> ids;
  for (const diagnose::Cause* cause : diagnose::all_causes()) {
    ids.push_back(cause->id);
  }
  const std::string near = did_you_mean(id, ids);
  return tr("there is no cause \"{}\"{}", printable(id),
            near.empty() ? tr("; `whyoom causes` lists them") : near);
}

}  // namespace whyoom::app
