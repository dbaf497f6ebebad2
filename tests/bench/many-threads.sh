#!/usr/bin/env bash
# A crowded host: `whyoom check` against `ps aux -L` in the same run, with 5,000 processes of four
# threads each. Fails when whyoom takes longer than ps, or more than 16 MiB.
# Usage: many-threads.sh PROGRAM [PROCESSES]
set -euo pipefail
program=$(realpath "$1") processes=${2:-5000}
scratch=$(mktemp -d)
crowd=
trap '[ -z "$crowd" ] || kill "$crowd" 2>/dev/null || true; rm -rf "$scratch"' EXIT

cat >"$scratch/crowd.cc" <<'END'
// N processes of four threads that sleep until their parent ends.
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>

static void* sleeper(void*) { for (;;) pause(); }

int main(int, char** argv) {
  const long count = std::atol(argv[1]);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  const pid_t parent = getpid();
  int ready[2];
  if (pipe(ready) != 0) return 1;
  for (long i = 0; i < count; ++i) {
    const pid_t pid = fork();
    if (pid < 0) return perror("fork"), 1;
    if (pid > 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    for (int thread = 0; thread < 3; ++thread) {
      pthread_t id;
      if (pthread_create(&id, &small, sleeper, nullptr) != 0) _exit(1);
    }
    if (write(ready[1], "+", 1) != 1) _exit(1);
    sleeper(nullptr);
  }
  char byte;
  for (long i = 0; i < count; ++i) if (read(ready[0], &byte, 1) != 1) return 1;
  puts("ready");
  fflush(stdout);
  sleeper(nullptr);
}
END
g++ -O1 -pthread -o "$scratch/crowd" "$scratch/crowd.cc"
"$scratch/crowd" "$processes" >"$scratch/out" &
crowd=$!
for _ in $(seq 600); do
  ! grep -q ready "$scratch/out" || break
  kill -0 "$crowd" 2>/dev/null || { echo "the crowd could not be made" >&2; exit 77; }
  sleep 0.1
done
grep -q ready "$scratch/out" || { echo "the crowd took too long" >&2; exit 77; }

python3 - "$program" <<'END'
import os, subprocess, sys, time

program = sys.argv[1]

def run(args):
    """Wall seconds, and MiB at the most."""
    begin = time.perf_counter()
    child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return time.perf_counter() - begin, usage.ru_maxrss / 1024

def size(args):
    """Resident at the most. (ru_maxrss counts what the child was before exec as well.)"""
    child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    most = 0
    os.set_blocking(child.stdout.fileno(), False)
    while child.poll() is None:
        try:
            with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
                lines = [line.split()[1] for line in status if line.startswith("VmHWM:")]
            most = max(most, int(lines[0]) if lines else 0)
            child.stdout.read()
        except OSError:
            pass
    return most / 1024

threads = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in os.listdir("/proc")
              if pid.isdigit() and os.path.isdir(f"/proc/{pid}/task"))
commands = {"whyoom check": [program, "check"], "whyoom": [program], "ps aux -L": ["ps", "aux", "-L"]}
times = {name: [] for name in commands}
for _ in range(5):  # in turn, so that other work on the machine meets all of them
    for name, args in commands.items():
        times[name].append(run(args)[0])
best = {name: min(values) for name, values in times.items()}
sizes = {name: size(args) for name, args in commands.items()}
print(f"{threads} threads")
for name in commands:
    print(f"{name:13} {best[name]:6.3f} s  {best[name] / best['ps aux -L']:5.2f} of ps  "
          f"{sizes[name]:5.1f} MiB")
failed = [name for name in ("whyoom check", "whyoom")
          if best[name] > best["ps aux -L"] or sizes[name] > 16]
sys.exit(f"more than ps, or than 16 MiB: {', '.join(failed)}" if failed else 0)
END
