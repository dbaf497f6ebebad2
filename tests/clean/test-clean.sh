#!/usr/bin/env bash
# `./dev demo` and `./dev test` of the last commit where a newcomer may be: a fresh root of each Debian,
# made by debootstrap and kept in build/clean, as root in a folder that only root can enter ("host"),
# and with what a container has: no /dev/kmsg, the capabilities of Docker, a path with a space
# ("container"). What a run writes is thrown away; the packages and the objects are kept.
#   test-clean.sh [RELEASE | RELEASE/host | RELEASE/container]...
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "test-clean: needs root: it makes roots of other systems" >&2; exit 2; }
. tests/clean/root.sh

# In namespaces of its own: what is mounted here is gone when it ends.
inside() { # RELEASE KIND
  local root clone keep=()
  fresh_layer "$1"
  mkdir -p "$root/root/.cache/ccache" "$home/$1.ccache" "$home/$1.packages"
  mount --bind "$home/$1.ccache" "$root/root/.cache/ccache"
  mount --bind "$home/$1.packages" "$root/var/cache/apt/archives"
  rm -f "$root/etc/apt/apt.conf.d/docker-clean"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  if [ "$2" = host ]; then
    clone=/root/whyoom
    [ ! -e /dev/kmsg ] || { touch "$root/dev/kmsg" && mount --bind /dev/kmsg "$root/dev/kmsg"; }
  else
    clone="/srv/why oom"
    keep=(setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap)
  fi
  chmod 700 "$root/root"
  git clone -q . "$root$clone"
  "${keep[@]}" chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    sh -c 'cd "$1" && ./dev demo && ./dev test </dev/null' sh "$clone"
}

if [ "${1-}" = --inside ]; then
  inside "$2" "$3"
  exit
fi
failed=
for what in "${@:-bookworm trixie}"; do
  for release in $what; do
    make_root "${release%/*}" "${release%/*}"
    for kind in host container; do
      case $release in */*) [ "${release#*/}" = "$kind" ] || continue ;; esac
      log=$home/${release%/*}-$kind.log
      echo "test-clean: ${release%/*}, as in a $kind: $log"
      if in_namespaces "$0" --inside "${release%/*}" "$kind" >"$log" 2>&1; then
        sed -n '/^Skipped, for/,$p' "$log"
      else
        failed="$failed ${release%/*}/$kind"
        tail -n 30 "$log"
      fi
    done
  done
done
[ -z "$failed" ] || { echo "test-clean: failed:$failed" >&2; exit 1; }
