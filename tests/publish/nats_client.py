"""As much of the NATS protocol as a test needs: requests and their answers, over one connection."""
import base64
import json
import socket


class Nats:
    def __init__(self, port, timeout=20, **who):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.file = self.socket.makefile("rb")
        self.info = json.loads(self.file.readline().split(b" ", 1)[1])
        self.send(b"CONNECT " + json.dumps({"verbose": False, "pedantic": False, "headers": True,
                                            "no_responders": True, "lang": "python", "version": "0", **who}).encode())
        self.send(b"SUB _INBOX.test.* 1\r\nPING")
        line = self.line()
        if line != b"PONG":
            raise PermissionError(line.decode())
        self.count = 0

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data + b"\r\n")

    def line(self):
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError("the server closed the connection")
            line = line.rstrip(b"\r\n")
            if line == b"PING":
                self.send(b"PONG")
            elif not line.startswith((b"INFO", b"+OK")):
                return line

    def request(self, subject, body):
        self.count += 1
        data = json.dumps(body).encode() if body is not None else b""
        self.send(f"PUB {subject} _INBOX.test.{self.count} {len(data)}\r\n".encode() + data)
        while True:
            words = self.line().split()
            if words[0] not in (b"MSG", b"HMSG"):
                raise PermissionError(b" ".join(words).decode())
            size = int(words[-1])
            answer = self.file.read(size + 2)[:-2]
            if words[1].endswith(b".%d" % self.count):
                if words[0] == b"HMSG":
                    raise ConnectionError(answer.decode())  # nobody there
                return json.loads(answer)

    def make_stream(self, name, subjects, replicas, window_s=600):
        answer = self.request(f"$JS.API.STREAM.CREATE.{name}", {
            "name": name, "subjects": subjects, "retention": "limits", "storage": "file", "num_replicas": replicas,
            "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_consumers": -1, "discard": "old",
            "duplicate_window": window_s * 1_000_000_000})
        if "error" in answer:
            raise ConnectionError(answer["error"])
        return answer

    def stream(self, name):
        return self.request(f"$JS.API.STREAM.INFO.{name}", None)

    def messages(self, name):
        """All of a stream, in order: (headers, data)."""
        state = self.stream(name)["state"]
        for number in range(state["first_seq"], state["last_seq"] + 1):
            got = self.request(f"$JS.API.STREAM.MSG.GET.{name}", {"seq": number})
            if "message" in got:
                yield (base64.b64decode(got["message"].get("hdrs", "")).decode(),
                       base64.b64decode(got["message"].get("data", "")).decode())
