"""An upstream that speaks HTTP/1.1: tells what it was asked, has trailers, and echoes after an upgrade. Prints its
address, and then what pages report."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path

# RFC 6455, section 1.3.
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Whether a page has made its last report.
ENDED = asyncio.Event()
PAGE = Path(__file__).with_name("page.html")


async def lines(reader):
    """Fields up to an empty line."""
    fields = {}
    while line := (await reader.readline()).decode().rstrip("\r\n"):
        name, value = line.split(":", 1)
        fields[name.lower()] = value.strip()
    return fields


async def content(reader, head):
    """What was sent, and its trailers."""
    if head.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(head.get("content-length", 0))), {}
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    return body, await lines(reader)


async def serve(reader, writer):
    try:
        while start := await reader.readline():
            method, path, _ = start.decode().split()
            head = await lines(reader)
            if "upgrade" in head:
                digest = hashlib.sha1((head.get("sec-websocket-key", "") + GUID).encode()).digest()
                accept = base64.b64encode(digest).decode()
                writer.write(
                    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
                )
                while data := await reader.read(65536):
                    writer.write(data)
                break
            body, trailers = await content(reader, head)
            told = {"method": method, "path": path, "length": len(body), "trailers": trailers, "head": head}
            told["sha256"] = hashlib.sha256(body).hexdigest()
            answer, kind = json.dumps(told).encode(), "application/json"
            if path.startswith("/page?"):
                answer, kind = PAGE.read_bytes(), "text/html"
            if path == "/report":
                print(body.decode(), flush=True)
                body == b"end" and ENDED.set()
            if path == "/until-end":
                await ENDED.wait()
            if method == "HEAD":
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode())
                continue
            # Chromium now and then takes a response over HTTP/3 that ends in trailers for a broken one.
            sums = "" if "sec-fetch-mode" in head else "X-Sum: 42\r\n"
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
                + f"{len(answer):x}\r\n".encode()
                + answer
                + f"\r\n0\r\n{sums}\r\n".encode()
            )
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"{host}:{port}", flush=True)
    await server.serve_forever()


asyncio.run(main())
