#!/usr/bin/env bash
# `./dev new-cause ID` makes a folder that compiles, and that is not overwritten; so does what
# docs/adding-a-cause.md shows.
# Usage: new_cause.sh COMPILER
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/dev" "$work/dev"
mkdir -p "$work/src/diagnose/causes"
folder=$work/src/diagnose/causes/some-new-cause

"$work/dev" new-cause some-new-cause >"$work/said"
grep -q 'src/diagnose/causes/some-new-cause' "$work/said"
"$1" -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only -I "$root/src" \
  "$folder/cause.cc"
grep -q 'extern const Cause cause_some_new_cause{"some-new-cause", ' "$folder/cause.cc"
head -1 "$folder/README.md" | grep -qx '# some-new-cause'
for heading in Symptom Mechanism Proof Remedy 'Looks like it but is not'; do
  grep -qx "## $heading" "$folder/README.md"
done
[ "$(grep -c '^## ' "$folder/README.zh_CN.md")" = 5 ]
for case in positive near-miss; do
  grep -q "\`$case.case\`" "$folder/README.md"
  grep -q '^expect cause some-new-cause ' "$folder/$case.case"
  [ "$(tail -1 "$folder/$case.case")" = --- ]
done

# What is left of the template is named, in all files that have any.
eval "$(sed -n '/^lacks_of_cause() {/,/^}/p' "$work/dev")"
mkdir "$work/build"
(cd "$work" && lacks_of_cause some-new-cause 2>/dev/null) >"$work/lacks"
[ "$(grep -c 'is as ./dev new-cause made it' "$work/lacks")" -ge 24 ]
for file in cause.cc README.md README.zh_CN.md positive.case near-miss.case; do
  grep -q "some-new-cause/$file:[0-9]* is as" "$work/lacks"
done

echo mine >"$folder/cause.cc"
for id in some-new-cause '' ../x Upper x_y -x x- 'a b'; do
  if "$work/dev" new-cause "$id" >/dev/null 2>&1; then
    echo "accepted: '$id'"
    exit 1
  fi
done
grep -qx mine "$folder/cause.cc"
for id in no-such-cause ''; do
  if "$work/dev" check-cause "$id" >/dev/null 2>&1; then
    echo "checked: '$id'"
    exit 1
  fi
done

# What the page shows of a rule compiles.
{
  printf '%s\n' '#include "diagnose/claim.h"' 'namespace whyoom::diagnose {' \
    'void shown(Claim& result, const host::Meminfo& meminfo, Bytes size, const host::Settings& settings) {'
  sed -n '/^```cpp$/,/^```$/p' "$root/docs/adding-a-cause.md" | grep -v '^```'
  printf '%s\n' '}' '}'
} >"$work/shown.cc"
grep -q 'result.prove' "$work/shown.cc"
"$1" -std=c++20 -Wall -Wextra -Wpedantic -fsyntax-only -I "$root/src" "$work/shown.cc"
[ "$(ls "$work/src/diagnose/causes")" = some-new-cause ]
