#!/usr/bin/env bash
# A second build of the same sources, in another folder and without ccache, has the same bytes; and so
# have the packages that are made of it. Usage: reproducible.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
if [ -z "${WHYOOM_LONG_TESTS-}" ]; then
  echo "SKIPPED: builds the program a second time; WHYOOM_LONG_TESTS=1 ./dev test -R release.reproducible"
  exit 77
fi
build=$(realpath "$1") source=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CCACHE_DISABLE=1 SOURCE_DATE_EPOCH=1790000000
commit=$("$build/whyoom" --version | sed -n 's/.*(commit \(.*\))$/\1/p')

mkdir "$work/another place"
(cd "$source" && git ls-files -z | xargs -0 cp --parents -t "$work/another place")
second="$work/another place/out"
[ ! -e "$source/build/web/whyoom.html" ] ||
  install -D "$source/build/web/whyoom.html" "$work/another place/build/web/whyoom.html"
(cd "$work/another place" && cmake --preset dev -B "$second" -DWHYOOM_COMMIT="$commit" -DWHYOOM_TESTS=OFF \
  -DWHYOOM_BENCH=OFF -DWHYOOM_PUBLISH=OFF >"$work/log" && cmake --build "$second" >>"$work/log") ||
  { tail -n 30 "$work/log"; exit 1; }
cmp "$build/whyoom" "$second/whyoom"
echo "the program: the same $(stat -c %s "$second/whyoom") bytes"

for each in "$build" "$second"; do
  "$source/packaging/sbom.py" "$each" 1.2.3 >"$work/sbom-of-$(basename "$each")"
done
cmp "$work"/sbom-of-*
[ ! -e "$build/sbom.spdx.json" ] || cp "$build/sbom.spdx.json" "$second"

generators="DEB;TGZ"
! command -v rpmbuild >/dev/null || generators+=";RPM"
for each in "$build" "$second"; do
  to=$work/packages-of-$(basename "$each")
  (umask 022 && cd "$each" && cpack -G "$generators" -B "$to" >"$work/log") || { cat "$work/log"; exit 1; }
  rm -r "$to/_CPack_Packages"
done
diff -r "$work"/packages-of-*
(cd "$to" && sha256sum *)
