"""deploy/parallel: GNU parallel by ssh to two machines (an sshd of its own, on this one); it is killed in the
middle, and the same command goes on. Every event is stored once, and what is done is not done again.

Run it with: test_parallel.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import os
import pathlib
import signal
import subprocess
import time

import adapter
import tools

SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
MaxStartups 100
MaxSessions 100
"""
SSH = """
Host w1 w2
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/client
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


class Ssh(adapter.Case):
    part_mib = 2  # to log in takes longer than to read one
    least_parts = 5

    def sshd(self):
        for key in ("host", "client"):
            done = tools.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key)
            self.assertEqual(done.returncode, 0, done)
        values = {"port": tools.free_port(), "folder": self.folder, "user": os.environ.get("USER", "root")}
        (self.folder / "sshd_config").write_text(SSHD.format(**values))
        (self.folder / "ssh_config").write_text(SSH.format(**values))
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
            self.user_of_sshd()
        tools.start("/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd_config", log=self.folder / "sshd.log")
        done = tools.wait_for(lambda: tools.run(
            "ssh", "-F", self.folder / "ssh_config", "w1", "true").returncode == 0, 20)
        if not done:
            self.skipTest("no login by ssh here: " + (self.folder / "sshd.log").read_text()[-300:])

    def user_of_sshd(self):
        """What the package makes when it is installed; here only in the test's own namespace."""
        users = pathlib.Path("/etc/passwd").read_text(encoding="utf-8")
        if "\nsshd:" not in users and os.environ.get(tools.INSIDE):
            own = self.folder / "passwd"
            own.write_text(users + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n", encoding="utf-8")
            tools.run("mount", "--bind", own, "/etc/passwd")
            self.addCleanup(tools.run, "umount", "-l", "/etc/passwd")

    def run_parallel(self):
        env = {**os.environ, "SSH": f"ssh -F {self.folder}/ssh_config", "WHYOOM": str(self.program), "MIB": "2",
               "JOBS": "1", "HOME": str(self.folder), "LC_ALL": "C"}
        return subprocess.Popen([adapter.SOURCE / "deploy/parallel/whyoom-parallel.sh", self.out, "w1,w2",
                                 self.archive], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def test_resume(self):
        self.small_disk()
        self.sshd()
        began = time.monotonic()
        first = self.run_parallel()
        self.reached(2, lambda: tools.run("ps", "axf", "-o", "pid,stat,args").stdout[-3500:])
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        first.stdout.close()
        before = {path.name: path.stat().st_mtime_ns for path in self.out.glob("*.ndjson")}
        self.assertLess(len(before), self.count)
        second = self.run_parallel()
        said, _ = second.communicate(timeout=300)
        self.assertEqual(second.returncode, 0, said)
        found = self.check_stored(said)
        for name, stored in before.items():
            self.assertEqual((self.out / name).stat().st_mtime_ns, stored)
        hosts = {line.split("\t")[1] for line in (self.out / ".jobs").read_text().splitlines()[1:]}
        self.assertEqual(len(hosts), 2, hosts)
        print(f"{found} events of {self.count} parts, each once, in {time.monotonic() - began:.1f} s, killed after "
              f"{len(before)}")


if __name__ == "__main__":
    tools.only_in_long_runs("half a minute")
    tools.enter(["parallel", "openssh-server", "openssh-client"], ["parallel", "sshd", "ssh"])
    adapter.main()
