"""What WebTransport adds to HTTP/3 and aioquic leaves to its users."""

from aioquic.buffer import Buffer
from aioquic.h3.connection import FrameType

# Where the codes of applications begin among those of HTTP/3; every thirtieth after that is reserved.
FIRST = 0x52E4A40FA8DB
CLOSE_SESSION = 0x2843


def to_http3(code):
    return FIRST + code + code // 0x1E


def from_http3(code):
    code -= FIRST
    return code - code // 0x1F


def close_capsule(code, reason):
    buffer = Buffer(capacity=1024)
    buffer.push_uint_var(CLOSE_SESSION)
    buffer.push_uint_var(4 + len(reason))
    buffer.push_uint32(code)
    buffer.push_bytes(reason.encode())
    return buffer.data


def read_close(data):
    """The code and the reason; `None` if the capsule is another one."""
    buffer = Buffer(data=data)
    kind, length = buffer.pull_uint_var(), buffer.pull_uint_var()
    if kind != CLOSE_SESSION:
        return None
    return buffer.pull_uint32(), buffer.pull_bytes(length - 4).decode()


def mark(http, stream, session):
    """Says that what comes back on a stream of our own is no frames, which aioquic does not know by itself."""
    with http._get_or_create_stream(stream) as kept:
        kept.frame_type, kept.session_id = FrameType.WEBTRANSPORT_STREAM, session
