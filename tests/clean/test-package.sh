#!/usr/bin/env bash
# The .deb of `./dev package` in fresh roots of Debian with systemd, man and completion, as a user has
# it: installed by apt, read, run, its units judged, upgraded, removed, purged; then the same root
# booted in QEMU, where its systemd runs the units. What a run writes is thrown away; the roots are
# kept in build/clean.
#   test-package.sh [RELEASE | RELEASE/apt | RELEASE/units]...
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "test-package: needs root: it makes roots of other systems" >&2; exit 2; }
. tests/clean/root.sh

# The same package with a higher version: an upgrade.
newer() { # DEB FOLDER
  dpkg-deb -R "$1" "$2/tree"
  sed -i 's/^Version: .*/Version: 99.0-1/' "$2/tree/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$2/tree" "$2/newer.deb" >/dev/null
  rm -r "$2/tree"
}

packages_into() { # ROOT DEB
  mkdir "$1/srv/package"
  cp "$2" "$1/srv/package/whyoom.deb"
  cp examples/min-free-killed.log tests/clean/*_in_root.sh "$1/srv/package"
  newer "$2" "$1/srv/package"
}

inside_apt() { # RELEASE DEB
  local root
  fresh_layer "$1-package"
  packages_into "$root" "$2"
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash /srv/package/package_in_root.sh
}

inside_units() { # RELEASE DEB
  local root
  overlay "$1-package"
  packages_into "$root" "$2"
  echo "clean-$1" >"$root/etc/hostname"
  : >"$root/etc/machine-id"
  printf '%s\n' '[Service]' 'ExecStart=/bin/bash /srv/package/units_in_root.sh' 'TimeoutStopSec=20' '[Install]' \
    'WantedBy=multi-user.target' >"$root/etc/systemd/system/whyoom-test.service"
  chroot "$root" systemctl enable whyoom-test.service
  mkdir -p "$home/$1-units"
  tests/clean/units_in_vm.py "$root" "$home/$1-units"
}

if [ "${1-}" = --inside ]; then
  "inside_$2" "$3" "$4"
  exit
fi
deb=$(ls build/dev/packages/whyoom_*_"$(dpkg --print-architecture)".deb 2>/dev/null | tail -n 1)
[ -n "$deb" ] || { echo "test-package: no .deb in build/dev/packages; ./dev package makes it" >&2; exit 2; }
parts=() failed=
for what in "${@:-bookworm trixie}"; do
  for release in $what; do
    case $release in */*) parts+=("$release") ;; *) parts+=("$release/apt" "$release/units") ;; esac
  done
done
for part in "${parts[@]}"; do
  release=${part%/*} kind=${part#*/}
  make_root "$release-package" "$release" systemd,man-db,bash-completion,libc-bin
  log=$home/$release-$kind.log status=0
  echo "test-package: ${deb##*/} in $release, $kind: $log"
  timeout -s KILL --foreground 40m "${in_namespaces[@]}" "$0" --inside "$kind" "$release" "$deb" >"$log" 2>&1 || status=$?
  case $status in
    0) grep '^ok' "$log" ;;
    77) grep '^SKIPPED' "$log" ;;
    *) failed="$failed $part" && tail -n 30 "$log" ;;
  esac
done
[ -z "$failed" ] || { echo "test-package: failed:$failed" >&2; exit 1; }
