#!/bin/sh
# Lists the parts of logs, one a line: NAME <tab> RANGE <tab> FILE.
#
#   parts.sh [-s MIB] FILE|FOLDER...
#
# A log larger than MIB (256) is cut into ranges of bytes; what is compressed stays whole, RANGE is "-"
# then. NAME is of the file, its size, its time and the range: the same list for the same files, another
# name for a file that has changed, so that its part is read again.
set -u
mib=256
if [ "${1-}" = -s ]; then
  mib=$2
  shift 2
fi
case $mib in
  '' | *[!0-9]* | 0) echo "parts.sh: -s wants a number of MiB, not \"$mib\"" >&2; exit 2 ;;
esac
[ $# -gt 0 ] || { echo "usage: parts.sh [-s MIB] FILE|FOLDER..." >&2; exit 2; }
step=$((mib * 1048576))
tab=$(printf '\t')
newline='
'

one() { # FILE
  case $1 in
    *"$tab"* | *"$newline"*) echo "parts.sh: left out, with a tab or newline in its name: $1" >&2; return ;;
  esac
  state=$(stat -L -c '%s %Y' -- "$1") || return
  size=${state% *}
  case $1 in
    *.gz | *.xz | *.zst | *.bz2 | *.lz4) whole=1 ;;
    *) whole= ;;
  esac
  if [ -n "$whole" ] || [ "$size" -le "$step" ]; then
    part - "$state" "$1"
    return
  fi
  from=0
  while [ "$from" -lt "$size" ]; do
    to=$((from + step))
    # The last one goes on to where the file ends now.
    [ $((to + step / 2)) -lt "$size" ] || to=$size
    part "$from-$to" "$state" "$1"
    from=$to
  done
}

part() { # RANGE STATE FILE
  name=$(printf '%s\n' "$1" "$2" "$3" | sha256sum | cut -c 1-32)
  printf '%s\t%s\t%s\n' "$name" "$1" "$3"
}

for given in "$@"; do
  case $given in
    /*) ;;
    *) given=$PWD/$given ;; # who reads the list stands somewhere else
  esac
  if [ -d "$given" ]; then
    find "$given" -type f ! -name '.*' | LC_ALL=C sort | while IFS= read -r file; do one "$file"; done
  else
    one "$given"
  fi
done
