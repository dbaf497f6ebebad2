#!/usr/bin/env bash
# What units_in_vm.py has a booted Debian do, in two boots: the package, and its units under a running
# systemd. Each step that is done says "ok".
exec >/dev/ttyS1 2>&1 </dev/null
set -euo pipefail
cd /srv/package
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 SYSTEMD_PAGER=
ok() { echo "ok: $*"; }
fail() {
  echo "FAILED: $*"
  systemctl --no-pager status whyoom-watch whyoom-serve || true
  journalctl --no-pager -n 40 || true
  exit 1
}
at_the_end() { sync && systemctl --force poweroff; }
trap at_the_end EXIT

state() { systemctl show -P "$2" "$1"; }
active() { [ "$(systemctl is-active "$1" || true)" = active ]; }
soon() { # COMMAND: within half a minute
  local left=60
  until "$@"; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.5
  done
}
get() { # PATH of whyoom serve
  exec 3<>/dev/tcp/127.0.0.1/9753
  printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
  cat <&3
  exec 3>&-
}
metric() { get /metrics 2>/dev/null | grep -q "$1"; }
other_process() { [ "$(state whyoom-watch MainPID)" != "$1" ] && active whyoom-watch; }
unit_says() { journalctl --no-pager -q -b -u whyoom-watch | grep -q "$1"; }

first_boot() {
  local pid
  dpkg -i whyoom.deb
  for unit in whyoom-watch whyoom-serve; do
    [ "$(systemctl is-enabled $unit || true)" = disabled ] || fail "$unit is enabled by the package"
    ! active $unit || fail "$unit was started by the package"
  done
  ok "installed under $(systemctl --version | head -n 1): both units are disabled and not started"

  systemctl enable --now whyoom-watch whyoom-serve || fail "enable --now"
  active whyoom-watch && soon active whyoom-serve || fail "not active"
  [ -n "$(state whyoom-watch StatusText)" ] || fail "no line of status"
  ok "whyoom-watch is ready ($(state whyoom-watch Type)), status: $(state whyoom-watch StatusText)"
  soon metric '^whyoom_memory_headroom_bytes [0-9]' || fail "no metrics: $(get /metrics)"
  ok "whyoom-serve answers at 127.0.0.1:9753 as user $(awk '/^Uid/ { print $2 }' "/proc/$(state whyoom-serve MainPID)/status")"
  pid=$(state whyoom-watch MainPID)
  [ "$(cat "/proc/$pid/oom_score_adj")" = -900 ] || fail "oom_score_adj"
  ok "the recorder has $(grep -E 'VmRSS|VmLck' "/proc/$pid/status" | tr -s '\t ' ' ' | paste -sd,), oom_score_adj -900"

  # 32 MiB are all that this cgroup has.
  printf '%s\n' '[Service]' 'Type=oneshot' 'MemoryMax=32M' 'MemorySwapMax=0' 'ExecStart=tail /dev/zero' \
    >/run/systemd/system/hog.service
  systemctl start hog && fail "the hog lives"
  soon unit_says 'Killed process' || fail "the recorder did not see the kill"
  soon metric '^whyoom_.*cgroup-limit' || fail "no kill in the metrics: $(get /metrics | grep -i kill)"
  whyoom history --since -10m >history.txt || [ $? = 1 ] || fail "history"
  grep -q hog.service history.txt || fail "history knows nothing of it: $(cat history.txt)"
  ok "a kill in a cgroup of 32 MiB: seen by the recorder, counted in the metrics, told by history"

  kill -9 "$pid"
  soon other_process "$pid" || fail "not started anew after it was killed"
  [ "$(state whyoom-watch NRestarts)" = 1 ] || fail "NRestarts is $(state whyoom-watch NRestarts)"
  pid=$(state whyoom-watch MainPID)
  systemctl restart whyoom-watch || fail "restart"
  other_process "$pid" || fail "restart left the old one"
  systemctl stop whyoom-watch || fail "stop"
  [ "$(state whyoom-watch Result)" = success ] || fail "stopped: $(state whyoom-watch Result)"
  systemctl start whyoom-watch || fail "start"
  ok "killed, restarted, stopped, started"

  pid=$(state whyoom-watch MainPID)
  dpkg -i newer.deb
  other_process "$pid" || fail "the upgrade left the old program running"
  soon active whyoom-serve || fail "the upgrade stopped whyoom-serve"
  ok "upgraded: the new program runs"
  [ -z "$(systemctl --failed --no-legend | grep whyoom)" ] || fail "failed units"
}

second_boot() {
  soon active whyoom-watch && soon active whyoom-serve || fail "not started by the boot"
  case " $(systemctl show -P After whyoom-watch) " in
    *" sysinit.target "* | *" basic.target "*) fail "the recorder waits for more than it needs" ;;
  esac
  soon metric '^whyoom_memory_headroom_bytes [0-9]' || fail "no metrics"
  whyoom history >history.txt || [ $? = 1 ] || fail "history"
  grep -q hog.service history.txt || fail "what was before the restart is gone: $(cat history.txt)"
  ok "started by the boot, without waiting for sysinit.target; history has what was before it"

  dpkg -r whyoom
  ! active whyoom-watch && ! active whyoom-serve || fail "removed, and it runs"
  [ -z "$(find /etc/systemd -name 'whyoom-[ws]*')" ] || fail "removed, and enabled"
  [ -d /var/lib/whyoom/ring ] || fail "the ring went with a removal"
  dpkg -P whyoom
  [ ! -e /var/lib/whyoom ] && [ ! -e /run/whyoom ] || fail "a purge left something"
  ok "removed: stopped and disabled, the ring is there; purged: nothing is left"
}

boot=$(sed 's/.*whyoom.boot=\([0-9]*\).*/\1/' /proc/cmdline)
case $boot in 1) first_boot ;; *) second_boot ;; esac
ok "boot $boot is done"
