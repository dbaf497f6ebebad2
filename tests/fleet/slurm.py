"""A slurmctld and two slurmd on this machine, without systemd and cgroups: what the test and the long form
share. A node is a PID namespace, so that one kill ends it with all that runs there."""
import os
import pathlib
import signal
import socket
import subprocess

import tools

PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge"]
COMMANDS = ["slurmctld", "slurmd", "sbatch", "munged"]
CONF = """
ClusterName=whyoom
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MailProg=/bin/true
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdTimeout=5
KillWait=2
ReturnToService=2
JobRequeue=1
PropagateResourceLimits=NONE
NodeName=w1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=512 State=UNKNOWN
NodeName=w2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=512 State=UNKNOWN
PartitionName=scan Nodes=w[1-2] Default=YES MaxTime=60 State=UP
"""


class Cluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "slurm"
        (self.folder / "state").mkdir(parents=True)
        self.folder.chmod(0o755)
        self.conf = self.folder / "slurm.conf"
        self.conf.write_text(CONF.format(host=socket.gethostname().split(".")[0], folder=self.folder,
                                         ports=[tools.free_port() for _ in range(3)]))
        os.environ["SLURM_CONF"] = str(self.conf)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        tools.start("munged", "--foreground", "--force", f"--key-file={key}",
                    f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munge.pid",
                    f"--log-file={self.folder}/munge.log", f"--seed-file={self.folder}/munge.seed",
                    log=self.folder / "munged.err")
        assert tools.wait_for((self.folder / "munge.socket").exists), self.said("munged.err")
        self.controller = None
        self.start_controller()
        self.nodes = {}
        for name in ("w1", "w2"):
            self.up(name)
        assert tools.wait_for(lambda: self.states() == {"w1": "idle", "w2": "idle"}), self.said("slurmctld.log")

    def said(self, name):
        path = self.folder / name
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def start_controller(self):
        self.controller = tools.start("slurmctld", "-D", "-f", self.conf, log=self.folder / "slurmctld.log")

    def kill_controller(self):
        self.controller.send_signal(signal.SIGKILL)
        self.controller.wait()

    def up(self, name):
        self.nodes[name] = tools.start("unshare", "--fork", "--pid", "--mount-proc", "--kill-child=KILL", "slurmd",
                                       "-D", "-N", name, "-f", self.conf, log=self.folder / f"{name}.log")

    def kill(self, name):
        self.nodes[name].send_signal(signal.SIGKILL)
        self.nodes[name].wait()

    @staticmethod
    def command(*words):
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout

    def states(self):
        rows = [line.split() for line in self.command("sinfo", "-h", "-N", "-o", "%N %T").splitlines()]
        return {name: state.rstrip("*") for name, state in rows}

    def set(self, name, state):
        self.command("scontrol", "update", f"nodename={name}", f"state={state}", "reason=test")

    def left(self):
        """Tasks that are not done: id, number, state, why, node. One that was queued again is not made to
        wait two minutes; one that a controller which died had not written down is held, and let go."""
        rows = [line.split("|") for line in
                self.command("squeue", "-h", "-r", "-o", "%A|%K|%t|%r|%N").splitlines()]
        for row in rows:
            if row[3] == "BeginTime":
                self.command("scontrol", "update", f"jobid={row[0]}", "StartTime=now")
            elif "held" in row[3].lower():
                self.command("scontrol", "release", row[0])
        return rows

    def submit(self, deploy, parts, out, program, tasks):
        done = subprocess.run(
            ["sbatch", "--parsable", f"--array=0-{tasks - 1}", f"--output={self.folder}/task.%a.log",
             f"--export=ALL,DEPLOY={deploy},PARTS={parts},OUT={out},WHYOOM={program},MOST_TURNS=1000",
             f"{deploy}/slurm/whyoom.sbatch"], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done
        return done.stdout.strip()
