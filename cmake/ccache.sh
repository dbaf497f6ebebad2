#!/bin/sh
# ccache.sh SOURCE_DIR CCACHE COMPILER ARGUMENTS...: the compiler, through ccache, for any clone.
# Paths are relative to the clone, so that another one finds the same objects. A precompiled header
# with headers of this project is removed first: ccache tells what it was made of by preprocessing,
# and that gives the old one while it is there, whatever was changed in the headers. Their bytes are
# in its key, with blanks and comments: by these GCC knows a header that it has read. It has some
# 100 MB, so its sum is written once, for the keys of all that use it.
source=$1
export CCACHE_BASEDIR="$source" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
export CCACHE_PCH_EXTSUM=1
shift

# The header, and those of this project that it leads to, a line each.
headers_of() {
  local all=$1 known= IFS='
'
  while [ "$all" != "$known" ]; do
    known=$all
    all=$({ echo "$known"; sed -n 's/^#include "\(.*\)"$/\1/p' $known; } | while read -r path; do
      case $path in "$1" | /*) echo "$path" ;; *) echo "$source/src/$path" ;; esac
    done | sort -u)
  done
  echo "$all"
}

before= made=
for word; do
  case $before$word in
    -o*.gch)
      made=$word header=${word%.gch}
      if grep -q '^#include "' "$header" 2>/dev/null; then
        rm -f "$word"
        CCACHE_EXTRAFILES=$(headers_of "$header" | tr '\n' :)
        export CCACHE_EXTRAFILES
      fi
      ;;
  esac
  [ "$word" = -o ] && before=-o || before=
done
[ -n "$made" ] || exec "$@"
"$@" || exit
sha256sum <"$made" >"$made.sum"
