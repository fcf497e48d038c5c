"""aioquic as an upstream: tells what it was asked, and echoes in extended CONNECT. Prints its address."""

import asyncio
import datetime
import json

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


class Server(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.requests = {}

    def quic_event_received(self, event):
        for told in self.http.handle_event(event):
            if isinstance(told, HeadersReceived) and told.stream_id not in self.requests:
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
            self.http.send_headers(event.stream_id, [(b":status", b"200")])

    def more(self, stream, data):
        request = self.requests[stream]
        request["length"] += len(data)
        if request["head"][":method"] == "CONNECT":
            self.http.send_data(stream, data, end_stream=False)

    def end(self, stream):
        request = self.requests[stream]
        if request["head"][":method"] == "CONNECT":
            return self.http.send_data(stream, b"", end_stream=True)
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
    config = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False, max_datagram_frame_size=65536)
    identity(config)
    server = await serve("127.0.0.1", 0, configuration=config, create_protocol=Server)
    host, port = server._transport.get_extra_info("sockname")[:2]
    print(f"{host}:{port}", flush=True)
    await asyncio.Future()


asyncio.run(main())
