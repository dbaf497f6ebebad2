#!/bin/sh
# Does one worker's share of a list of parts: lines K, K+N, K+2N, ... of it.
#
#   share.sh OUT PARTS K N
#
# Those that are done already are left out, so that a share which was cut off goes on where it was.
# What cannot be read is written to OUT/refused/NAME, and the others go on.
# Exit status: 0 all done; 75 something is left: run it again.
set -u
[ $# = 4 ] || { echo "usage: share.sh OUT PARTS K N" >&2; exit 64; }
out=$1 parts=$2 k=$3 n=$4
here=$(dirname "$0")
tab=$(printf '\t')
left=0
line=0
while IFS=$tab read -r name range file; do
  mine=$((line % n == k))
  line=$((line + 1))
  [ "$mine" = 1 ] || continue
  status=0
  "$here/part.sh" "$out" "$name" "$range" "$file" || status=$?
  case $status in
    0) ;;
    65)
      mkdir -p "$out/refused" && printf '%s\t%s\n' "$range" "$file" >"$out/refused/$name" || left=1
      ;;
    *) left=1 ;;
  esac
done <"$parts" || exit 75
[ "$left" = 0 ] || exit 75
