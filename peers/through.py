"""A client of HTTP/1.1 whose requests Caddis passes to a peer by HTTP/3. Arguments: the port, and the authority's certificate."""

import asyncio
import json
import ssl
import sys

from reporting import Checks, equal

PORT, ROOT = int(sys.argv[1]), sys.argv[2]
MEBIBYTE = bytes(1 << 20)


async def connect():
    context = ssl.create_default_context(cafile=ROOT)
    return await asyncio.open_connection("127.0.0.1", PORT, ssl=context, server_hostname="localhost")


async def exchange(request, body=b""):
    """The status, the content, and what follows it."""
    reader, writer = await connect()
    writer.write(f"{request}\r\nHost: localhost:{PORT}\r\nTE: trailers\r\nConnection: TE, close\r\n".encode())
    writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    content, rest = b"", b""
    if b"transfer-encoding: chunked" in head.lower():
        while size := int(await reader.readline(), 16):
            content += await reader.readexactly(size)
            await reader.readline()
        rest = await reader.read()
    else:
        content = await reader.read()
    writer.close()
    return int(head.split()[1]), content, rest


async def get():
    status, content, rest = await exchange("GET /x?y HTTP/1.1")
    told = json.loads(content)
    equal((status, told["head"][":method"], told["head"][":path"]), (200, "GET", "/x?y"))
    equal(b"x-sum: 42" in rest.lower(), True)


async def post():
    status, content, _ = await exchange("POST /post HTTP/1.1", MEBIBYTE)
    equal((status, json.loads(content)["length"]), (200, len(MEBIBYTE)))


async def websocket():
    reader, writer = await connect()
    writer.write(
        f"GET /socket HTTP/1.1\r\nHost: localhost:{PORT}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    equal(head.split()[1], b"101")
    equal(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, True)
    for message in [b"hello", b"again"]:
        writer.write(message)
        equal(await asyncio.wait_for(reader.readexactly(len(message)), 20), message)
    writer.close()


async def main():
    checks = Checks()
    await checks.run("GET with trailers", get)
    await checks.run("POST of 1 MiB", post)
    if "--no-connect" not in sys.argv:
        await checks.run("WebSocket (RFC 9220)", websocket)
    checks.end()


asyncio.run(main())
