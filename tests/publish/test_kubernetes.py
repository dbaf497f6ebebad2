#!/usr/bin/env python3
"""Kubernetes Events, against a double of an API server that checks method, path, headers and body as the
server's own validation does. common.py has the usage."""
import http.server
import json
import re
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

import common
from common import event, lines, wait_until

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
MICRO_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
KEYS = {"apiVersion", "kind", "metadata", "involvedObject", "reason", "message", "type", "source", "firstTimestamp",
        "lastTimestamp", "eventTime", "count", "action", "reportingComponent", "reportingInstance"}


def wrong_with(body, space):
    """pkg/apis/core/validation/events.go, for an event with an eventTime."""
    if set(body) != KEYS or (body["apiVersion"], body["kind"]) != ("v1", "Event"):
        return f"fields {sorted(set(body) ^ KEYS)}"
    involved = body["involvedObject"]
    on_pod = involved["kind"] == "Pod"
    checks = {
        "metadata": set(body["metadata"]) == {"name", "namespace"} and len(body["metadata"]["name"]) <= 253
        and NAME.match(body["metadata"]["name"]),
        "namespace": body["metadata"]["namespace"] == space,
        "involvedObject": set(involved) == {"apiVersion", "kind", "name", "uid"} | ({"namespace"} if on_pod else set())
        and (involved["namespace"] == space if on_pod else space == "default"),
        "reason": re.match(r"^[A-Z][A-Za-z]{1,127}$", body["reason"]),
        "message": 0 < len(body["message"].encode()) <= 1024,
        "type": body["type"] == "Warning",
        "source": set(body["source"]) == {"component", "host"},
        "times": TIME.match(body["firstTimestamp"]) and TIME.match(body["lastTimestamp"])
        and MICRO_TIME.match(body["eventTime"]),
        "count": body["count"] == 1,
        "action": 0 < len(body["action"]) <= 128,
        "reportingComponent": body["reportingComponent"] == "whyoom",
        "reportingInstance": 0 < len(body["reportingInstance"]) <= 128,
    }
    return next((name for name, right in checks.items() if not right), None)


class Server:
    """Pods by node; Events that were made; answers that are asked for, one each."""

    def __init__(self, certificate, key):
        self.token, self.pods, self.events, self.wrong, self.next, self.lists = "t0ken", {}, {}, [], [], 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body, **headers):
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def fail(self, status, reason, message="no", **headers):
                self.reply(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
                                    "message": message, "code": status}, **headers)

            def may(self):
                if self.headers.get("Authorization") != f"Bearer {server.token}":
                    self.fail(401, "Unauthorized")
                    return False
                if server.next:
                    self.fail(**server.next.pop(0))
                    return False
                return True

            def do_GET(self):
                path = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(path.query))
                if not self.may():
                    return
                node = re.fullmatch(r"spec\.nodeName=(.+)", query.get("fieldSelector", ""))
                if path.path != "/api/v1/pods" or set(query) != {"fieldSelector"} or not node:
                    server.wrong.append(self.path)
                    self.fail(404, "NotFound")
                    return
                server.lists += 1
                self.reply(200, {"kind": "PodList", "apiVersion": "v1", "items": server.pods.get(node[1], [])})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not self.may():
                    return
                space = re.fullmatch(r"/api/v1/namespaces/([-a-z0-9]+)/events", self.path)
                if not space or self.headers.get("Content-Type") != "application/json":
                    server.wrong.append(self.path)
                    self.fail(404, "NotFound")
                    return
                made = json.loads(body)
                if why := wrong_with(made, space[1]):
                    server.wrong.append(why)
                    self.fail(422, "Invalid", why)
                    return
                key = (space[1], made["metadata"]["name"])
                if key in server.events:
                    self.fail(409, "AlreadyExists", "it is there")
                    return
                server.events[key] = made
                self.reply(201, made)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def add_pod(self, node, space, name, uid, **annotations):
        self.pods.setdefault(node, []).append({"metadata": {"name": name, "namespace": space, "uid": uid,
                                                            "annotations": annotations}})


class Kubernetes(common.Case):
    def setUp(self):
        super().setUp()
        self.ca = self.certificates()
        self.server = Server(self.scratch / "server.pem", self.scratch / "server.key")
        self.addCleanup(self.server.http.server_close)
        self.addCleanup(self.server.http.shutdown)
        self.credentials = self.file("credentials", "token = t0ken\n")
        self.server.add_pod("node-1", "shop", "web-7d9f", common.POD)

    def send(self, events, *args, **more):
        return self.publish("--ca", self.ca, "--credentials", self.credentials, *args,
                            f"k8s+https://localhost:{self.server.port}", stdin=lines(events), **more)[1]

    def made(self):
        self.assertEqual(self.server.wrong, [])
        return list(self.server.events.values())

    def test_on_the_pod_that_was_hit(self):
        self.send([event(1)])
        (made,) = self.made()
        self.assertEqual(made["metadata"], {"name": "whyoom." + event(1)["id"], "namespace": "shop"})
        self.assertEqual(made["involvedObject"], {"apiVersion": "v1", "kind": "Pod", "name": "web-7d9f",
                                                  "namespace": "shop", "uid": common.POD})
        self.assertEqual(made["reason"], "MemoryLimitOOMKill")
        self.assertEqual(made["message"], "The limit of the pod was reached, event 1.")
        self.assertEqual(made["source"], {"component": "whyoom", "host": "node-1"})
        self.assertEqual(made["eventTime"], "2026-11-18T11:06:41.000000Z")

    def test_a_static_pod(self):
        self.server.pods.clear()
        self.server.add_pod("node-1", "kube-system", "etcd-node-1", "11111111-2222-3333-4444-555555555555",
                            **{"kubernetes.io/config.hash": common.POD})
        self.send([event(1)])
        self.assertEqual(self.made()[0]["involvedObject"]["name"], "etcd-node-1")

    def test_else_on_the_node(self):
        machine_wide = event(1, victims=[], memcg=None, kind="oom-panic")
        self.server.pods.clear()
        self.send([machine_wide, event(2)])
        first, second = self.made()
        self.assertEqual(first["involvedObject"], {"apiVersion": "v1", "kind": "Node", "name": "node-1",
                                                   "uid": "node-1"})
        self.assertEqual(first["reason"], "OOMPanic")
        self.assertIn(common.POD, second["message"])  # it was deleted

    def test_sent_again(self):
        everything = list(map(event, range(50)))
        self.send(everything)
        err = self.send(everything)
        self.assertIn("50 events sent, 50 of them were there already", err)
        self.assertEqual(len(self.made()), 50)
        self.assertEqual(self.server.lists, 2)  # not one for each event

    def test_told_to_wait(self):
        self.server.next = [{"status": 429, "reason": "TooManyRequests", "Retry_After": "2"},
                            {"status": 503, "reason": "ServiceUnavailable"}]
        began = time.monotonic()
        err = self.send([event(1), event(2)])
        self.assertGreater(time.monotonic() - began, 2)
        self.assertIn("429", err)
        self.assertEqual([made["metadata"]["name"] for made in self.made()],
                         ["whyoom." + event(number)["id"] for number in (1, 2)])

    def test_not_let_in(self):
        self.server.token = "another"
        err = self.send([event(1)], "--give-up", "1", status=2)
        self.assertIn("401", err)
        self.assertNotIn("t0ken", err)
        self.server.token = "t0ken"
        self.server.next = [{"status": 403, "reason": "Forbidden", "message": "cannot create events"}] * 9
        self.assertIn("cannot create events", self.send([event(1)], "--give-up", "1", status=2))
        self.assertEqual(self.made(), [])

    def test_a_namespace_that_is_gone(self):
        process = self.start("--ca", self.ca, "--credentials", self.credentials,
                             f"k8s+https://localhost:{self.server.port}", stdin=subprocess.PIPE)
        process.stdin.write(lines([event(2)]))
        process.stdin.flush()
        self.assertTrue(wait_until(lambda: len(self.server.events) == 1))
        self.server.next = [{"status": 403, "reason": "Forbidden",
                             "message": "unable to create new content in namespace shop: NamespaceTerminating"}]
        process.stdin.write(lines([event(3)]))
        process.stdin.close()
        self.assertEqual(process.wait(), 0, self.log())
        self.assertEqual([made["involvedObject"]["kind"] for made in self.made()], ["Pod", "Node"])

    def test_refused(self):
        self.server.next = [{"status": 422, "reason": "Invalid", "message": "no such thing"}]
        self.server.pods.clear()
        err = self.send([event(1, victims=[], memcg=None), event(2)], status=1)
        self.assertIn("no such thing", err)
        self.assertEqual(len(self.made()), 1)

    def test_inside_a_cluster(self):
        """Where the server is stands in the environment."""
        _, err = self.publish("k8s:", status=2)
        self.assertIn("KUBERNETES_SERVICE_HOST", err)
        env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.server.port),
               "NODE_NAME": "node-1"}
        self.publish("--ca", self.ca, "--credentials", self.credentials, "k8s:", stdin=lines([event(1, host=None)]),
                     env=env)
        self.assertEqual(self.made()[0]["involvedObject"]["name"], "web-7d9f")

    def test_the_server_is_verified(self):
        _, err = self.publish("--give-up", "1", "--credentials", self.credentials,
                              f"k8s+https://localhost:{self.server.port}", stdin=lines([event(1)]), status=2)
        self.assertIn("certificate", err)


if __name__ == "__main__":
    common.main()
