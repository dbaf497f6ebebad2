#!/bin/sh
# Explains one part of a log and stores its events: OUT/NAME.ndjson is there whole, or not at all.
#
#   part.sh OUT NAME RANGE FILE          the last three as parts.sh prints them
#
# Whoever is killed in the middle leaves nothing that counts, and two who do the same write the same: the
# events go to a file of their own, onto the disk, and then get their name. So a scheduler may run a part
# as often as it likes.
#
# Exit status: 0 stored, now or before; 65 this part cannot be read, nor will it be; 75 not now (the log
# or the store cannot be reached, the disk is full): try again later.
set -u
[ $# = 4 ] || { echo "usage: part.sh OUT NAME RANGE FILE" >&2; exit 64; }
out=$1 name=$2 range=$3 file=$4
whyoom=${WHYOOM:-whyoom}
case $name in
  '' | *[!0-9a-f]*) echo "part.sh: \"$name\" is no name of parts.sh" >&2; exit 65 ;;
esac
case $range in
  -) set -- ;;
  *) set -- --range "$range" ;;
esac
[ ! -e "$out/$name.ndjson" ] || exit 0
[ -r "$file" ] || { echo "part.sh: $file cannot be read now" >&2; exit 75; }

new=$(mktemp "$out/.$name.XXXXXX") || exit 75
trap 'rm -f "$new"' EXIT
trap 'exit 75' HUP INT TERM
if "$whyoom" explain --exit-zero --format ndjson "$@" -- "$file" >"$new"; then
  chmod 644 "$new" && sync "$new" && mv "$new" "$out/$name.ndjson" && sync "$out" && exit 0
  exit 75
fi
# Was it the log, or where the events go?
if [ -r "$file" ] && ! "$whyoom" explain --exit-zero --format ndjson "$@" -- "$file" >/dev/null; then
  exit 65
fi
exit 75
