//! A WebSocket as a stream of HTTP/2 (RFC 8441, section 5): what is different from the upgrade of HTTP/1.1, to which the
//! answer is made to look the same.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Method, Response, StatusCode, header};

use super::Request;
use crate::http::Body;

/// What servers mix into their answer to a key (RFC 6455, section 1.3).
const ACCEPT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Turns a request of HTTP/2 form into an extended CONNECT; gives the answer to the key that it had.
pub(super) fn ask(request: &mut Request) -> Option<HeaderValue> {
    *request.method_mut() = Method::CONNECT;
    *request.body_mut() = Body::Empty;
    request.headers_mut().remove(header::CONTENT_LENGTH);
    let key = request.headers_mut().remove(header::SEC_WEBSOCKET_KEY)?;
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), ACCEPT].concat());
    HeaderValue::from_str(&STANDARD.encode(digest)).ok()
}

/// Makes an upgrade of the answer.
pub(super) fn as_upgrade(response: &mut Response<Body>, accept: Option<HeaderValue>) {
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Some(accept) = accept {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
}
