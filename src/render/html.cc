#include "render/html.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/html_script.h"
#include "render/html_style.h"

namespace whyoom::render {
namespace {

std::string_view class_of(Paint paint) {
  switch (paint) {
    case Paint::dim:
      return "dim";
    case Paint::red:
      return "red";
    case Paint::green:
      return "green";
    case Paint::yellow:
      return "yellow";
    case Paint::bold:
      return "strong";
    case Paint::plain:
      break;
  }
  return {};
}

// <name class="..">text</name>
std::string element(std::string_view name, std::string_view class_name, std::string_view html) {
  std::string out = "<" + std::string(name);
  if (!class_name.empty()) {
    out.append(" class=\"").append(class_name).append("\"");
  }
  return out.append(">").append(html).append("</").append(name).append(">");
}

// In thousandths of the whole: a drawing's own unit.
long in_thousandths(double share) {
  return std::lround(std::clamp(std::isfinite(share) ? share : 0, 0.0, 1.0) * 1000);
}
std::string thousandths(double share) { return std::to_string(in_thousandths(share)); }

// The mark is taller than the rest, so that it is seen on any ground.
std::string bar_picture(const Bar& bar) {
  std::string words = tr("{} filled", percent(bar.filled));
  std::string out =
      R"(<rect class="rail" width="1000" y="15" height="70" rx="15"/><rect class="fill" width=")" +
      thousandths(bar.filled) + R"(" y="15" height="70" rx="15"/>)";
  if (bar.useless > 0) {
    words += tr(", {} of no use", percent(bar.useless));
    out += R"(<rect class="useless" x=")" + thousandths(bar.filled - bar.useless) + R"(" width=")" +
           thousandths(bar.useless) + R"(" y="15" height="70" rx="15"/>)";
  }
  for (const double tick : bar.ticks) {
    out += R"(<rect class="tick" x=")" + thousandths(std::min(tick, 0.996)) +
           R"(" y="55" width="4" height="45"/>)";
  }
  if (bar.mark) {
    words += tr(", mark at {}", percent(*bar.mark));
    constexpr double width = 0.008;
    out += R"(<rect class="mark" x=")" + thousandths(std::min(*bar.mark, 1 - width)) +
           R"(" width="8" height="100"/>)";
  }
  return R"(<svg class="bar" role="img" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-label=")" +
         html_text(words) + R"("><title>)" + html_text(words) + "</title>" + out + "</svg>";
}

// "= free | needed": what a terminal draws with these signs is a field and a line here.
std::string head_html(const Column& column) {
  std::string_view head = column.head;
  if (!column.has_bars() || !head.starts_with("= ")) {
    return html_text(head);
  }
  const std::size_t line = head.find(" | ");
  std::string out = element("span", "key", "") + html_text(head.substr(2, line - 2));
  if (line != std::string_view::npos) {
    out += " " + element("span", "key line", "") + html_text(head.substr(line + 3));
  }
  return out;
}

std::string cell_html(const Cell& cell) {
  if (cell.bar) {
    return bar_picture(*cell.bar);
  }
  const std::string text = html_text(trim(cell.text));
  return cell.link.empty() ? text : "<a href=\"#" + html_text(cell.link) + "\">" + text + "</a>";
}

std::string table_html(const Table& table) {
  std::string head, rows;
  bool any_head = false;
  for (const Column& column : table.columns) {
    any_head = any_head || !column.head.empty();
    head +=
        element(column.head.empty() ? "td" : "th", column.right ? "right" : "", head_html(column));
  }
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    std::string cells;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string_view paint = class_of(row[c].paint);
      const std::string classes = (table.columns[c].right ? "right " : "") + std::string(paint);
      cells += element("td", trim(classes), cell_html(row[c]));
    }
    rows += element("tr", table.slider == r ? "chosen" : "", cells) + "\n";
  }
  return element("div", table.slider ? "wide slider" : "wide",
                 element("table", table.sortable ? "sortable" : "",
                         (any_head ? element("thead", "", element("tr", "", head)) + "\n" : "") +
                             element("tbody", "", rows))) +
         "\n";
}

std::string ends_html(std::string_view from, std::string_view to) {
  return element("p", "ends dim",
                 element("span", "", html_text(from)) + element("span", "", html_text(to))) +
         "\n";
}

// Each moment is a line across; the chief one is thick. Those that fall together stay apart in the
// table below.
std::string timeline_html(const Timeline& timeline) {
  const std::string words = html_text(timeline.words);
  std::string out = R"(<svg class="times" role="img" viewBox="0 0 1000 100" )"
                    R"(preserveAspectRatio="none" aria-label=")" +
                    words + "\"><title>" + words +
                    R"(</title><rect class="rail" y="45" width="1000" height="10"/>)";
  for (const Moment& moment : timeline.moments) {
    const double width = moment.chief ? 0.01 : 0.005;
    std::string classes(class_of(moment.paint));
    classes += moment.chief ? " chief" : "";
    out += "<rect class=\"moment " + classes + "\" x=\"" +
           thousandths(std::clamp(moment.at, 0.0, 1.0) * (1 - width)) +
           (moment.chief ? R"(" width="10" height="100"><title>)"
                         : R"(" y="15" width="5" height="70"><title>)") +
           html_text(moment.words) + "</title></rect>";
  }
  return out + "</svg>\n" + ends_html(timeline.from, timeline.to);
}

// From the ground up to each share: a rectangle from the point to the next one.
std::string curve_html(const Curve& curve) {
  const std::string words = html_text(curve.words);
  std::string out = R"(<svg class="curve" role="img" viewBox="0 0 1000 1000" )"
                    R"(preserveAspectRatio="none" aria-label=")" +
                    words + "\"><title>" + words +
                    R"(</title><rect class="rail" width="1000" height="1000"/>)";
  const auto draw = [&](std::string_view name, double CurvePoint::*size) {
    for (std::size_t i = 0; i < curve.points.size(); ++i) {
      const double from = curve.points[i].at;
      const double to = i + 1 < curve.points.size() ? curve.points[i + 1].at : 1;
      const double share = curve.points[i].*size;
      out += "<rect class=\"" + std::string(name) + "\" x=\"" + thousandths(from) + "\" y=\"" +
             thousandths(1 - share) + "\" width=\"" +
             std::to_string(in_thousandths(to) - in_thousandths(from)) + "\" height=\"" +
             thousandths(share) + "\"/>";
    }
  };
  draw("available", &CurvePoint::available);
  draw("fill", &CurvePoint::free);
  draw("reach", &CurvePoint::out_of_reach);
  return out + "</svg>\n" + ends_html(curve.from, curve.to) + element("p", "dim", memory_keys()) +
         "\n";
}

// A list in which each item holds the list of what is below it.
std::string tree_html(const std::vector<Branch>& branches) {
  std::string out;
  std::size_t open = 0;  // lists
  for (const Branch& branch : branches) {
    const std::size_t level = std::min(branch.depth, open) + 1;
    for (; open > level; --open) {
      out += "</li></ul>";
    }
    out += open == level ? "</li>\n" : open == 0 ? "<ul class=\"tree\">" : "<ul>";
    open = level;
    out += "<li>" + element("span", "name", html_text(branch.name));
    if (!branch.size.empty()) {
      out += element("p", "size",
                     (branch.bar ? bar_picture(*branch.bar) : "") + html_text(branch.size));
    }
    for (const Cell& note : branch.notes) {
      out += element("p", class_of(note.paint), html_text(note.text));
    }
  }
  for (; open > 0; --open) {
    out += "</li></ul>";
  }
  return out + "\n";
}

std::string block_html(const Block& block) {
  switch (block.kind) {
    case Block::Kind::heading:
      return element(block.label == "###" ? "h3" : "h2", "", html_text(block.text)) + "\n";
    case Block::Kind::sentence: {
      std::string classes(class_of(block.paint));
      classes += block.indent > 0 ? " below" : "";
      return element("p", trim(classes), html_text(block.text)) + "\n";
    }
    case Block::Kind::note: {
      const std::string label = block.label == "-"
                                    ? ""
                                    : element("span", "label " + std::string(class_of(block.paint)),
                                              html_text(block.label)) +
                                          " ";
      return element("p", block.indent > 0 ? "below" : "", label + html_text(block.text)) + "\n";
    }
    case Block::Kind::line: {
      return element("p", "dim", join(block.parts, " · ", html_text)) + "\n";
    }
    case Block::Kind::table:
      return table_html(block.table);
    case Block::Kind::fold:
      return "<details><summary>" + html_text(block.text) + "</summary>\n";
    case Block::Kind::unfold:
      return "</details>\n";
    case Block::Kind::timeline:
      return timeline_html(block.timeline);
    case Block::Kind::curve:
      return curve_html(block.curve);
    case Block::Kind::tree:
      return tree_html(block.tree);
    case Block::Kind::code:
    case Block::Kind::quote:
    case Block::Kind::blank:
      break;
  }
  return {};
}

}  // namespace

std::string key_html(std::string_view class_name, std::string_view text) {
  return "<span class=\"key " + std::string(class_name) + "\"></span>" + html_text(text) + " ";
}

std::string memory_keys() {
  return key_html("", tr("free")) + key_html("available", tr("more that can be made free")) +
         key_html("reach", tr("what no ordinary request gets"));
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// The policy lets the page's own style and script in and nothing else: no image, no request.
std::string html_head(std::string_view title) {
  const std::string text = html_text(title);
  return R"(<!DOCTYPE html>
<html lang=")" +
         std::string(language_tag(language())) +
         R"(">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; script-src ')" +
         std::string(html_script_hash) + R"('">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>)" +
         text + "</title>\n<style>" + std::string(html_style) +
         "</style>\n</head>\n<body>\n<main>\n<h1>" + text + "</h1>\n";
}

std::string html_tail() {
  return "</main>\n<script>" + std::string(html_script) + "</script>\n</body>\n</html>\n";
}

std::string to_html(const Document& document, std::string_view class_name) {
  std::string out, code, quotes;
  const auto end_lines = [&out](std::string& lines, std::string_view name) {
    if (!lines.empty()) {
      out += element("pre", name, element("code", "", std::exchange(lines, {}))) + "\n";
    }
  };
  for (const Block& block : document.blocks()) {
    if (block.kind == Block::Kind::code) {
      code += (code.empty() ? "" : "\n") + html_text(block.text);
      continue;
    }
    if (block.kind == Block::Kind::quote) {
      const std::string id = block.label.empty() ? "" : " id=\"" + html_text(block.label) + "\"";
      quotes += "<span" + id + ">" + html_text(block.text) + "\n</span>";
      continue;
    }
    end_lines(code, "");
    end_lines(quotes, "log");
    out += block_html(block);
  }
  end_lines(code, "");
  end_lines(quotes, "log");
  return out.empty() ? out : element("article", class_name, "\n" + out) + "\n";
}

}  // namespace whyoom::render
