#!/usr/bin/env bash
# How much of each pure layer the unit tests ran. Usage: coverage.sh BUILD_DIR
# Branches are those of the source: what the compiler adds for exceptions does not count.
set -euo pipefail
build=$1 status=0
# One by one: gcov writes files of the same names for all of them.
gcovr --root . --filter src/ --exclude '.*_test\.cc$' --exclude '.*for_test\.h$' --exclude-throw-branches \
  --exclude-unreachable-branches --gcov-ignore-parse-errors --json "$build/coverage.json" \
  "$build"/src/CMakeFiles/whyoom_*.dir 2>"$build/gcovr.log" || { tail -n 5 "$build/gcovr.log" >&2; exit 1; }
printf '%-10s %8s %10s\n' layer lines branches
for layer in base kernel logtext report host record memory diagnose advise render; do
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
