#!/usr/bin/env python3
"""The DaemonSet of `whyoom fix --output kubernetes`. Debian's kubectl (unpacked, not installed) reads it
into the types of the API without a server: a field that the API does not have is dropped, and a
value of another type is refused. Its script is run for real, by busybox and by /bin/sh. Not
covered, because it takes a cluster: what the API server alone refuses (names are checked here
against RFC 1123), admission, and that the kubelet starts the pod."""
import json
import os
import re
import subprocess
import sys

import machine
from machine import DROP_IN

try:
    import yaml
except ImportError:
    if sys.executable != machine.PYTHON and os.access(machine.PYTHON, os.X_OK):
        os.execv(machine.PYTHON, [machine.PYTHON, *sys.argv])
    machine.skip("python3-yaml is not installed")

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123
KUBECTL = ("kubernetes-client", "kubectl")  # Debian 12's name of the package, and 13's


def kubectl_program():
    folder = machine.unpacked(*KUBECTL)
    if not (folder / "usr/bin/kubectl").exists():  # Debian 13 has an empty one of the old name
        folder = machine.unpacked(KUBECTL[1])
    return folder / "usr/bin/kubectl"


def busybox_program():
    return machine.found(machine.unpacked("busybox-static"), "bin/busybox", "usr/bin/busybox")


def lost(sent, got, at=""):
    """What of `sent` is not in `got`."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for key, value in sent.items():
            if key not in got:
                yield f"{at}.{key}"
            else:
                yield from lost(value, got[key], f"{at}.{key}")
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        for number, value in enumerate(sent):
            yield from lost(value, got[number], f"{at}[{number}]")
    elif sent != got or type(sent) is not type(got):
        yield f"{at}: {sent!r} became {got!r}"


def complaints(text):
    """Why the API would not take the text, or not as it is meant."""
    # `set env` is one of the commands that decode into the types and never ask a server with --local.
    done = machine.run("unshare", "--net", kubectl_program(), "set", "env", "--local", "-f", "-", "-o", "json",
                       "CHECKED=1", input=text,
                       env={"HOME": "/nonexistent", "KUBECONFIG": "/dev/null"})
    start = done.stdout.find("{")
    if done.returncode != 0 or start < 0:
        return [done.stdout]
    sent = yaml.safe_load(text)
    got = json.loads(done.stdout[start:])
    # Newer ones set what they are told to set in these containers as well.
    for container in got["spec"]["template"]["spec"].get("initContainers", []):
        container["env"] = [one for one in container.get("env", []) if one["name"] != "CHECKED"]
    found = list(lost(sent, got))
    pod = sent["spec"]["template"]
    if sent["spec"]["selector"]["matchLabels"] != pod["metadata"]["labels"]:
        found.append("the selector does not select the pods")
    names = [sent["metadata"]["name"], *pod["metadata"]["labels"].values()]
    volumes = [volume["name"] for volume in pod["spec"]["volumes"]]
    for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
        names.append(container["name"])
        found += [f"no volume {mount['name']}" for mount in container.get("volumeMounts", [])
                  if mount["name"] not in volumes]
    return found + [f"no name: {name}" for name in names + volumes if not LABEL.fullmatch(name)]


def expanded(value):
    """$$ in a value of the environment is one $; $(NAME) would be a variable."""
    if re.search(r"(?<!\$)(\$\$)*\$\(", value):
        raise AssertionError(f"{value}: Kubernetes expands that")
    return value.replace("$$", "$")


class DaemonSet(machine.Case):
    def test_the_api_takes_it_as_it_is_meant(self):
        for key, value in ((machine.KEY, "after.example"), ("vm.min_free_kbytes", "45056"),
                           ("kernel.core_pattern", "|/usr/bin/x 'it' %p: # $(y)"),
                           ("net.ipv4.conf.a_very_long_name_of_a_key_that_nobody_would_use_ever.Mc",
                            "no")):
            text = machine.text("kubernetes", key=key, value=value)
            self.assertEqual(complaints(text), [])
            pod = yaml.safe_load(text)["spec"]["template"]["spec"]
            env = {each["name"]: expanded(each["value"]) for each in pod["initContainers"][0]["env"]}
            self.assertEqual(env, {"KEY": key, "VALUE": value})
            self.assertTrue(pod["initContainers"][0]["securityContext"]["privileged"])
            self.assertEqual(pod["volumes"][0]["hostPath"]["path"], "/etc/sysctl.d")

    def test_two_settings_are_two_sets(self):
        sets = machine.text_of_two("kubernetes").split("\n---\n")
        self.assertEqual([yaml.safe_load(text)["metadata"]["name"] for text in sets],
                         ["whyoom-kernel-domainname", "whyoom-kernel-hostname"])
        for text in sets:
            self.assertEqual(complaints(text), [])
            done = self.script(text, ["/bin/sh"])
            self.assertEqual(done.returncode, 0, done.stdout)
        self.expect_both_fixed()

    def test_the_recorder_on_every_node(self):
        """packaging/kubernetes, which no command prints."""
        text = (machine.harness.SOURCE / "packaging/kubernetes/whyoom-watch.yaml").read_text()
        _, whole = text.split("\n---\n")
        self.assertEqual(complaints(whole), [])
        self.assertNotEqual(complaints(whole.replace("hostPID", "hostPid")), [])
        for container in yaml.safe_load(whole)["spec"]["template"]["spec"]["containers"]:
            words = container["command"]
            self.assertEqual(words[0], "/usr/bin/whyoom")
            known = machine.harness.whyoom(words[1], "--help").out
            for option in words[2:]:
                if option.startswith("--"):
                    self.assertIn(f"{option} ", known)

    def test_what_the_api_would_not_take_is_found(self):
        good = machine.text("kubernetes")
        for old, new in (("nodeSelector:", "nodeSelektor:"), ("privileged: true", "privileged: 'yes'"),
                         ("kind: DaemonSet", "kind: DaemonSets"), ("value: 'after.example'", "value: 5"),
                         ("apps/v1", "apps/v7"), ("          command:", "         command:"),
                         (f"      app: {machine.NAME}", "      app: other"),
                         (f"name: {machine.NAME}", "name: whyoom_fix"),
                         ("- name: sysctl-d\n              mount", "- name: sysctl\n              mount")):
            with self.subTest(new):
                self.assertIn(old, good)
                self.assertNotEqual(complaints(good.replace(old, new, 1)), [])

    def script(self, text, shell):
        """Runs the init container's command with `shell` as its sh. The mount is made in the scratch
        folder, so that no folder is made in the root of this machine."""
        container = yaml.safe_load(text)["spec"]["template"]["spec"]["initContainers"][0]
        self.assertEqual(container["command"][:2], ["sh", "-euc"])
        self.assertEqual([mount["mountPath"] for mount in container["volumeMounts"]],
                         ["/host-sysctl.d"])
        folder = str(self.scratch / "host-sysctl.d")
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "--bind", "/etc/sysctl.d", folder], check=True)
        try:
            return machine.run(*shell, "-euc",
                               container["command"][2].replace("/host-sysctl.d", folder),
                               env={each["name"]: expanded(each["value"])
                                    for each in container["env"]})
        finally:
            subprocess.run(["umount", folder], check=True)

    def shells(self):
        applets = self.scratch / "bin"
        applets.mkdir()
        busybox = busybox_program()
        for applet in ("sysctl", "tr", "sleep"):
            (applets / applet).symlink_to(busybox)
        # env finds `sysctl` of busybox first, as in the image.
        yield "busybox", ["env", f"PATH={applets}", str(busybox), "sh"]
        yield "sh", ["/bin/sh"]

    def test_the_script_sets_the_value_and_keeps_it(self):
        for name, shell in self.shells():
            for value in ("after.example", "it's", "a b", "\\n $HOME $(id)", "x # y"):
                with self.subTest(name, value=value):
                    DROP_IN.unlink(missing_ok=True)
                    done = self.script(machine.text("kubernetes", value=value), shell)
                    self.assertEqual(done.returncode, 0, done.stdout)
                    self.assertEqual(DROP_IN.read_text(), f"kernel.domainname = {value}\n")
                    self.expect_fixed(value)

    def test_the_script_fails_when_the_value_is_not_so(self):
        for name, shell in self.shells():
            for key, value in (("kernel.no_such_key", "1"), ("kernel.domainname", "x" * 70)):
                with self.subTest(name, key=key):
                    done = self.script(machine.text("kubernetes", key=machine.KEY).replace(
                        "'kernel.domainname'", f"'{key}'").replace("after.example", value), shell)
                    self.assertNotEqual(done.returncode, 0, done.stdout)
                    self.assertFalse(DROP_IN.exists())

    def test_a_script_that_is_wrong_is_found(self):
        good = machine.text("kubernetes")
        for old, new in (("sysctl -w", "true -w"), ("> /host-sysctl.d/", "> /dev/null #"),
                         ("%s = %s", "%s %s")):
            self.assertIn(old, good)
            self.setUp()
            done = self.script(good.replace(old, new), ["/bin/sh"])
            with self.assertRaises(AssertionError, msg=new):
                self.assertEqual(done.returncode, 0)
                self.expect_fixed()

    def test_the_waiting_container_waits(self):
        command = yaml.safe_load(machine.text("kubernetes"))["spec"]["template"]["spec"][
            "containers"][0]["command"]
        busybox = busybox_program()
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run([busybox, *command], timeout=1, check=False)


if __name__ == "__main__":
    machine.main("|".join(KUBECTL), "busybox-static")
