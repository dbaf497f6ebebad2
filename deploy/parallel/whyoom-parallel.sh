#!/bin/sh
# Explains archives on several machines by ssh, with nothing on them but whyoom and this folder.
#
#   whyoom-parallel.sh OUT HOSTS FILE|FOLDER...        HOSTS as for parallel --sshlogin: web1,8/web2,:
#
# The archive, OUT and this folder are on a file system that all of them have, under the same path. OUT/.jobs
# says what is done: the same command again goes on where it was, and tries what has failed. SSH is the
# command to connect with (default ssh), WHYOOM the program's path there, JOBS how many at a time on a
# machine (default: its CPUs), MIB the size of a part.
set -u
[ $# -ge 3 ] || { echo "usage: whyoom-parallel.sh OUT HOSTS FILE|FOLDER..." >&2; exit 64; }
out=$1 hosts=$2
shift 2
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out" || exit 73
"$here/parts.sh" -s "${MIB:-256}" "$@" >"$out/.parts" || exit 65
# A part that was stored before its machine died is not read again: part.sh looks.
exec parallel --will-cite --joblog "$out/.jobs" --resume-failed --retries 5 --jobs "${JOBS:-100%}" \
  --quote --ssh "${SSH:-ssh}" --sshlogin "$hosts" --colsep '\t' --arg-file "$out/.parts" \
  env "WHYOOM=${WHYOOM:-whyoom}" "$here/part.sh" "$out" '{1}' '{2}' '{3}'
