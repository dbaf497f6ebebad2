#include "lint/report.h"

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/json_writer.h"

namespace whyoom::lint {

namespace {

using render::JsonWriter;

std::string place(const FileFindings& file, const Finding& finding) {
  return printable(file.path) + ":" + std::to_string(finding.at.line) + ":" +
         std::to_string(finding.at.column);
}

std::string sentence(const Finding& finding) {
  return finding.fact.str() + ". " + finding.advice.str();
}

std::string severity_word(Severity severity) {
  return severity == Severity::note      ? tr("note")
         : severity == Severity::warning ? tr("warning")
                                         : tr("error");
}

template <class Take>
void each(const Report& report, const Take& take) {
  for (const FileFindings& file : report.files) {
    for (const Finding& finding : file.findings) {
      take(file, finding);
    }
  }
}

// RFC 3986: what may stand in a path as it is.
std::string uri_of(std::string_view path) {
  constexpr std::string_view marks = "-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path.substr(path.starts_with("./") ? 2 : 0)) {
    const bool plain = is_alnum(c) || marks.find(c) != std::string_view::npos;
    const auto byte = static_cast<unsigned char>(c);
    uri += plain ? std::string(1, c) : std::string{'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return uri;
}

void write_rules(JsonWriter& json) {
  json.list("rules", all_rules(), [&](const RuleInfo& rule) {
    json("id", rule.id);
    json.object("shortDescription", [&] { json("text", rule.about); });
    json.object("defaultConfiguration", [&] { json("level", name_of(rule.usual)); });
  });
}

void write_result(JsonWriter& json, const FileFindings& file, const Finding& finding) {
  json.object([&] {
    json("ruleId", info_of(finding.rule).id);
    json("ruleIndex", static_cast<std::size_t>(finding.rule));
    json("level", name_of(finding.severity));
    json.object("message", [&] { json("text", sentence(finding)); });
    json.array("locations", [&] {
      json.object([&] {
        json.object("physicalLocation", [&] {
          json.object("artifactLocation", [&] { json("uri", uri_of(file.path)); });
          json.object("region", [&] {
            json("startLine", finding.at.line);
            json("startColumn", finding.at.column);
          });
        });
      });
    });
  });
}

// GitHub's own escapes.
std::string escaped(std::string_view text, bool of_property) {
  std::string result;
  for (const char c : text) {
    const bool special =
        c == '%' || c == '\r' || c == '\n' || (of_property && (c == ':' || c == ','));
    result += !special    ? std::string(1, c)
              : c == '%'  ? "%25"
              : c == ':'  ? "%3A"
              : c == ','  ? "%2C"
              : c == '\r' ? "%0D"
                          : "%0A";
  }
  return result;
}

}  // namespace

std::size_t Report::count() const {
  std::size_t sum = 0;
  for (const FileFindings& file : files) {
    sum += file.findings.size();
  }
  return sum;
}

std::size_t Report::count(Severity severity) const {
  std::size_t sum = 0;
  each(*this, [&](const FileFindings&, const Finding& finding) {
    sum += finding.severity == severity ? 1 : 0;
  });
  return sum;
}

std::string to_text(const Report& report) {
  std::string text;
  each(report, [&](const FileFindings& file, const Finding& finding) {
    text += place(file, finding) + ": " + severity_word(finding.severity) + ": " +
            finding.fact.str() + " [" + std::string(info_of(finding.rule).id) + "]\n    " +
            finding.advice.str() + "\n";
  });
  return text + tr("{}, {} in {}.\n", plural(report.count(), "finding", "findings"),
                   plural(report.settings, "setting", "settings"),
                   plural(report.files.size(), "file", "files"));
}

std::string to_json(const Report& report) {
  JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.values("files", report.files, [](const FileFindings& file) { return file.path; });
    json("settings", report.settings);
    json("not_read", report.trouble);
    json.array("findings", [&] {
      each(report, [&](const FileFindings& file, const Finding& finding) {
        json.object([&] {
          json("file", file.path);
          json("line", finding.at.line);
          json("column", finding.at.column);
          json("severity", name_of(finding.severity));
          json("rule", info_of(finding.rule).id);
          json("key", render::text_or_null(finding.key));
          json("ram", finding.ram);
          json("summary", finding.fact.str());
          json("advice", finding.advice.str());
        });
      });
    });
  });
  return json.take();
}

std::string to_sarif(const Report& report, std::string_view version) {
  JsonWriter json(true);
  json.document([&] {
    json("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json("version", "2.1.0");
    json.array("runs", [&] {
      json.object([&] {
        json.object("tool", [&] {
          json.object("driver", [&] {
            json("name", "whyoom");
            json("semanticVersion", version);
            write_rules(json);
          });
        });
        json("columnKind", "unicodeCodePoints");
        json.array("invocations", [&] {
          json.object([&] {
            json("executionSuccessful", report.trouble.empty());
            json.list("toolExecutionNotifications", report.trouble, [&](const std::string& what) {
              json("level", "error");
              json.object("message", [&] { json("text", what); });
            });
          });
        });
        json.array("results", [&] {
          each(report, [&](const FileFindings& file, const Finding& finding) {
            write_result(json, file, finding);
          });
        });
      });
    });
  });
  return json.take();
}

std::string to_github(const Report& report) {
  std::string text;
  each(report, [&](const FileFindings& file, const Finding& finding) {
    text += "::" +
            std::string(finding.severity == Severity::note ? "notice" : name_of(finding.severity)) +
            " file=" + escaped(printable(file.path), true) +
            ",line=" + std::to_string(finding.at.line) +
            ",col=" + std::to_string(finding.at.column) +
            ",title=" + std::string(info_of(finding.rule).id) +
            "::" + escaped(sentence(finding), false) + "\n";
  });
  return text;
}

}  // namespace whyoom::lint
