#!/usr/bin/env bash
# The step of action.yml: annotations in the log, SARIF in a file, the status of `whyoom lint`. What it
# is asked for comes in variables, so that no input becomes a part of a command.
set -euo pipefail
program=${WHYOOM_PROGRAM:-whyoom}
if ! command -v "$program" > /dev/null; then
  echo "::error::whyoom lint: there is no program $program. Install the package of a release first, or build it"
  exit 2
fi
options=(--fail-on "${WHYOOM_FAIL_ON:-warning}")
[ -z "${WHYOOM_RAM:-}" ] || options+=(--ram "$WHYOOM_RAM")
[ -z "${WHYOOM_IGNORE:-}" ] || options+=(--ignore "$WHYOOM_IGNORE")
read -r -d '' -a paths <<< "${WHYOOM_PATHS:-.}" || true
if [ -n "${WHYOOM_SARIF:-}" ]; then
  "$program" lint "${options[@]}" --format sarif -- "${paths[@]}" > "$WHYOOM_SARIF" || true
fi
"$program" lint "${options[@]}" --format github -- "${paths[@]}"
