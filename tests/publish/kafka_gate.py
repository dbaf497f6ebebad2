"""TLS and SASL in front of brokers that have neither, such as librdkafka's mock cluster: for each of them a
port that wants a certificate of the client (if it is told to), then SaslHandshake and SaslAuthenticate with PLAIN
or SCRAM-SHA-512 as RFC 5802 has it, and only then lets requests through. In answers the brokers' own ports are
replaced by those of the gate. It is written after Kafka's protocol, not after librdkafka."""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
import threading

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
UNSUPPORTED_VERSION, UNSUPPORTED_MECHANISM, AUTHENTICATION_FAILED = 35, 33, 58
ROUNDS = 4096


def compact(value):
    return bytes([len(value) + 1]) + value.encode()


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def read(stream, size):
    data = b""
    while len(data) < size:
        some = stream.recv(size - len(data))
        if not some:
            raise ConnectionError
        data += some
    return data


def frame(stream):
    return read(stream, struct.unpack(">i", read(stream, 4))[0])


def send(stream, data):
    stream.sendall(struct.pack(">i", len(data)) + data)


class Scram:
    """The server's side of SCRAM-SHA-512. A strict one compares the nonce as RFC 5802 and Kafka 4 do; before, Kafka
    looked at its end alone, and a librdkafka before 2.6.1 says its own part twice (its pull request 4895)."""

    def __init__(self, users, strict):
        self.users, self.strict, self.first = users, strict, None

    def step(self, said):
        """(answer, whether that is all); a refusal is PermissionError."""
        if self.first is None:
            header, _, self.first = said.decode().partition(",,")
            fields = dict(part.split("=", 1) for part in self.first.split(","))
            if header != "n":
                raise PermissionError("no channel binding here")
            self.password = self.users.get(fields["n"], os.urandom(16).hex())
            self.salt, self.nonce = os.urandom(16), fields["r"] + os.urandom(9).hex()
            self.said = f"r={self.nonce},s={base64.b64encode(self.salt).decode()},i={ROUNDS}"
            return self.said.encode(), False
        without_proof, _, proof = said.decode().rpartition(",p=")
        fields = dict(part.split("=", 1) for part in without_proof.split(","))
        sign = lambda key, data: hmac.new(key, data, "sha512").digest()
        salted = hashlib.pbkdf2_hmac("sha512", self.password.encode(), self.salt, ROUNDS)
        client = sign(salted, b"Client Key")
        whole = f"{self.first},{self.said},{without_proof}".encode()
        own = bytes(a ^ b for a, b in zip(client, sign(hashlib.sha512(client).digest(), whole)))
        same = fields["r"] == self.nonce or not self.strict and fields["r"].endswith(self.nonce)
        if not same or not hmac.compare_digest(own, base64.b64decode(proof)):
            raise PermissionError("wrong password")
        return b"v=" + base64.b64encode(sign(sign(salted, b"Server Key"), whole)), True


class Plain:
    def __init__(self, users, _):
        self.users = users

    def step(self, said):
        _, user, password = said.decode().split("\0")
        if self.users.get(user) != password:
            raise PermissionError("wrong password")
        return b"", True


MECHANISMS = {"PLAIN": Plain, "SCRAM-SHA-512": Scram}


class Gate:
    def __init__(self, brokers, context, users=None, strict=False):
        """`brokers` as 127.0.0.1:PORT,...; without `users` the certificate is all."""
        self.context, self.users, self.strict = context, users, strict
        self.let_in, self.refused = [], []
        self.listeners, ports = [], {}
        for broker in brokers.split(","):
            listener = socket.create_server(("127.0.0.1", 0))
            port = int(broker.rpartition(":")[2])
            ports[port] = listener.getsockname()[1]
            self.listeners.append(listener)
            threading.Thread(target=self.accept, args=(listener, port), daemon=True).start()
        self.brokers = ",".join(f"localhost:{port}" for port in ports.values())
        # As strings of the older versions of an answer, and as the compact ones of the newer.
        self.names = [(string("127.0.0.1") + struct.pack(">i", behind), string("localhost") + struct.pack(">i", port))
                      for behind, port in ports.items() for string in (text, compact)]

    def close(self):
        for listener in self.listeners:
            listener.close()

    def accept(self, listener, port):
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(stream, port), daemon=True).start()

    def serve(self, stream, port):
        try:
            with self.context.wrap_socket(stream, server_side=True) as client, \
                    socket.create_connection(("127.0.0.1", port)) as broker:
                user = self.authenticate(client, broker) if self.users is not None else None
                self.let_in.append(user or client.getpeercert())
                threading.Thread(target=self.answers, args=(broker, client), daemon=True).start()
                while True:
                    send(broker, frame(client))
        except (PermissionError, ssl.SSLError) as why:
            self.refused.append(str(why))
        except OSError:
            pass
        finally:
            stream.close()

    def answers(self, broker, client):
        try:
            while True:
                data = frame(broker)
                for behind, own in self.names:
                    data = data.replace(behind, own)
                send(client, data)
        except OSError:
            pass

    @staticmethod
    def versions(broker, correlation):
        """The broker's own, and what the gate can."""
        send(broker, struct.pack(">hhi", API_VERSIONS, 0, correlation) + text("gate"))
        answer = frame(broker)
        count, = struct.unpack(">i", answer[6:10])
        return (answer[:6] + struct.pack(">i", count + 2) + answer[10:] + struct.pack(">hhh", SASL_HANDSHAKE, 0, 1)
                + struct.pack(">hhh", SASL_AUTHENTICATE, 0, 0))

    def authenticate(self, client, broker):
        """The mechanism by which somebody was let in."""
        mechanism = talk = None
        while True:
            request = frame(client)
            key, version, correlation, size = struct.unpack(">hhih", request[:10])
            body = request[10 + max(size, 0):]
            head = struct.pack(">i", correlation)
            if key == API_VERSIONS and version > 0:
                send(client, head + struct.pack(">hihhh", UNSUPPORTED_VERSION, 1, API_VERSIONS, 0, 0))
            elif key == API_VERSIONS:
                send(client, self.versions(broker, correlation))
            elif key == SASL_HANDSHAKE:
                mechanism = body[2:].decode()
                talk = MECHANISMS[mechanism](self.users, self.strict) if mechanism in MECHANISMS else None
                send(client, head + struct.pack(">hi", 0 if talk else UNSUPPORTED_MECHANISM, len(MECHANISMS))
                     + b"".join(map(text, MECHANISMS)))
            elif key == SASL_AUTHENTICATE and talk:
                try:
                    said, done = talk.step(body[4:])
                except PermissionError as why:
                    send(client, head + struct.pack(">h", AUTHENTICATION_FAILED) + text(str(why))
                         + struct.pack(">i", 0))
                    raise
                send(client, head + struct.pack(">hhi", 0, -1, len(said)) + said)
                if done:
                    return mechanism
            else:
                raise PermissionError(f"request {key} of nobody")
