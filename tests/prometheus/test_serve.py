"""`whyoom serve`: what it answers, to whom, and with what rights.

Run it with: test_serve.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import http.client
import os
import pathlib
import socket
import time

import servers
from servers import Programs, wait_for
from harness import whyoom


class Serve(Programs):
    def setUp(self):
        super().setUp()
        self.text = "# HELP x y\n# TYPE x gauge\nx 1\n" * 3000
        self.textfile.write_text(self.text)
        self.process, self.port = self.serve()

    def tearDown(self):
        self.assertIn(self.process.poll(), (None, 0), self.said("serve"))
        self.assertNotIn("sandbox", self.said("serve"))

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer

    def ask(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def test_pages(self):
        status, headers, text = self.ask("/metrics")
        self.assertEqual((status, text), (200, self.text))
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(self.ask("/metrics?x=1")[0], 200)
        self.assertEqual(self.ask("/metrics", "HEAD")[::2], (200, ""))
        self.assertIn("/metrics", self.ask("/")[2])
        self.assertEqual(self.ask("/../../etc/passwd")[0], 404)
        self.assertEqual(self.ask("/metrics", "DELETE")[0], 405)

    def test_the_page(self):
        self.assertIn("/metrics", self.ask("/status")[2])
        page = self.folder / "page.html"
        page.write_text("<!DOCTYPE html>\u00e9", encoding="utf-8")
        self.end(self.process)
        (self.folder / "serve").unlink()
        self.process, self.port = self.serve("--page", page)
        status, headers, text = self.ask("/")
        self.assertEqual((status, text), (200, page.read_text(encoding="utf-8")))
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("/metrics", self.ask("/status")[2])
        page.unlink()
        self.assertIn("/metrics", self.ask("/")[2])

    def test_end(self):
        self.assertEqual(self.end(self.process), 0)

    def test_no_file(self):
        self.textfile.unlink()
        status, _, text = self.ask("/metrics")
        self.assertEqual(status, 503)
        self.assertIn("whyoom watch --textfile", text)
        os.mkfifo(self.textfile)
        self.assertEqual(self.ask("/metrics")[0], 503)
        self.textfile.unlink()
        self.textfile.write_bytes(b"x" * (2 << 20))
        self.assertEqual(self.ask("/metrics")[0], 503)

    def test_hostile_requests(self):
        for request, status in ((b"\x16\x03\x01\x02\x00\x01\n\n", b"400"), (b"GET\r\n\r\n", b"400"),
                                (b"GET metrics HTTP/1.1\r\n\r\n", b"400"),
                                (b"GET /metrics HTTP/2.0\r\n\r\n", b"400"),
                                (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
                                (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", b"431"),
                                (b"GET /metrics HTTP/1.1\n\n", b"200")):
            with self.subTest(request[:30]):
                self.assertEqual(self.raw(request).split()[1], status)

    def test_slow_and_many_clients(self):
        """Some that say nothing and some that do not listen; whoever comes is answered."""
        began = time.monotonic()
        idle = [socket.create_connection(("127.0.0.1", self.port), timeout=60) for _ in range(100)]
        for connection in idle[::2]:
            connection.send(b"GET /metr")
        for _ in range(50):
            self.assertEqual(self.ask("/metrics")[::2], (200, self.text))
        self.assertLess(time.monotonic() - began, 8, "it waited for them")
        files = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        self.assertLess(files, 25)
        for connection in idle:
            try:
                self.assertEqual(connection.recv(100), b"")
            except ConnectionError:
                pass
            connection.close()
        self.assertTrue(wait_for(lambda: len(os.listdir(f"/proc/{self.process.pid}/fd")) < 8))

    def test_rights(self):
        if os.geteuid() != 0:
            self.skipTest("not root, so nothing is given up")
        self.ask("/metrics")
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        self.assertRegex(status, r"Uid:\s65534\s65534")
        self.assertRegex(status, r"CapEff:\s0+\n")
        self.assertRegex(status, r"Seccomp:\s2")

    def test_wrong_addresses(self):
        for address in ("localhost:1", "127.0.0.1", ":9753", "127.0.0.1:99999", "::1:9753",
                        f"127.0.0.1:{self.port}"):
            done = whyoom("serve", "--listen", address)
            self.assertEqual(done.status, 2, done)
            self.assertIn("listen", done.err)


if __name__ == "__main__":
    servers.main()
