"""aioquic as a client of WebTransport, through Caddis. Arguments: the port, and the file of the authority's certificate.

The first line of a bidirectional stream is a command of the upstream, which is in rust/src/sessions.rs.
"""

import asyncio

from aioquic.h3.events import DatagramReceived, HeadersReceived, WebTransportStreamDataReceived
from aioquic.quic.events import StopSendingReceived, StreamReset

import aioquic_client
from aioquic_client import configuration
from reporting import Checks, equal
from webtransport import close_capsule, from_http3, mark, read_close, to_http3


class Sessions(aioquic_client.Client):
    """A connection with one session."""

    webtransport = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.datagrams, self.incoming, self.stops = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()
        self.settled = asyncio.Event()

    def quic_event_received(self, event):
        if isinstance(event, StopSendingReceived):
            self.stops.put_nowait((event.stream_id, event.error_code))
        if isinstance(event, StreamReset) and event.stream_id in self.streams:
            self.streams[event.stream_id].put_nowait(event)
        for told in self.http.handle_event(event):
            if isinstance(told, DatagramReceived):
                self.datagrams.put_nowait(told.data)
                continue
            if isinstance(told, WebTransportStreamDataReceived) and told.stream_id not in self.streams:
                self.streams[told.stream_id] = asyncio.Queue()
                self.incoming.put_nowait(told.stream_id)
            self.streams[told.stream_id].put_nowait(told)
        if self.http.received_settings is not None:
            self.settled.set()

    async def begin(self):
        await asyncio.wait_for(self.settled.wait(), 20)
        fields = [(":protocol", "webtransport"), ("sec-webtransport-http3-draft02", "1")]
        self.session = self.open("CONNECT", "/session", fields, end=False)
        self.transmit()
        head = await self.next(self.session)
        equal((type(head), dict(head.headers)[b":status"]), (HeadersReceived, b"200"))

    def command(self, text, end=True):
        stream = self.http.create_webtransport_stream(self.session)
        mark(self.http, stream, self.session)
        self.streams[stream] = asyncio.Queue()
        self._quic.send_stream_data(stream, text, end_stream=end)
        self.transmit()
        return stream

    async def all(self, stream):
        content = b""
        while not (event := await self.next(stream)).stream_ended:
            content += event.data
        return content + event.data

    async def until_seen(self, what):
        while await self.all(self.command(b"seen\n")) != what:
            pass


class Session:
    async def __aenter__(self):
        config = configuration(max_datagram_frame_size=65536)
        self.context = aioquic_client.connect(
            "127.0.0.1", aioquic_client.PORT, configuration=config, create_protocol=Sessions
        )
        connection = await self.context.__aenter__()
        await connection.begin()
        return connection

    async def __aexit__(self, *error):
        await self.context.__aexit__(*error)


async def bidirectional():
    async with Session() as session:
        stream = session.command(b"echo\nthere and back")
        equal(await session.all(stream), b"there and back")


async def unidirectional():
    async with Session() as session:
        stream = session.http.create_webtransport_stream(session.session, is_unidirectional=True)
        session._quic.send_stream_data(stream, b"there and back", end_stream=True)
        session.transmit()
        back = await asyncio.wait_for(session.incoming.get(), 20)
        equal(await session.all(back), b"there and back")


async def datagrams():
    async with Session() as session:
        session.http.send_datagram(session.session, b"perhaps")
        session.transmit()
        equal(await asyncio.wait_for(session.datagrams.get(), 20), b"perhaps")


async def codes():
    async with Session() as session:
        stream = session.command(b"reset 7\n", end=False)
        event = await asyncio.wait_for(session.streams[stream].get(), 20)
        equal((type(event), from_http3(event.error_code)), (StreamReset, 7))
        stream, stopped = session.command(b"stop 9\n", end=False), None
        # The stream that was reset is read no further either.
        while stopped != stream:
            stopped, code = await asyncio.wait_for(session.stops.get(), 20)
        equal(from_http3(code), 9)
        stream = session.command(b"echo\nx", end=False)
        equal((await session.next(stream)).data, b"x")
        session._quic.reset_stream(stream, to_http3(33))
        session.transmit()
        await session.until_seen(b"reset 33")
        stream = session.command(b"flood\n", end=False)
        await session.next(stream)
        session._quic.stop_stream(stream, to_http3(21))
        session.transmit()
        await session.until_seen(b"stop 21")


async def closes():
    async with Session() as session:
        session.command(b"close 55 srv-bye\n", end=False)
        equal(read_close((await session.next(session.session)).data), (55, "srv-bye"))
    async with Session() as session:
        session.http.send_data(session.session, close_capsule(42, "bye"), end_stream=True)
        session.transmit()
        async with Session() as other:
            await other.until_seen(b"close 42 bye")


async def main():
    checks = Checks()
    await checks.run("bidirectional streams", bidirectional)
    await checks.run("unidirectional streams", unidirectional)
    await checks.run("datagrams", datagrams)
    await checks.run("reset and stop both ways", codes)
    await checks.run("close both ways", closes)
    checks.end()


asyncio.run(main())
