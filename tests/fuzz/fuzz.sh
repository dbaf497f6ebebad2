#!/usr/bin/env bash
# Runs fuzz targets that are built. `./dev fuzz` builds them and calls this.
#   fuzz.sh run BUILD TARGET SECONDS JOBS    libFuzzer; what it keeps goes to build/fuzz-corpus
#   fuzz.sh coverage BUILD TARGET...         what seeds, kept inputs and finds reach, by layer
# WHYOOM_FUZZ_SEEDS: a folder with more seeds, in one folder for each target.
set -euo pipefail
cd "$(dirname "$0")/../.."

seeds_of() { # TARGET PROGRAM; prints the folders with its inputs
  local folder
  mkdir -p build/fuzz-corpus/"$1"
  "$2" --write-seeds=build/fuzz-seeds/"$1" >&2
  for folder in build/fuzz-corpus/"$1" build/fuzz-seeds/"$1" tests/fuzz/found/"$1" \
    ${WHYOOM_FUZZ_SEEDS:+"$WHYOOM_FUZZ_SEEDS/$1"}; do
    [ ! -d "$folder" ] || echo "$folder"
  done
}

run() { # BUILD TARGET SECONDS JOBS
  local program=$1/tests/fuzz/fuzz_$2 most=32768 folders log status=0
  case $2 in
    capture) most=65536 ;;
    record | ring | sysctl_edit | lint) most=8192 ;;
  esac
  mkdir -p build/fuzz-failed
  log=build/fuzz-failed/$2.log
  mapfile -t folders < <(seeds_of "$2" "$program")
  local how=()
  [ "$4" = 1 ] || how=(-fork="$4")
  # Of the time of explain, 60 % went into the schedule that libFuzzer takes by itself.
  how+=(-entropic=0)
  "$program" "${folders[@]}" "${how[@]}" -max_total_time="$3" -max_len="$most" \
    -dict=tests/fuzz/kernel.dict -timeout=20 -rss_limit_mb=3000 -malloc_limit_mb=1500 \
    -print_final_stats=1 -artifact_prefix=build/fuzz-failed/"$2"- >"$log" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    tail -n 60 "$log" >&2
    echo "fuzz: $2: an input failed; it is in build/fuzz-failed" >&2
    return 1
  fi
  awk -v what="$1 $2" '
    /^#[0-9]+/ { at = substr($1, 2) + 0; if (at > runs) runs = at }
    /number_of_executed_units/ { if ($2 > runs) runs = $2 }
    match($0, /(cov|ft): [0-9]+/) { reached = $0; sub(/.*cov: /, "", reached); sub(/ .*/, "", reached) }
    END { printf "%s: %d executions, %d edges, no input failed\n", what, runs, reached }' "$log"
}

coverage() { # BUILD TARGET...
  local build=$1 target program profiles=() programs=() folders
  shift
  for target; do
    program=$build/tests/fuzz/fuzz_$target
    mapfile -t folders < <(LLVM_PROFILE_FILE=/dev/null seeds_of "$target" "$program")
    LLVM_PROFILE_FILE=$build/$target.profraw "$program" "${folders[@]}" >&2
    profiles+=("$build/$target.profraw")
    programs+=(-object "$program")
  done
  llvm-profdata-14 merge -sparse "${profiles[@]}" -o "$build/fuzz.profdata"
  llvm-cov-14 export -summary-only -instr-profile "$build/fuzz.profdata" "${programs[@]:1}" |
    tests/fuzz/coverage.py "$PWD/src"
}

"$@"
