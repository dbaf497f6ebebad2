// `whyoom man`: the pages of the manual, made of the same table as the help.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"
#include "app/words.h"
#include "base/language.h"
#include "base/text.h"

namespace whyoom::app {

namespace {

// What a page tells beside the help of its command; a text is roff already.
struct Section {
  const char* command;
  const char* title;
  const char* text;
};
constexpr std::array<Section, 8> more{{
    {"", "FILES",
     ".TP\n.I /var/lib/whyoom/fixes\nThe journal of fixes, one directory for each. Only root can "
     "look into it.\n"
     ".TP\n.IR /etc/sysctl.conf \", \" /etc/sysctl.d/*.conf\nWhat a fix edits. A new file is "
     "called\n"
     ".IR 90\\-whyoom.conf ,\nor so that it is read last.\n"
     ".TP\n.I /etc/whyoom.conf\nWhat is set for all commands.\n"
     ".TP\n.I /var/lib/whyoom/ring\nWhat the recorder keeps.\n"},
    {"", "ENVIRONMENT",
     ".TP\n.BR LC_ALL \", \" LC_MESSAGES \", \" LANG\nThe language when\n.B \\-\\-lang\nis not "
     "given: Chinese for zh_CN, zh_SG and zh in UTF-8, else English.\n"
     ".TP\n.BR NO_COLOR \", \" CLICOLOR_FORCE \", \" TERM\nWhether colour is used when\n"
     ".B \\-\\-color\nis not given.\n"
     ".TP\n.B COLUMNS\nWidth of the text when\n.B \\-\\-width\nis not given.\n"
     ".TP\n.BR WHYOOM_PAGER \", \" PAGER\nThe pager, a command line, for what is longer than the "
     "screen.\n"},
    {"", "NOTES",
     "A\n.I FILE\ninstead of a command is explained, and so is a log on standard input (a pipe, a "
     "socket or a\nfile), but with\n.B \\-\\-root\nor\n.B \\-\\-format json\nit is about the host. "
     "When "
     "standard input is empty, it looks at this host and says so.\n.PP\n"
     "Logs and captures are read without rights: the process becomes nobody where it was root "
     "and\nforbids itself files, programs, the network and most system calls.\n"
     ".B \\-\\-sandbox auto\ntakes what the kernel has,\n.B require\nrefuses to go on without it, "
     "and "
     "for a machine or a directory,\n.B off\nswitches it off.\n.PP\n"
     "Output that could not be written is status 2, but of a fix, an undo or a capture, whose "
     "status\ntells of the change.\n"},
    {"explain", "NOTES",
     "A capture as the only\n.I FILE\nstands for the logs in it. An event whose time cannot be "
     "compared with the one asked for is kept,\nwith a note on standard error. The end of the "
     "output says which logs were read, how far back each\nreaches, and what could not be read.\n"},
    {"fix", "NOTES",
     "What a fix does is written to\n.I /var/lib/whyoom/fixes\nbefore anything is changed; one "
     "that "
     "fails is taken back, and one that was interrupted can be\nfinished\n.RB ( \\-\\-resume )\nor "
     "undone.\n"},
    {"undo", "FILES",
     ".TP\n.I /var/lib/whyoom/fixes\nThe journal of fixes, one directory for each.\n"},
    {"capture", "NOTES",
     "Only its owner can read the file, and a file that is there already is never overwritten. "
     "What "
     "could\nnot be read, or had no room (16 MiB for each log), is listed. The environment of "
     "processes is never\nread.\n"},
    {"whatif", "NOTES",
     "A plain number has the unit of the key: kB for\n.BR vm.min_free_kbytes .\n"},
}};

// Text as roff: what it would take for its own is escaped.
std::string roff(std::string_view text) {
  std::string out;
  bool begin = true;
  for (const char c : text) {
    if (begin && (c == '.' || c == '\'')) {
      out += "\\&";
    }
    begin = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string section(const std::string& title) { return ".SH " + title + "\n"; }

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string page_name(const Command& command) {
  return *command.name == '\0' ? "whyoom" : std::string("whyoom-") + command.name;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(take_part(text, '\n'));
  }
  return lines;
}

// Lines that are indented stay as they are.
std::string paragraphs(const std::vector<std::string>& lines) {
  std::string out;
  bool as_is = false;
  for (const std::string& line : lines) {
    if (line.starts_with("  ") != as_is) {
      as_is = !as_is;
      out += as_is ? ".PP\n.nf\n" : ".fi\n.PP\n";
    }
    out += line.empty() ? ".PP\n" : roff(line) + "\n";
  }
  return out + (as_is ? ".fi\n" : "");
}

// The help says it in this order: what is to be known, the exit status, examples.
struct Footer {
  std::vector<std::string> notes, status, examples;
};
Footer footer_of(const Command& command) {
  Footer footer;
  std::vector<std::string>* at = &footer.notes;
  const std::string status = tr("Exit status: ");
  const std::string examples = tr("Examples:");
  for (std::string& line : lines_of(translated(command.footer))) {
    if (line.starts_with(status)) {
      at = &footer.status;
      line.erase(0, status.size());
    } else if (line == examples) {
      at = &footer.examples;
      continue;
    } else if (line.empty() && at == &footer.status) {
      at = &footer.notes;
    }
    if (!line.empty() || !at->empty()) {
      at->push_back(line);
    }
  }
  for (auto* part : {&footer.notes, &footer.status, &footer.examples}) {
    while (!part->empty() && part->back().empty()) {
      part->pop_back();
    }
  }
  return footer;
}

// The first sentence without its full stop, as the line of a page's name; and what follows.
std::string name_line(const Command& command, std::string& rest) {
  const std::string_view about = translated(command.about);
  std::string line(first_sentence(about));
  const std::size_t behind = about.find('\n', line.size());
  rest = behind == std::string_view::npos ? "" : about.substr(behind + 1);
  constexpr std::string_view self = "whyoom ";
  if (line.starts_with(self)) {
    line.erase(0, self.size());
  }
  std::ranges::replace(line, '\n', ' ');
  return line;
}

std::string options_of(const CommandInfo& info) {
  std::string out;
  for (const FlagInfo& flag : info.flags) {
    if (flag.is_operand()) {
      continue;
    }
    out += ".TP\n" + join(flag.names, ", ", bold) +
           (flag.value.empty() ? "" : " " + italic(flag.value)) + "\n" +
           roff(tr("{}.", translated(flag.help))) + "\n";
  }
  return out;
}

std::string see_also(const Command& own, const std::vector<CommandInfo>& table) {
  std::string out;
  for (const CommandInfo& info : table) {
    if (info.command != &own && info.command->listed) {
      out += bold(page_name(*info.command)) + "(1),\n";
    }
  }
  for (const char* format : {"whyoom.conf", "whyoom-json", "whyoom-ring"}) {
    out += *own.name == '\0' ? bold(format) + "(5),\n" : "";
  }
  return out + bold("dmesg") + "(1),\n" + bold("journalctl") + "(1),\n" + bold("sysctl") +
         "(8),\n" + bold("sysctl.d") + "(5)\n";
}

std::string synopsis(const Command& command) {
  std::string out = ".nf\n";
  for (const std::string& line : lines_of(command.usage)) {
    const std::size_t begin = line.find_first_not_of(' ');
    out += roff(line.substr(begin == std::string::npos ? 0 : begin)) + "\n";
  }
  return out + ".fi\n";
}

std::string commands_of(const std::vector<CommandInfo>& table) {
  std::string out = section(tr("COMMANDS"));
  for (std::size_t i = 1; i < table.size(); ++i) {
    const Command& command = *table[i].command;
    if (command.listed) {
      std::string rest;
      out += ".TP\n" + bold(page_name(command)) + "(1)\n" +
             roff(tr("{}.", name_line(command, rest))) + "\n";
    }
  }
  return out;
}

std::string page(const CommandInfo& info, const std::vector<CommandInfo>& table) {
  const Command& command = *info.command;
  const Footer footer = footer_of(command);
  std::string upper = page_name(command);
  std::ranges::transform(upper, upper.begin(), to_upper);
  std::string rest;
  std::string out = ".\\\" Written by `whyoom man`; `./dev docs` renews it.\n.TH " + roff(upper) +
                    " 1 \"\" \"whyoom " WHYOOM_VERSION "\" \"" + tr("User Commands") + "\"\n" +
                    // Chinese has few blanks that could take the slack of a line.
                    (language() == Language::chinese ? ".ad l\n" : "") + section(tr("NAME")) +
                    roff(page_name(command)) + " \\- " + roff(name_line(command, rest)) + "\n" +
                    section(tr("SYNOPSIS")) + synopsis(command);
  std::string text = paragraphs(lines_of(rest));
  text += footer.notes.empty() || text.empty() ? "" : ".PP\n";
  text += paragraphs(footer.notes);
  out += text.empty() ? "" : section(tr("DESCRIPTION")) + text;
  out += *command.name == '\0' ? commands_of(table) : "";
  out += section(tr("OPTIONS")) + options_of(info);
  out += footer.status.empty() ? "" : section(tr("EXIT STATUS")) + paragraphs(footer.status);
  for (const Section& part : more) {
    if (std::string_view(part.command) == command.name) {
      out += section(tr(part.title)) + tr(part.text);
    }
  }
  out += footer.examples.empty() ? "" : section(tr("EXAMPLES")) + paragraphs(footer.examples);
  return out + section(tr("SEE ALSO")) + see_also(command, table);
}

int manual(const std::string& name, Console& io) {
  const auto table = describe(all_commands());
  for (const CommandInfo& info : table) {
    if (name == info.command->name) {
      io.out.write(page(info, table));
      return nothing_found;
    }
  }
  return io.fail(no_command(name, table));
}

}  // namespace

const Command manual_command{"man",
                             "whyoom man [COMMAND]",
                             "Prints the page of the manual of a command, as roff.\n"
                             "`whyoom man explain | man -l -` shows it.",
                             "",
                             [](Flags& flags) -> Work {
                               const auto name = std::make_shared<std::string>();
                               flags.text("COMMAND", "", *name, "The command to read about");
                               return [name](Console& io) { return manual(*name, io); };
                             },
                             false};

}  // namespace whyoom::app
