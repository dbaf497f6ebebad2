#include "app/other_words.h"

#include <algorithm>
#include <span>
#include <string>

namespace whyoom::app {
namespace {

struct Meaning {
  std::string_view words;  // with blanks before, between and behind them
  std::string_view meant;
};

constexpr Meaning commands[] = {
    {" why reason last events list show-events log logs kills killed oom reboot restart "
     "analyze analyse parse read diagnose ",
     "`whyoom explain FILE...`, or `whyoom explain --host` for this machine"},
    {" summary summarize summarise stats count compare diff top ",
     "`whyoom explain --summary FILE...`"},
    {" follow tail monitor wait ", "`whyoom explain --follow`"},
    {" undo-fix revert rollback restore unfix back reset ", "`whyoom undo`"},
    {" plan preview dry-run ", "`whyoom fix --dry-run`"},
    {" apply set repair mend prevent solve ", "`whyoom fix`"},
    {" status doctor health verify show who settings info scan inspect ", "`whyoom check`"},
    {" simulate try test what-if ", "`whyoom whatif KEY=VALUE`"},
    {" collect export dump snapshot report sosreport save ", "`whyoom capture`"},
    {" cause catalog catalogue docs doc ", "`whyoom causes`"},
    {" version ", "`whyoom --version`"},
};

constexpr Meaning options[] = {
    {" --pod --unit --container --service --namespace --slice --scope --docker ",
     "--cgroup NAME, a part of the name of a cgroup, unit, container or pod"},
    {" --process --proc --name --comm --pid --grep --filter --killed --task ",
     "--victim NAME, a part of a killed process's name"},
    {" --panic --panics --crash ", "--kind oom-panic"},
    {" --boot -b ", "`journalctl -k -b -1 | whyoom explain -`"},
    {" --check --preview --plan --simulate --noop --what-if ", "--dry-run"},
    {" --undo --revert --rollback ", "`whyoom undo`"},
    {" --watch --tail --wait --live -F ", "--follow"},
    {" --md ", "--format markdown"},
    {" --jsonl --json-lines ", "--format ndjson"},
    {" --output -o --out ", "--format FORMAT, and the shell's > FILE"},
    {" --after --from --start -S ", "--since TIME"},
    {" --before --to --end -U ", "--until TIME"},
    {" -n --lines --tail-lines --limit --max ", "--last N"},
    {" --stats --count --short --brief ", "--summary"},
    {" --long --full --details --debug --proof ", "--verbose"},
    {" --dir --directory --prefix --chroot -D ", "--root DIR"},
    {" --force-yes --assume-yes --non-interactive ", "--yes"},
};

std::string_view meant(std::span<const Meaning> table, std::string_view word) {
  const std::string wanted = " " + std::string(word) + " ";
  const auto found = std::ranges::find_if(table, [&wanted](const Meaning& each) {
    return each.words.find(wanted) != std::string_view::npos;
  });
  return word.find(' ') != std::string_view::npos || found == table.end() ? std::string_view()
                                                                          : found->meant;
}

}  // namespace

std::string_view command_for(std::string_view word) { return meant(commands, word); }

std::string_view option_for(std::string_view option) { return meant(options, option); }

}  // namespace whyoom::app
