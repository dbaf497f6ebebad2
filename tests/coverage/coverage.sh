#!/usr/bin/env bash
# How much of each pure layer the unit tests ran. Usage: coverage.sh BUILD_DIR LAYER...
# Branches are those of the source. These layers throw nothing, so the preset compiles them without
# exceptions: with them two fifths of the branches were those that clean up behind one, which
# --exclude-throw-branches knows only in part.
set -euo pipefail
build=$1 status=0 objects=()
shift
for layer in "$@"; do
  objects+=("$build/src/CMakeFiles/whyoom_$layer.dir")
done
# One by one: gcov writes files of the same names for all of them.
gcovr --root . --filter src/ --exclude '.*_test\.cc$' --exclude '.*for_test\.h$' --exclude-throw-branches \
  --exclude-unreachable-branches --gcov-ignore-parse-errors --json "$build/coverage.json" \
  "${objects[@]}" 2>"$build/gcovr.log" || { tail -n 5 "$build/gcovr.log" >&2; exit 1; }
printf '%-10s %8s %10s\n' layer lines branches
for layer in "$@"; do
  figures=$(gcovr --root . --add-tracefile "$build/coverage.json" --filter "src/$layer/" --json-summary - \
    2>"$build/gcovr.log" |
    python3 -c 'import json, sys; got = json.load(sys.stdin)
print("%.1f %.1f" % (got["line_percent"], got["branch_percent"]))')
  read -r lines branches <<<"$figures"
  printf '%-10s %7s%% %9s%%\n' "$layer" "$lines" "$branches"
  enough=$(python3 -c "print(int($lines >= 90 and ('$layer' != 'diagnose' or $branches >= 90)))")
  [ "$enough" = 1 ] || status=1
done
exit "$status"
