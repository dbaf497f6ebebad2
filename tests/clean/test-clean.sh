#!/usr/bin/env bash
# `./dev demo` and `./dev test` of the last commit where a newcomer may be: a fresh root of each Debian,
# made by debootstrap and kept in build/clean, as root in a folder that only root can enter ("host"),
# and with what a container has: no /dev/kmsg, the capabilities of Docker, a path with a space
# ("container"). What a run writes is thrown away; packages, objects and, for the same commit, the
# build are kept: a run that was stopped goes on at the test where it was, and what was green at this
# commit is not run again.
#   test-clean.sh [RELEASE | RELEASE/host | RELEASE/container]... [-- ARGUMENTS OF ./dev test]
# `-- --program` leaves out the unit tests, to which it is all one where they run.
# WHYOOM_CLEAN_MINUTES: how long one surrounding may take (120).
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "test-clean: needs root: it makes roots of other systems" >&2; exit 2; }
. tests/clean/root.sh

# In namespaces of its own: what is mounted here is gone when it ends.
inside() { # RELEASE KIND [ARGUMENTS]
  local root clone keep=() release=$1 kind=$2
  shift 2
  fresh_layer "$release"
  mkdir -p "$root/root/.cache/ccache" "$home/$release.ccache" "$home/$release.packages"
  mount --bind "$home/$release.ccache" "$root/root/.cache/ccache"
  mount --bind "$home/$release.packages" "$root/var/cache/apt/archives"
  rm -f "$root/etc/apt/apt.conf.d/docker-clean"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  if [ "$kind" = host ]; then
    clone=/root/whyoom
    [ ! -e /dev/kmsg ] || { touch "$root/dev/kmsg" && mount --bind /dev/kmsg "$root/dev/kmsg"; }
  else
    clone="/srv/why oom"
    keep=(setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap)
  fi
  chmod 700 "$root/root"
  git clone -q . "$root$clone"
  mkdir "$root$clone/build"
  mount --bind "$home/$release-$kind.build" "$root$clone/build"
  # -F: from where a run that was stopped was. The first process has the root of the system, as on
  # any machine.
  exec "${keep[@]}" chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    sh -c 'cd "$1" && shift && ./dev demo && ./dev test "$@" -F </dev/null' sh "$clone" "$@"
}

# What one surrounding came to, in a line.
told() { # NAME LOG WORD MINUTES
  local tests skipped
  tests=$(grep -oE '[0-9]+ tests failed out of [0-9]+' "$2" | tail -n 1)
  skipped=$(sed -n '/^Skipped, for/,/^$/p' "$2" | grep -cE 'SKIPPED' || true)
  echo "test-clean: $1: $3, ${tests:-no test was run}, $skipped skips, $4 minutes, commit $commit"
}

try() { # RELEASE KIND
  local name=$1/$2 at=$home/$1-$2 start=$SECONDS status=0 word=green
  if [ ${#arguments[@]} = 0 ] && grep -qs ": green, .* commit $commit$" "$at.result"; then
    echo "$(cat "$at.result") (as before)"
    return 0
  fi
  if [ "$(cat "$at.commit" 2>/dev/null)" != "$commit" ]; then
    rm -rf "${at:?}.build"
    echo "$commit" >"$at.commit"
  fi
  mkdir -p "$at.build"
  echo "test-clean: $name: $at.log"
  timeout -s KILL --foreground "${WHYOOM_CLEAN_MINUTES:-120}m" "${in_namespaces[@]}" \
    "$0" --inside "$1" "$2" "${arguments[@]}" >"$at.log" 2>&1 || status=$?
  case $status in 0) ;; 137) word="NOT DONE in time" ;; *) word=RED ;; esac
  if [ $status = 0 ]; then
    sed -n '/^Skipped, for/,/^$/p' "$at.log"
  else
    tail -n 30 "$at.log"
  fi
  told "$name" "$at.log" "$word" $(((SECONDS - start) / 60)) >"$at.last"
  [ ${#arguments[@]} != 0 ] || cp "$at.last" "$at.result"
  cat "$at.last"
  return $status
}

if [ "${1-}" = --inside ]; then
  shift
  inside "$@"
  exit
fi
surroundings=() arguments=() failed=
while [ $# -gt 0 ]; do
  case $1 in
    --) shift && arguments=("$@") && break ;;
    */*) surroundings+=("$1") ;;
    *) surroundings+=("$1/host" "$1/container") ;;
  esac
  shift
done
[ ${#surroundings[@]} -gt 0 ] || surroundings=({trixie,bookworm}/{host,container})
commit=$(git rev-parse --short=12 HEAD)
for each in "${surroundings[@]}"; do
  release=${each%/*}
  make_root "$release" "$release"
  try "$release" "${each#*/}" || failed="$failed $each"
done
[ -z "$failed" ] || { echo "test-clean: failed:$failed" >&2; exit 1; }
