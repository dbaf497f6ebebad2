#!/usr/bin/env bash
# What test-package.sh does inside the root. Each step that is done says "ok".
set -euo pipefail
cd /srv/package
ok() { echo "ok: $*"; }
fail() { echo "FAILED: $*"; exit 1; }
# All files but those in which apt, dpkg and man write down that something was installed.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /srv -o -path /tmp -o -path /var/lib/dpkg \
    -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -path /run \) -prune -o -print | sort
}

files >/tmp/before
apt-get install -y -q --no-install-recommends ./whyoom.deb
grep -q '^ii ' < <(dpkg -l whyoom) || fail "not installed"
[ -z "$(dpkg -V whyoom)" ] || fail "dpkg -V: $(dpkg -V whyoom)"
ok "installed by apt, $(dpkg-query -W -f '${Version}, ${Installed-Size} kB' whyoom), $(dpkg -L whyoom | wc -l) names"

for page in whyoom whyoom-explain whyoom-watch whyoom-ring whyoom-json whyoom.conf; do
  man "$page" >/tmp/page 2>/tmp/errors || fail "man $page: $(cat /tmp/errors)"
  grep -q "${page%%.*}" /tmp/page || fail "man $page says nothing of it"
  [ ! -s /tmp/errors ] || fail "man $page: $(cat /tmp/errors)"
done
man -w -s 5 whyoom-ring | grep -q man5 || fail "whyoom-ring is not in section 5"
man -L zh_CN.UTF-8 whyoom 2>/dev/null | grep -q 内存 || fail "no Chinese page"
ok "man: $(dpkg -L whyoom | grep -c '/man[15]/.*gz$') pages, six of them read, one in Chinese"

bash -c '. /usr/share/bash-completion/bash_completion
  if declare -F _comp_load >/dev/null; then _comp_load whyoom; else _completion_loader whyoom || [ $? = 124 ]; fi
  complete -p whyoom
  COMP_WORDS=(whyoom expl) COMP_CWORD=1 COMP_LINE="whyoom expl" COMP_POINT=11
  $(complete -p whyoom | sed "s/.*-F \([^ ]*\).*/\1/") whyoom expl whyoom
  [[ " ${COMPREPLY[*]} " == *" explain"* ]]' || fail "completion"
ok "completion by bash-completion: whyoom expl<TAB> is explain"

whyoom --version
status=0
whyoom explain min-free-killed.log >/tmp/story || status=$?
[ "$status" = 1 ] && grep -q "vm.min_free_kbytes is too high" /tmp/story || fail "explain: status $status"
ok "explains a log"
whyoom config >/dev/null || fail "config"

units="/usr/lib/systemd/system/whyoom-watch.service /usr/lib/systemd/system/whyoom-serve.service"
systemd-analyze verify $units 2>/tmp/errors || fail "systemd-analyze verify: $(cat /tmp/errors)"
if grep whyoom /tmp/errors; then fail "systemd-analyze verify complains"; fi
for unit in $units; do
  systemd-analyze security --offline=true --no-pager --threshold=20 "$unit" >/tmp/security ||
    fail "more than 2.0: $(grep -E '✗|Overall' /tmp/security)"
  ok "$(basename "$unit"): $(grep -o 'exposure level.*' /tmp/security)"
done

for unit in whyoom-watch whyoom-serve; do
  [ "$(systemctl is-enabled $unit 2>/dev/null)" = disabled ] || fail "$unit is not disabled"
done
systemctl enable whyoom-watch whyoom-serve 2>/dev/null
[ "$(systemctl is-enabled whyoom-watch)" = enabled ] || fail "cannot be enabled"
mkdir -p /var/lib/whyoom/ring /var/lib/whyoom/fixes/1
echo 'size = 128' >/etc/whyoom.conf
whyoom config | grep -q '^size .*128 .*/etc/whyoom.conf:1$' || fail "whyoom.conf is not seen"

apt-get install -y -q --no-install-recommends ./newer.deb
[ "$(dpkg-query -W -f '${Version}' whyoom)" = 99.0-1 ] || fail "not upgraded"
[ "$(systemctl is-enabled whyoom-watch)" = enabled ] || fail "the upgrade disabled the recorder"
[ -d /var/lib/whyoom/fixes/1 ] && [ -f /etc/whyoom.conf ] || fail "the upgrade took what is the user's"
ok "upgraded: enabled as before, ring and settings are there"

apt-get remove -y -q whyoom
[ ! -e /usr/bin/whyoom ] || fail "not removed"
[ -d /var/lib/whyoom/fixes/1 ] || fail "what was recorded goes with a purge only"
[ -z "$(find /etc/systemd -name 'whyoom*')" ] || fail "enabled without a unit: $(find /etc/systemd -name 'whyoom*')"
ok "removed: no unit is left enabled, the ring is there"

apt-get purge -y -q whyoom
rm /etc/whyoom.conf # the user's own
files >/tmp/after
diff /tmp/before /tmp/after || fail "left behind, or taken along"
if dpkg -l whyoom 2>/dev/null | grep '^[a-z]. *whyoom'; then fail "dpkg still knows it"; fi
ok "purged: the root has the files that it had"
