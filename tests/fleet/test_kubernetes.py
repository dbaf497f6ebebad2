"""deploy/kubernetes: the manifest as Kubernetes would take it (npm's kubernetes-models; there is no API server
in Debian), and what its container runs, as shares by index.

Run it with: test_kubernetes.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import copy
import json
import os
import shlex
import subprocess

import adapter
import tools

MODELS = "kubernetes-models@4.5.1"


class Job(adapter.Case):
    least_parts = 2
    part_mib = 2

    @classmethod
    def setUpClass(cls):
        path = adapter.SOURCE / "deploy/kubernetes/whyoom-archive.yaml"
        done = tools.run("/usr/bin/python3", "-c", "import json, sys, yaml; print(json.dumps(list("
                         "yaml.safe_load_all(open(sys.argv[1])))))", path)
        if done.returncode != 0:
            tools.skip("no python3-yaml here")
        cls.job, = json.loads(done.stdout)

    def wrong_with(self, job):
        done = subprocess.run(["node", adapter.SOURCE / "tests/fleet/kubernetes.mjs", self.modules,
                               "IoK8sApiBatchV1Job"], input=json.dumps(job), capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout.splitlines()

    def test_manifest(self):
        self.modules = tools.modules(adapter.TOOLS, MODELS)
        self.assertEqual(self.wrong_with(self.job), [])
        pod = ["spec", "template", "spec"]
        for path, key, value in (([*pod], "restartPolcy", "Never"), ([*pod, "containers", 0], "image", 7),
                                 (["spec"], "completions", "20"), (["spec", "podFailurePolicy", "rules", 0],
                                                                   "onPodCondition", []),
                                 ([*pod, "containers", 0, "resources"], "limit", {})):
            with self.subTest(key):
                job = copy.deepcopy(self.job)
                place = job
                for step in path:
                    place = place[step]
                place[key] = value
                self.assertNotEqual(self.wrong_with(job), [])
        job = copy.deepcopy(self.job)
        del job["spec"]["template"]
        self.assertNotEqual(self.wrong_with(job), [])

    def test_shares(self):
        """The command of the container, once for each index; some of them cut off and run again."""
        container, = self.job["spec"]["template"]["spec"]["containers"]
        count = self.job["spec"]["completions"]
        command = container["args"][0].replace("/deploy/share.sh", shlex.quote(f"{adapter.SOURCE}/deploy/share.sh")).replace(
            "/events/parts", str(self.parts)).replace("/events", str(self.out))
        self.assertIn(f" {count}", command)
        for index in [*range(count), 0, 1]:
            done = tools.run(*container["command"], command,
                             env={**os.environ, "JOB_COMPLETION_INDEX": str(index),
                                  "WHYOOM": os.path.abspath(adapter.PROGRAM)})
            self.assertEqual(done.returncode, 0, done)
        self.check_stored()


if __name__ == "__main__":
    adapter.main()
