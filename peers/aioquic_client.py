"""aioquic as a client of Caddis. Arguments: the port, and the file of the authority's certificate."""

import asyncio
import hashlib
import json
import select
import socket
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, StreamReset

from reporting import Checks, equal

PORT, ROOT = int(sys.argv[1]), sys.argv[2]
MEBIBYTE = bytes(at % 251 for at in range(1 << 20))
# More handshakes at once than Caddis serves on a shard before it asks for proofs of addresses.
CROWD = 1200


class Client(QuicConnectionProtocol):
    """One connection, whose events go to those who wait for a stream."""

    webtransport = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic, enable_webtransport=self.webtransport)
        self.streams = {}
        self.finished = None

    def quic_event_received(self, event):
        if isinstance(event, HandshakeCompleted):
            self.finished = event
        if isinstance(event, (StreamReset, ConnectionTerminated)):
            for queue in self.streams.values():
                queue.put_nowait(event)
        for told in self.http.handle_event(event):
            if isinstance(told, (HeadersReceived, DataReceived)):
                self.streams[told.stream_id].put_nowait(told)

    def open(self, method, path, fields=(), end=True):
        """Sends the head of a request."""
        stream = self._quic.get_next_available_stream_id()
        self.streams[stream] = asyncio.Queue()
        head = [(":method", method), (":scheme", "https"), (":authority", f"localhost:{PORT}"), (":path", path)]
        head = [(name.encode(), value.encode()) for name, value in [*head, *fields]]
        self.http.send_headers(stream, head, end_stream=end)
        return stream

    async def next(self, stream):
        event = await asyncio.wait_for(self.streams[stream].get(), 20)
        if isinstance(event, (StreamReset, ConnectionTerminated)):
            raise AssertionError(event)
        return event

    async def answer(self, stream):
        """The status, the content and the trailers."""
        self.transmit()
        heads, body = [], b""
        while True:
            event = await self.next(stream)
            if isinstance(event, HeadersReceived):
                heads.append({name.decode(): value.decode() for name, value in event.headers})
            else:
                body += event.data
            if event.stream_ended:
                return int(heads[0][":status"]), body, heads[0], heads[1] if len(heads) > 1 else {}

    async def get(self, path):
        status, body, _, _ = await self.answer(self.open("GET", path))
        equal(status, 200)
        return body.decode()


def configuration(**settings):
    config = QuicConfiguration(alpn_protocols=H3_ALPN, server_name="localhost", **settings)
    config.load_verify_locations(ROOT)
    return config


def client(config=None, **options):
    config = config or configuration()
    return connect("127.0.0.1", PORT, configuration=config, create_protocol=Client, **options)


async def get():
    async with client() as connection:
        equal(await connection.get("/proto"), "HTTP/3.0")
        equal(json.loads(await connection.get("/x?y"))["path"], "/x?y")


async def post():
    async with client() as connection:
        stream = connection.open("POST", "/post", end=False)
        connection.http.send_data(stream, MEBIBYTE, end_stream=True)
        status, body, _, _ = await connection.answer(stream)
        told = json.loads(body)
        digest = hashlib.sha256(MEBIBYTE).hexdigest()
        equal((status, told["length"], told["sha256"]), (200, len(MEBIBYTE), digest))


async def trailers():
    async with client() as connection:
        stream = connection.open("POST", "/post", [("trailer", "x-mine")], end=False)
        connection.http.send_data(stream, b"content", end_stream=False)
        connection.http.send_headers(stream, [(b"x-mine", b"7")], end_stream=True)
        status, body, _, trailers = await connection.answer(stream)
        told = json.loads(body)
        equal((status, told["length"], told["trailers"], trailers), (200, 7, {"x-mine": "7"}, {"x-sum": "42"}))


async def websocket():
    async with client() as connection:
        fields = [(":protocol", "websocket"), ("sec-websocket-version", "13")]
        stream = connection.open("CONNECT", "/socket", fields, end=False)
        connection.transmit()
        event = await connection.next(stream)
        equal(dict(event.headers)[b":status"], b"200")
        for message in [b"hello", b"again"]:
            connection.http.send_data(stream, message, end_stream=False)
            connection.transmit()
            echoed = b""
            while len(echoed) < len(message):
                echoed += (await connection.next(stream)).data
            equal(echoed, message)
        connection.http.send_data(stream, b"", end_stream=True)
        connection.transmit()
        while not (await connection.next(stream)).stream_ended:
            pass


async def key_update():
    async with client() as connection:
        for _ in range(3):
            await connection.get("/proto")
            connection.request_key_update()
        equal(await connection.get("/proto"), "HTTP/3.0")


async def migration():
    loop = asyncio.get_running_loop()
    async with client() as connection:
        await connection.get("/proto")
        for _ in range(4):
            new = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            new.bind(("::", 0, 0, 0))
            old = connection._transport
            await loop.create_datagram_endpoint(lambda: connection, sock=new)
            old.close()
            connection.change_connection_id()
            equal(await connection.get("/proto"), "HTTP/3.0")


async def early_data():
    tickets = []
    async with client(session_ticket_handler=tickets.append) as connection:
        equal(await connection.get("/early"), "late")
    equal(tickets[0].max_early_data_size, 0xFFFFFFFF)
    config = configuration(session_ticket=tickets[0])
    async with client(config, wait_connected=False) as connection:
        equal(await connection.get("/early"), "early")
        equal(connection.finished.early_data_accepted, True)


async def retry():
    """Handshakes that never end, from the address that a genuine client has then."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as crowd:
        crowd.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        crowd.bind(("::", 0, 0, 0))
        port, server = crowd.getsockname()[1], ("::ffff:127.0.0.1", PORT, 0, 0)
        for _ in range(CROWD):
            quic = QuicConnection(configuration=configuration())
            quic.connect(server, now=0.0)
            for datagram, address in quic.datagrams_to_send(now=0.0):
                crowd.sendto(datagram, address)
            # More at once than the server's socket holds would be lost.
            select.select([crowd], [], [], 0.5)
            while select.select([crowd], [], [], 0)[0]:
                crowd.recv(65536)
    async with client(local_port=port) as connection:
        equal(await connection.get("/proto"), "HTTP/3.0")
        equal(connection._quic._retry_source_connection_id is not None, True)


async def main():
    checks = Checks()
    # No HEAD: aioquic expects the content that is announced.
    for check in [get, post, trailers, websocket, key_update, migration, early_data, retry]:
        name = {"get": "GET", "post": "POST of 1 MiB", "websocket": "WebSocket (RFC 9220)"}
        name |= {"key_update": "key update", "early_data": "0-RTT", "retry": "Retry"}
        await checks.run(name.get(check.__name__, check.__name__), check)
    checks.end()


if __name__ == "__main__":
    asyncio.run(main())
