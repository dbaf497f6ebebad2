#!/usr/bin/env bash
# `./dev demo` and `./dev test` of the last commit where a newcomer may be: a fresh root of each Debian,
# made by debootstrap and kept in build/clean, as root in a folder that only root can enter ("host"),
# and with what a container has: no /dev/kmsg, the capabilities of Docker, a path with a space
# ("container"). What a run writes is thrown away; the packages and the objects are kept.
#   test-clean.sh [RELEASE | RELEASE/host | RELEASE/container]...
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "test-clean: needs root: it makes roots of other systems" >&2; exit 2; }
home=$PWD/build/clean
mkdir -p "$home"

make_root() { # RELEASE
  [ -e "$home/$1/.whole" ] && return
  rm -rf "${home:?}/$1"
  debootstrap --variant=minbase --include=ca-certificates "$1" "$home/$1" >"$home/$1.log" 2>&1 ||
    { tail -n 5 "$home/$1.log" >&2; return 1; }
  touch "$home/$1/.whole"
}

devices() { # ROOT; what every container has
  local name
  mount -t tmpfs -o mode=755 none "$1/dev"
  mkdir "$1/dev/pts" "$1/dev/shm"
  for name in null zero full random urandom tty; do
    touch "$1/dev/$name"
    mount --bind "/dev/$name" "$1/dev/$name"
  done
  mount -t devpts -o newinstance,ptmxmode=0666 none "$1/dev/pts"
  ln -s pts/ptmx "$1/dev/ptmx"
  ln -s /proc/self/fd "$1/dev/fd"
  mount -t tmpfs -o mode=1777 none "$1/dev/shm"
}

# In namespaces of its own: what is mounted here is gone when it ends.
inside() { # RELEASE KIND
  local top=$home/$1.top root=$home/$1.top/root clone keep=()
  mount -t tmpfs -o mode=755 none "$top" # the upper layer: gone afterwards
  mkdir "$top/upper" "$top/work" "$root"
  mount -t overlay overlay -o "lowerdir=$home/$1,upperdir=$top/upper,workdir=$top/work" "$root"
  mount -t proc none "$root/proc"
  mount -t sysfs none "$root/sys"
  devices "$root"
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
    make_root "${release%/*}"
    for kind in host container; do
      case $release in */*) [ "${release#*/}" = "$kind" ] || continue ;; esac
      log=$home/${release%/*}-$kind.log
      mkdir -p "$home/${release%/*}.top"
      echo "test-clean: ${release%/*}, as in a $kind: $log"
      if unshare --mount --pid --fork --uts --propagation private "$0" --inside "${release%/*}" "$kind" >"$log" 2>&1; then
        sed -n '/^Skipped, for/,$p' "$log"
      else
        failed="$failed ${release%/*}/$kind"
        tail -n 30 "$log"
      fi
    done
  done
done
[ -z "$failed" ] || { echo "test-clean: failed:$failed" >&2; exit 1; }
