"""Three nats-servers and workers on this machine, as deploy/jetstream has them: what the test and the long
form share."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import tools

CONF = """
server_name: n{n}
listen: 127.0.0.1:{client}
pid_file: "{folder}/n{n}.pid"
jetstream {{ store_dir: "{folder}/js{n}", max_memory_store: 64MB, max_file_store: 2GB }}
cluster {{
  name: whyoom
  listen: 127.0.0.1:{route}
  routes: [ {routes} ]
}}
include "users.conf"
"""
CLIENT = "nats@2.29.3"
SECRETS = {"admin": "of-admin", "feed": "of-feed", "worker": "of-worker"}


class Cluster:
    def __init__(self, source, folder, base):
        """`base` is where npm's packages are kept."""
        self.folder = pathlib.Path(folder)
        modules = tools.modules(base, CLIENT)
        # The scripts as they are, beside the modules.
        self.deploy = self.folder / "deploy"
        shutil.copytree(pathlib.Path(source) / "deploy", self.deploy)
        (self.deploy / "jetstream/node_modules").symlink_to(modules / "node_modules")
        self.clients = [tools.free_port() for _ in range(3)]
        routes = [tools.free_port() for _ in range(3)]
        shutil.copy(self.deploy / "jetstream/users.conf", self.folder)
        for n, (client, route) in enumerate(zip(self.clients, routes), 1):
            (self.folder / f"n{n}.conf").write_text(CONF.format(
                n=n, client=client, route=route, folder=self.folder,
                routes=", ".join(f"nats-route://127.0.0.1:{each}" for each in routes)))
        for user, secret in SECRETS.items():
            (self.folder / f"{user}.secret").write_text(secret + "\n")
        self.servers = {}
        for n in (1, 2, 3):
            self.up(n)

    def up(self, n):
        env = {**os.environ, **{f"WHYOOM_{user.upper()}": secret for user, secret in SECRETS.items()}}
        self.servers[n] = tools.start("nats-server", "-c", self.folder / f"n{n}.conf", env=env,
                                      log=self.folder / f"n{n}.log")

    def kill(self, n):
        self.servers[n].send_signal(signal.SIGKILL)
        self.servers[n].wait()

    def env(self, user, **more):
        env = {**os.environ, "NATS_URLS": ",".join(f"nats://127.0.0.1:{port}" for port in self.clients), **more}
        if user:
            env |= {"NATS_USER": user, "NATS_PASSWORD_FILE": str(self.folder / f"{user}.secret")}
        return env

    def setup(self, ack_wait_ms):
        def once():
            done = subprocess.run(["node", self.deploy / "jetstream/setup.mjs"], capture_output=True, text=True,
                                  check=False, timeout=60,
                                  env=self.env("admin", ACK_WAIT_MS=str(ack_wait_ms)))
            self.said = done.stderr
            return done.returncode == 0
        assert tools.wait_for(once), self.said  # the three elect one first

    def feed(self, parts):
        with open(parts, "rb") as lines:
            return subprocess.run(["node", self.deploy / "jetstream/feed.mjs"], stdin=lines, capture_output=True,
                                  text=True, check=False, timeout=300, env=self.env("feed"))

    def worker(self, name, out, archive, program, *flags, user="worker"):
        return tools.start("node", self.deploy / "jetstream/worker.mjs", out, archive, *flags,
                           env=self.env(user, WHYOOM=str(program), LATER_MS="1000"),
                           log=self.folder / f"{name}.log")

    def script(self, user, text):
        """Runs a few lines of a client; `nc` is the connection."""
        path = self.deploy / "jetstream/test.mjs"
        path.write_text("import { PARTS, REFUSED, open } from './queue.mjs';\n"
                        f"const nc = await open('test');\n{text}\nawait nc.close();\n")
        return subprocess.run(["node", path], capture_output=True, text=True, check=False, timeout=60,
                              env=self.env(user))

    def streams(self):
        """Messages in the two streams."""
        done = self.script("admin", "const m = await nc.jetstreamManager();\nconst out = {};\n"
                           "for (const s of [PARTS.stream, REFUSED.stream])"
                           " out[s] = (await m.streams.info(s)).state.messages;\n"
                           "console.log(JSON.stringify(out));")
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def left(self):
        """Parts that no worker has acknowledged."""
        done = self.script("admin", "const m = await nc.jetstreamManager();\n"
                           "const i = await m.consumers.info(PARTS.stream, PARTS.consumer);\n"
                           "console.log(i.num_pending + i.num_ack_pending);")
        assert done.returncode == 0, done
        return int(done.stdout)

    def leader(self):
        done = self.script("admin", "const m = await nc.jetstreamManager();\n"
                           "console.log((await m.streams.info(PARTS.stream)).cluster.leader);")
        return int(done.stdout.strip()[1:])
