"""libcurl on ngtcp2 and nghttp3, as curl_cffi has it, as a client of Caddis. Arguments: the port, and the authority's certificate."""

import asyncio
import hashlib
import json
import sys

from curl_cffi import CurlHttpVersion, requests

from reporting import Checks, equal

PORT, ROOT = int(sys.argv[1]), sys.argv[2]
MEBIBYTE = bytes(at % 251 for at in range(1 << 20))


def session():
    return requests.Session(http_version=CurlHttpVersion.V3ONLY, verify=ROOT, timeout=20)


async def get():
    with session() as curl:
        for _ in range(3):
            equal(curl.get(f"https://localhost:{PORT}/proto").text, "HTTP/3.0")


async def post():
    with session() as curl:
        told = curl.post(f"https://localhost:{PORT}/post", data=MEBIBYTE).json()
        equal((told["length"], told["sha256"]), (len(MEBIBYTE), hashlib.sha256(MEBIBYTE).hexdigest()))


async def head():
    with session() as curl:
        answer = curl.head(f"https://localhost:{PORT}/head")
        equal((answer.status_code, answer.content), (200, b""))


async def main():
    checks = Checks()
    await checks.run("GET", get)
    await checks.run("POST of 1 MiB", post)
    await checks.run("HEAD", head)
    checks.end()


asyncio.run(main())
