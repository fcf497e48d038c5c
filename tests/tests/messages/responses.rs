//! Responses that more than one meaning might be found in, and responses that have none.

/// What an upstream sends.
pub(super) struct Response {
    /// The method of the request.
    pub(super) method: &'static str,
    pub(super) sent: &'static [u8],
    /// Whether the upstream ends the connection then. Otherwise it waits for what comes.
    pub(super) ends: bool,
    /// The answers of Caddy 2.11.7 and nginx 1.22 to their clients.
    pub(super) caddy: &'static str,
    pub(super) nginx: &'static str,
}

const fn get(sent: &'static [u8], caddy: &'static str, nginx: &'static str) -> Response {
    Response { method: "GET", sent, ends: false, caddy, nginx }
}

const fn head(sent: &'static [u8], caddy: &'static str, nginx: &'static str) -> Response {
    Response { method: "HEAD", ..get(sent, caddy, nginx) }
}

const fn ends(sent: &'static [u8], caddy: &'static str, nginx: &'static str) -> Response {
    Response { ends: true, ..get(sent, caddy, nginx) }
}

pub(super) const ALL: &[Response] = &[
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200", "200"),
    ends(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok", "200", "nothing"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "200", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", "502", "200"),
    ends(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "200", "200"),
    get(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", "204", "204"),
    get(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "204", "204"),
    get(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok", "304", "304"),
    get(b"HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok", "205", "205"),
    head(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200", "200"),
    head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200", "200"),
    get(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200", "200"),
    get(b"HTTP/1.1 103 E\r\nContent-Length: 2\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200", "103"),
    ends(b"HTTP/1.1 100 Continue\r\n\r\n", "502", "100"),
    get(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "200", "101"),
    get(b"HTTP/1.1 099 L\r\nContent-Length: 2\r\n\r\nok", "nothing", "099"),
    get(b"HTTP/1.1 1000 L\r\nContent-Length: 2\r\n\r\nok", "502", "100"),
    get(b"HTTP/1.1 999 L\r\nContent-Length: 2\r\n\r\nok", "999", "999"),
    get(b"HTTP/1.1 200 \xff\xfe\r\nContent-Length: 2\r\n\r\nok", "200", "200"),
    get(b"HTTP/1.1 200 a\rb\r\nContent-Length: 2\r\n\r\nok", "200", "200"),
    get(b"ICY 200 OK\r\nContent-Length: 2\r\n\r\nok", "502", "no head"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\nok", "200", "502"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\nok", "200", "502"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX(: a\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX\r\n\r\nok", "502", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\rb\r\n\r\nok", "502", "502"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\0b\r\n\r\nok", "502", "502"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: \xff\r\n\r\nok", "200", "200"),
    get(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "200", "200"),
    get(b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "502", "200"),
    ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "200", "nothing"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nok\r\n0;x\r\n\r\n", "200", "200"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a\rb\r\nok\r\n0\r\n\r\n", "200", "nothing"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok", "200", "nothing"),
    get(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\nContent-Length: 5\r\nSet-Cookie: a\r\nTransfer-Encoding: chunked\r\n\r\n", "200", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Content-Length\r\n\r\nok", "200", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X\r\nX: y\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\n\r\nok", "200", "200"),
    get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTE: x\r\nUpgrade: h2c\r\nAlt-Svc: x\r\nServer: s\r\n\r\nok", "200", "200"),
];
