#!/bin/sh
# ccache.sh SOURCE_DIR CCACHE COMPILER ARGUMENTS...: the compiler, through ccache, for any clone.
# Paths are relative to the clone, so that another one finds the same objects. A precompiled header
# with headers of this project is removed first: ccache tells what it was made of by preprocessing,
# and that gives the old one while it is there, whatever was changed in the headers. Comments count
# there: GCC knows a header that it has read by its bytes.
export CCACHE_BASEDIR="$1" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
shift
before=
for word; do
  case $before$word in
    -o*.gch)
      if grep -q '^#include "' "${word%.gch}" 2>/dev/null; then
        rm -f "$word"
        export CCACHE_NAMESPACE=headers-with-comments CCACHE_COMMENTS=1
      fi
      ;;
  esac
  [ "$word" = -o ] && before=-o || before=
done
exec "$@"
