#!/bin/sh
# Parts on standard input as parts.sh prints them, events on standard output: for engines that take the
# output of a program and do their own storing, such as Spark's pipe(). A part that cannot be read ends it
# with status 65, so that the engine runs the task again or says so.
set -u
tab=$(printf '\t')
while IFS=$tab read -r name range file; do
  set --
  [ "$range" = - ] || set -- --range "$range"
  "${WHYOOM:-whyoom}" explain --exit-zero --format ndjson "$@" -- "$file" || exit 65
done
