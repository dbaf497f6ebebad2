#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// What is known of each place that could keep a report; nullopt: it cannot be told.
struct Kept {
  std::optional<bool> pstore, crash_kernel;  // survive a panic
  std::optional<bool> disk;                  // a log on disk survives a restart, not a panic
};

std::optional<bool> pstore(const host::KeptEvidence& kept) {
  if (kept.pstore_backend) {
    return !kept.pstore_backend->value.empty();
  }
  // Without the module nothing is mounted.
  return kept.pstore_mounted == false ? std::optional(false) : std::nullopt;
}

std::optional<bool> crash_kernel(const host::Host& host) {
  if (host.kept.kexec_crash_loaded) {
    return host.kept.kexec_crash_loaded->value != 0;
  }
  // A crash kernel needs memory that is set aside at boot.
  return !host.command_line.words.empty() && !host.command_line.value_of("crashkernel")
             ? std::optional(false)
             : std::nullopt;
}

bool journal_runs(const host::Host& host) {
  return std::ranges::any_of(host.processes.all, [](const host::Process& process) {
    return process.comm.view() == "systemd-journal";  // comm has 15 bytes
  });
}

// Storage=auto, the default, keeps the journal on disk when the directory is there.
std::optional<bool> log_on_disk(const host::Host& host) {
  const host::KeptEvidence& kept = host.kept;
  if (kept.syslog_files == true) {
    return true;
  }
  if (!journal_runs(host) || !kept.syslog_files) {
    return std::nullopt;
  }
  const std::string storage = kept.journal_storage ? kept.journal_storage->value : "auto";
  if (storage == "volatile" || storage == "none") {
    return false;
  }
  return storage == "persistent" ? std::optional(true) : kept.persistent_journal;
}

void add_proof(Finding& finding, const host::Host& host, const Kept& kept) {
  const host::KeptEvidence& files = host.kept;
  finding.prove(Message("vm.panic_on_oom"), host.settings.panic_on_oom);
  if (kept.pstore) {
    finding.prove(Message("places of pstore"), *kept.pstore,
                  files.pstore_backend ? files.pstore_backend->at : Place{});
  }
  if (kept.crash_kernel) {
    finding.prove(Message("crash kernels (kdump) loaded"), *kept.crash_kernel,
                  files.kexec_crash_loaded ? files.kexec_crash_loaded->at : host.command_line.at);
  }
  if (kept.disk) {
    finding.prove(Message("logs on disk that the kernel's messages go to"), *kept.disk,
                  files.journal_storage ? files.journal_storage->at : Place{});
  }
  const auto& printk = host.settings.printk;
  if (printk && !printk->value.empty()) {
    // Mem-Info has the default level, usually 4; the console shows what is below its own.
    finding.prove(Message("console level (a serial console shows a whole report from 7 on)"),
                  printk->value.front(), printk->at);
  }
}

Remedy keep_more(bool panics) {
  if (!panics) {
    return {Message("Keep the journal on disk"),
            {ShellCommand("sudo mkdir -p /var/log/journal"),
             ShellCommand("sudo systemctl restart systemd-journald")}};
  }
  return {Message("Give the kernel a place for its last words: a pstore backend (efi_pstore, "
                  "ramoops), kdump, "
                  "netconsole or a serial console that is recorded"),
          {ShellCommand("ls /sys/fs/pstore; cat /sys/module/pstore/parameters/backend")}};
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const Kept kept{pstore(host.kept), crash_kernel(host), log_on_disk(host)};
  const auto& mode = host.settings.panic_on_oom;
  const bool panics = mode && mode->value > 0;
  if (panics && kept.pstore == false && kept.crash_kernel == false) {
    Claim result = claim(
        Role::risk, Rank::used_up, 0.4, 0.9,
        kept.disk == true
            ? Message("An OOM panics here (vm.panic_on_oom), and no pstore and no crash kernel "
                      "keeps its report. The log on disk does not have it: after a panic no "
                      "process writes it.")
            : Message("An OOM panics here (vm.panic_on_oom), and no pstore and no crash kernel "
                      "keeps its report: after the restart nothing tells why."));
    add_proof(result, host, kept);
    result.remedies.push_back(keep_more(true));
    return {std::move(result)};
  }
  if (!panics && kept.disk == false) {
    Claim result =
        claim(Role::risk, Rank::used_up, 0.1, 0.8,
              Message("The journal is in memory only, and no syslog file was found: the report of "
                      "an OOM is gone after the next restart."));
    add_proof(result, host, kept);
    result.remedies.push_back(keep_more(false));
    return {std::move(result)};
  }
  const bool kept_somewhere =
      kept.pstore == true || kept.crash_kernel == true || (!panics && kept.disk == true);
  if (!kept_somewhere) {
    return {};
  }
  Claim result =
      claim(Role::ruled_out, Rank::used_up, 0, 0.9,
            kept.crash_kernel == true ? Message("a crash kernel is loaded: a panic leaves a dump")
            : kept.pstore == true     ? Message("pstore keeps the kernel's last words")
                                      : Message("the kernel's log is kept on disk"));
  add_proof(result, host, kept);
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_no_evidence_kept{
    "no-evidence-kept", 'F', "nothing would keep the report of the next OOM", nullptr, check};

}  // namespace whyoom::diagnose::causes
