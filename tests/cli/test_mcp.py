#!/usr/bin/env python3
"""`whyoom mcp`: JSON-RPC by hand, hostile lines, and the protocol's own client from npm."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import harness
from harness import whyoom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fleet"))
import tools  # noqa: E402

PACKAGE = "@modelcontextprotocol/sdk"
TOOLS = None  # where what was fetched stays


def ask(*messages):
    """The answers to messages, which are JSON or lines as they are."""
    lines = [message if isinstance(message, bytes) else json.dumps(message).encode() for message in messages]
    done = whyoom("mcp", stdin=b"\n".join(lines) + b"\n")
    assert done.status == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def call(name, number=1, **arguments):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": name, "arguments": arguments}}


class Protocol(harness.Case):
    def setUp(self):
        super().setUp()
        self.log = harness.EXAMPLES / "min-free-killed.log"

    def text_of(self, answer, error=False):
        self.assertEqual(answer["result"]["isError"], error, str(answer)[:500])
        (content,) = answer["result"]["content"]
        self.assertEqual(content["type"], "text")
        return content["text"]

    def test_greeting(self):
        for asked, expected in (("2025-03-26", "2025-03-26"), ("1999-01-01", "2025-06-18")):
            (answer,) = ask({"jsonrpc": "2.0", "id": "a", "method": "initialize",
                             "params": {"protocolVersion": asked, "capabilities": {}}})
            self.assertEqual(answer["id"], "a")
            self.assertEqual(answer["result"]["protocolVersion"], expected)
            self.assertIn("tools", answer["result"]["capabilities"])

    def test_an_answer_is_what_the_command_says(self):
        text = self.log.read_text()
        answers = ask(call("explain", log=text, last=2), call("explain", path=str(self.log), last=2),
                      call("whatif", settings=["vm.min_free_kbytes=default"], log=text),
                      call("causes", id="min-free-too-high"))
        piped = whyoom("explain", "--format", "json", "--last", "2", "-", stdin=text)
        self.assertEqual(self.text_of(answers[0]), piped.out)
        named = whyoom("explain", "--format", "json", "--last", "2", self.log)
        self.assertEqual(self.text_of(answers[1]), named.out)
        self.assertEqual(json.loads(named.out)["events"][1]["root_cause"], "min-free-too-high")
        what_if = whyoom("whatif", "--format", "json", "--event", "-", "vm.min_free_kbytes=default", stdin=text)
        self.assertEqual(self.text_of(answers[2]), what_if.out)
        self.assertTrue(self.text_of(answers[3]).startswith("# min-free-too-high"))

    def test_nothing_that_changes_a_machine(self):
        (listed,) = ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        tools = listed["result"]["tools"]
        self.assertEqual([tool["name"] for tool in tools], ["explain", "check", "whatif", "causes"])
        for tool in tools:
            self.assertTrue(tool["annotations"]["readOnlyHint"])
            self.assertFalse(tool["inputSchema"]["additionalProperties"])
        for name in ("fix", "undo", "capture", "watch", "", None, 7, "explain\0"):
            (answer,) = ask(call(name))
            self.assertEqual(answer["error"]["code"], -32602)

    def test_no_argument_is_an_option(self):
        """Whoever wrote the log may have talked the assistant into these."""
        evil = self.scratch / "--follow"
        evil.write_text("x")
        for message in (call("explain", path="--follow"), call("causes", id="--help"),
                        call("whatif", settings=["--root=/"]), call("check", root=""),
                        call("explain", path="a\0b"), call("whatif", settings=["a=\0"]),
                        call("explain", log="x", path="y"), call("explain", last=0, log="x"),
                        call("explain", last="1", log="x"), call("explain", log=["x"]),
                        call("explain", log="x", output="/tmp/x"), call("whatif"),
                        call("explain", path="/no/where"), call("check", root="/no/where")):
            (answer,) = ask(message)
            self.assertTrue(self.text_of(answer, error=True))

    def test_what_is_no_request(self):
        ok = {"jsonrpc": "2.0", "id": 9, "method": "ping"}
        answers = ask(b"nonsense", b"[1]", b"{}", b'"x"', b"", b"   ", b"\xff\xfe",
                      b'{"id":{},"method":"ping"}', b'{"id":1.5,"method":"ping"}',
                      {"jsonrpc": "2.0", "method": "notifications/initialized"},
                      {"jsonrpc": "2.0", "id": 4, "result": {}}, b"[" * 100000, b'{"a":' * 100000,
                      {"jsonrpc": "2.0", "id": 5, "method": "no/such"}, ok)
        self.assertEqual([answer.get("error", {}).get("code") for answer in answers],
                         [-32700, -32600, -32600, -32600, -32700, -32600, -32600, -32700, -32700, -32601,
                          None])
        self.assertEqual(answers[-1], {"jsonrpc": "2.0", "id": 9, "result": {}})

    def test_a_message_without_an_end(self):
        answers = ask(b'{"id":1,"x":"' + b"a" * (65 << 20) + b'"}',
                      {"jsonrpc": "2.0", "id": 2, "method": "ping"})
        self.assertEqual([answer["id"] for answer in answers], [None, 2])
        self.assertIn("64 MiB", answers[0]["error"]["message"])

    def test_an_answer_that_is_too_long(self):
        text = self.log.read_text()
        log = "".join(text.replace("[   17.", f"[ {1000 + 100 * number}.") for number in range(20))
        (answer,) = ask(call("explain", log=log, last=100))
        self.assertIn("Ask for fewer", self.text_of(answer, error=True))


class Client(harness.Case):
    def test_the_protocols_own(self):
        modules = tools.modules(TOOLS or self.scratch, PACKAGE)
        folder = self.scratch / "client"
        folder.mkdir()
        shutil.copy(harness.SOURCE / "tests/cli/mcp_client.mjs", folder)
        (folder / "node_modules").symlink_to(modules / "node_modules")
        log = harness.EXAMPLES / "min-free-killed.log"
        done = subprocess.run(["node", "mcp_client.mjs", os.path.abspath(harness.PROGRAM), log.resolve()],
                              cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        self.assertEqual(got["server"]["name"], "whyoom")
        self.assertEqual(len(got["tools"]), 4)
        for name in ("explained", "by_path"):
            (event,) = json.loads(got[name]["content"][0]["text"])["events"]
            self.assertEqual(event["root_cause"], "min-free-too-high")
            self.assertEqual(event["verdict"], "proved")
        self.assertIn("settings", json.loads(got["what_if"]["content"][0]["text"]))
        self.assertIn("pid-max", got["causes"]["content"][0]["text"])
        self.assertEqual(json.loads(got["checked"]["content"][0]["text"])["schema"], "whyoom/1")
        self.assertTrue(got["refused"]["isError"])


if __name__ == "__main__":
    TOOLS = sys.argv.pop(3) if len(sys.argv) > 3 else None
    harness.main()
