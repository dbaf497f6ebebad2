"""ansible-playbook, started once for all runs: half of the time of each is Python's, to load Ansible.
A run is a process of its own, forked from one that has done nothing yet.

Standard input has a line of JSON for each: [folder to run in, argument...]. What it prints goes into the
file `out` of that folder, its exit status to standard output."""
import json
import os
import sys

from ansible.cli.playbook import main


def run(folder, *arguments):
    os.chdir(folder)
    for descriptor, path, mode in ((0, os.devnull, "r"), (1, "out", "w"), (2, "out", "a")):
        with open(path, mode, encoding="utf-8") as file:
            os.dup2(file.fileno(), descriptor)
    try:
        main(["ansible-playbook", *arguments])
    except SystemExit as end:
        return end.code
    return 0


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = run(*json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)  # what the others share is not this one's to tidy up
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
