#include "base/text.h"
#include "render/check.h"
#include "render/json_parts.h"

namespace whyoom::render {
namespace {

using diagnose::HostCheck;

void write_set_by(JsonWriter& json, const HostCheck& check) {
  json.array("set_by", [&] {
    const auto setter = [&](const std::string& file, LineNumber line, const auto& value,
                            bool wins) {
      json("file", file);
      json("line", line);
      json("value", value);
      json("wins", wins);
    };
    for (const host::SysctlSetting& line : check.facts.min_free_history.boot.settings) {
      json.object([&] {
        setter(line.file, line.line, line.value, line.fate == host::SysctlSetting::Fate::wins);
      });
    }
    for (const host::SysctlSetter& each : check.facts.min_free_setters) {
      json.object([&] {
        setter(each.file, each.line, nullptr, false);
        json("program", each.program);
      });
    }
  });
}

void write_min_free(JsonWriter& json, const HostCheck& check) {
  const memory::Machine& machine = check.state.machine;
  const auto setting = machine.min_free.value_or(memory::MinFree());
  const auto& kills_from = check.state.kills_from;
  using Kbytes = std::optional<std::uint64_t>;  // as the kernel counts them, not bytes
  json("value", machine.min_free ? Kbytes(setting.value.count()) : Kbytes());
  json("kernel_default", machine.min_free && machine.default_min_free
                             ? Kbytes(machine.default_min_free->count())
                             : Kbytes());
  json.number("share_of_ram", setting.share_of_ram);
  json("after_boot", check.facts.min_free_history.value_after_boot());
  json("kills_from", kills_from ? Kbytes(kills_from->value.count()) : Kbytes());
  write_set_by(json, check);
}

void write_threads(JsonWriter& json, const HostCheck& check) {
  json("now", diagnose::thread_count(check.facts.host));
  json.list("limits", check.limits, [&](const diagnose::TaskLimit& limit) {
    json("name", limit.name);
    json("limit", limit.limit);
    json("used", limit.used);
    json("where", text_or_null(limit.where));
    json("errno", limit.error);
  });
}

void write_memory(JsonWriter& json, const HostCheck& check) {
  const host::Meminfo& info = check.facts.host.meminfo;
  json("free", info.mem_free);
  json("available", info.mem_available);
  json("available_with_kernel_default", check.state.available_with_default);
  json("swap_total", info.swap_total);
  json("swap_free", info.swap_free);
  json("shmem", info.shmem);
  json("slab_unreclaimable", info.slab_unreclaimable);
  json("page_tables", info.page_tables);
  const auto used = memory::used_shares(check.facts.host);
  json.number("used_share", used.by_available);
  json.number("used_share_by_console_formula", used.by_console);
}

void write_policy(JsonWriter& json, const HostCheck& check) {
  const host::Settings& settings = check.facts.host.settings;
  json("panic_on_oom", settings.panic_on_oom);
  json("kernel_panic", settings.panic);
  json("oom_kill_allocating_task", settings.oom_kill_allocating_task);
  const auto& next = check.next_victims;
  const host::Process* first = next.empty() ? nullptr : next.front().process;
  json.object("first_victim", first != nullptr && first->oom_score ? first : nullptr,
              [&](const host::Process& victim) {
                json("comm", victim.comm.view());
                json("pid", victim.pid);
                json("oom_score", *victim.oom_score);
              });
  json.list("next_victims", next, [&](const memory::NextVictim& victim) {
    json("comm", victim.process->comm.view());
    json("pid", victim.process->pid);
    json("memory", victim.memory);
    json("oom_score_adj", victim.process->oom_score_adj);
    json("oom_score", victim.process->oom_score);
    json("score", victim.score);
  });
}

// As the kernel's files list them, also the empty ones.
void write_zones(JsonWriter& json, const HostCheck& check) {
  const PageSize page = check.state.machine.page;
  json.list("zones", check.facts.host.zones, [&](const host::Zone& zone) {
    const auto size = [&](JsonKey key, const Maybe<Pages>& pages) {
      json(key, pages ? std::optional(to_bytes(pages->value, page)) : std::nullopt);
    };
    json("node", zone.node);
    json("name", zone.name);
    size("free", zone.free);
    size("boost", zone.boost);
    size("min", zone.min);
    size("low", zone.low);
    size("high", zone.high);
    size("present", zone.present);
    size("managed", zone.managed);
    size("free_cma", zone.counters.free_cma);
    if (!zone.protection) {
      return json("lowmem_reserve", nullptr);
    }
    json.values("lowmem_reserve", zone.protection->value,
                [&](Pages pages) { return to_bytes(pages, page); });
  });
}

}  // namespace

std::string json_check(const HostCheck& check) {
  const host::Host& host = check.facts.host;
  JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.object("host", [&] {
      json("name", text_or_null(check.facts.name));
      json("kernel", host.release);
      json("ram", check.state.ram);
      json("page_size", host.page_size ? std::optional(host.page_size->bytes) : std::nullopt);
      json.object("memory", [&] { write_memory(json, check); });
      json.object("min_free_kbytes", [&] { write_min_free(json, check); });
      json.object("threads", [&] { write_threads(json, check); });
      json.object("policy", [&] { write_policy(json, check); });
      write_zones(json, check);
    });
    if (!host.posted.empty()) {
      json.values("posted", host.posted, printable);
    }
    json.array("gaps", [&] {
      const auto gap = [&](const std::string& what, const std::string& why) {
        json.object([&] {
          json("what", what);
          json("why", why);
        });
      };
      for (const host::Gap& each : host.gaps) {
        gap(each.path, each.str());
      }
      for (const host::Damage& damage : host.damage) {
        gap(place_text(host.sources, damage.at), damage.what);
      }
    });
    write_findings(json, check.findings,
                   [&host](Place at) { return place_text(host.sources, at); });
  });
  return json.take();
}

}  // namespace whyoom::render
