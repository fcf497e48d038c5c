//! A request on its way to an upstream.

use http::{HeaderValue, Method, Uri, header};

use super::{super::request::Fields, Request};
use crate::http::Body;

/// A request whose fields are those of the client's, as long as nobody changes them.
pub(in super::super) enum Outgoing<'a> {
    Lent(Lent<'a>),
    Whole(Request),
}

/// A request that has everything but its body from elsewhere.
pub(in super::super) struct Lent<'a> {
    pub(in super::super) method: &'a Method,
    pub(in super::super) uri: &'a Uri,
    pub(in super::super) fields: Fields<'a>,
    pub(in super::super) body: Body,
}

impl Lent<'_> {
    /// The request with fields of its own. It takes the body.
    fn whole(&mut self) -> Request {
        let mut request = Request::new(std::mem::take(&mut self.body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.fields.to_map();
        request
    }
}

impl From<Request> for Outgoing<'_> {
    fn from(request: Request) -> Self {
        Self::Whole(request)
    }
}

impl Outgoing<'_> {
    pub(super) fn method(&self) -> &Method {
        match self {
            Self::Lent(request) => request.method,
            Self::Whole(request) => request.method(),
        }
    }

    /// Whether it says which host it is for.
    pub(super) fn has_host(&self) -> bool {
        match self {
            Self::Lent(request) => request.fields.host().is_some(),
            Self::Whole(request) => request.headers().contains_key(header::HOST),
        }
    }

    /// Makes it one for this host.
    pub(super) fn set_host(&mut self, host: HeaderValue) {
        match self {
            Self::Lent(request) => request.fields.set_host(host),
            Self::Whole(request) => _ = request.headers_mut().insert(header::HOST, host),
        }
    }

    /// The request, to be changed.
    pub(in super::super) fn whole_mut(&mut self) -> &mut Request {
        if let Self::Lent(request) = self {
            *self = Self::Whole(request.whole());
        }
        match self {
            Self::Whole(request) => request,
            Self::Lent(_) => unreachable!("it was made whole in the lines above"),
        }
    }

    /// The request with fields of its own.
    pub(in super::super) fn into_whole(self) -> Request {
        match self {
            Self::Lent(mut request) => request.whole(),
            Self::Whole(request) => request,
        }
    }
}
