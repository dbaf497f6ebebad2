#!/usr/bin/env bash
# The released program is one small static file. Usage: check.sh PROGRAM [FOLDED]
# FOLDED: the linker took functions that are the same bytes once (gold, which Debian 13 lacks).
set -euo pipefail
program=$1 most=5500000
[ -z "${2-}" ] || most=5000000  # 5 MB; Chinese is 0.2 of it
size=$(stat -c %s "$program")
echo "$program: $size bytes"
[ "$size" -le "$most" ] || { echo "more than $most bytes"; exit 1; }
! readelf --dynamic "$program" | grep NEEDED || { echo "not static"; exit 1; }
! readelf --sections --wide "$program" | grep -w .symtab || { echo "not stripped"; exit 1; }
"$program" --version
