#!/usr/bin/env bash
# The .deb of `./dev package` in fresh roots of Debian with systemd, man and completion, as a user has
# it: installed by apt, read, run, its units judged, upgraded, removed, purged. What a run writes is
# thrown away; the roots are kept in build/clean.
#   test-package.sh [RELEASE...]
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

inside() { # RELEASE DEB
  local root
  fresh_layer "$1-package"
  mkdir "$root/srv/package"
  cp "$2" "$root/srv/package/whyoom.deb"
  cp examples/min-free-killed.log tests/clean/package_in_root.sh "$root/srv/package"
  newer "$2" "$root/srv/package"
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash /srv/package/package_in_root.sh
}

if [ "${1-}" = --inside ]; then
  inside "$2" "$3"
  exit
fi
deb=$(ls build/dev/packages/*_"$(dpkg --print-architecture)".deb 2>/dev/null | tail -n 1)
[ -n "$deb" ] || { echo "test-package: no .deb in build/dev/packages; ./dev package makes it" >&2; exit 2; }
failed=
for what in "${@:-bookworm trixie}"; do
  for release in $what; do
    make_root "$release-package" "$release" systemd,man-db,bash-completion,libc-bin
    log=$home/$release-package-test.log
    echo "test-package: ${deb##*/} in $release: $log"
    if in_namespaces "$0" --inside "$release" "$deb" >"$log" 2>&1; then
      grep '^ok' "$log"
    else
      failed="$failed $release"
      tail -n 20 "$log"
    fi
  done
done
[ -z "$failed" ] || { echo "test-package: failed:$failed" >&2; exit 1; }
