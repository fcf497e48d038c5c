//! What the admin API answers: JSON with a newline, errors as `{"error": …}`.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;

use crate::control::LoadError;

/// An answer.
pub(super) type Reply = Response<Full<Bytes>>;

/// An error with its status.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The client sent something wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// `{"error":"…"}`.
    pub(super) fn into_reply(self) -> Reply {
        let body = format!("{}\n", serde_json::json!({ "error": self.message }));
        let mut reply = json(body);
        *reply.status_mut() = self.status;
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().remove(header::ALLOW);
        }
        reply
    }
}

/// A configuration that cannot be loaded is the client's fault: 400 where Caddy says 500 for changes by path.
impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        let status = match error {
            LoadError::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            LoadError::Json(_) | LoadError::Config(_) | LoadError::Build(_) | LoadError::Admin(_) => {
                StatusCode::BAD_REQUEST
            }
        };
        Self::new(status, format!("loading new config: {error}"))
    }
}

/// 200 without content.
pub(super) fn done() -> Reply {
    Response::new(Full::default())
}

/// 200 with JSON.
pub(super) fn json(body: impl Into<Bytes>) -> Reply {
    content("application/json", body)
}

/// 200 with content of a type.
pub(super) fn content(media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    reply
}
