"""aioquic as an upstream: tells what it was asked, and echoes in extended CONNECT. Prints its address.

In sessions of WebTransport it does what it is told, as the one in rust/src/sessions.rs.
"""

import asyncio
import datetime
import json
import re

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, DatagramReceived, HeadersReceived, WebTransportStreamDataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import stream_is_unidirectional
from aioquic.quic.events import StopSendingReceived, StreamReset
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from webtransport import close_capsule, from_http3, read_close, to_http3


class Server(QuicConnectionProtocol):
    # What clients have used last: `reset CODE`, `stop CODE` or `close CODE REASON`.
    seen = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic, enable_webtransport=True)
        self.requests = {}
        # Streams of sessions: what has come, and whether its first line was obeyed.
        self.streams = {}

    def quic_event_received(self, event):
        if isinstance(event, StreamReset) and event.stream_id in self.streams:
            Server.seen = f"reset {from_http3(event.error_code)}"
        if isinstance(event, StopSendingReceived) and event.stream_id in self.streams:
            Server.seen = f"stop {from_http3(event.error_code)}"
        for told in self.http.handle_event(event):
            if isinstance(told, WebTransportStreamDataReceived):
                self.streamed(told)
            elif isinstance(told, DatagramReceived):
                self.http.send_datagram(told.stream_id, told.data)
            elif isinstance(told, HeadersReceived) and told.stream_id not in self.requests:
                self.begin(told)
            elif isinstance(told, DataReceived):
                self.more(told.stream_id, told.data)
            if isinstance(told, (HeadersReceived, DataReceived)) and told.stream_ended:
                self.end(told.stream_id)
        self.transmit()

    def begin(self, event):
        head = {name.decode(): value.decode() for name, value in event.headers}
        self.requests[event.stream_id] = {"head": head, "length": 0}
        if head[":method"] == "CONNECT":
            offered = re.match('"[^"]*"', head.get("wt-available-protocols", ""))
            chosen = [(b"wt-protocol", offered[0].encode())] if offered else []
            self.http.send_headers(event.stream_id, [(b":status", b"200"), *chosen])

    def more(self, stream, data):
        request = self.requests[stream]
        request["length"] += len(data)
        if request["head"].get(":protocol") == "webtransport":
            if data and (closed := read_close(data)):
                Server.seen = "close {} {}".format(*closed)
        elif request["head"][":method"] == "CONNECT":
            self.http.send_data(stream, data, end_stream=False)

    def streamed(self, event):
        """Takes what has come on a stream of a session."""
        stream, send = event.stream_id, self._quic.send_stream_data
        content = self.streams.get(stream, b"") + event.data
        self.streams[stream] = content
        if stream_is_unidirectional(stream):
            if event.stream_ended:
                back = self.http.create_webtransport_stream(event.session_id, is_unidirectional=True)
                send(back, content, end_stream=True)
            return
        line, newline, rest = content.partition(b"\n")
        if not newline:
            return
        obeyed = len(content) - len(event.data) > len(line)
        match line.decode().split(" ", 2):
            case ["echo"]:
                self.streams[stream] = b"echo\n"
                send(stream, rest, end_stream=event.stream_ended)
            case _ if obeyed:
                pass
            case ["reset", code]:
                self._quic.reset_stream(stream, to_http3(int(code)))
            case ["stop", code]:
                self._quic.stop_stream(stream, to_http3(int(code)))
            case ["close", code, reason]:
                self.http.send_data(event.session_id, close_capsule(int(code), reason), end_stream=True)
            case ["flood"]:
                send(stream, bytes(1 << 16))
            case ["seen"]:
                send(stream, Server.seen.encode(), end_stream=True)

    def end(self, stream):
        request = self.requests[stream]
        if request["head"][":method"] == "CONNECT":
            # The end of a session was said with its close.
            if request["head"][":protocol"] == "websocket":
                self.http.send_data(stream, b"", end_stream=True)
            return
        self.http.send_headers(stream, [(b":status", b"200"), (b"content-type", b"application/json")])
        self.http.send_data(stream, json.dumps(request).encode(), end_stream=False)
        self.http.send_headers(stream, [(b"x-sum", b"42")], end_stream=True)


def identity(config):
    """A certificate that nobody has signed."""
    config.private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(config.private_key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=9))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    config.certificate = made.sign(config.private_key, hashes.SHA256())


async def main():
    config = QuicConfiguration(
        alpn_protocols=H3_ALPN, is_client=False, max_datagram_frame_size=65536
    )
    identity(config)
    server = await serve("127.0.0.1", 0, configuration=config, create_protocol=Server)
    host, port = server._transport.get_extra_info("sockname")[:2]
    print(f"{host}:{port}", flush=True)
    await asyncio.Future()


asyncio.run(main())
