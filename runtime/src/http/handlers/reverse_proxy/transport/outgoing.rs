//! A request on its way to an upstream.

use http::{HeaderValue, header};

use super::{super::request::Fields, Request};

/// A request whose fields are those of the client's, as long as nobody changes them.
pub(in super::super) struct Outgoing<'a> {
    /// Without fields while they are lent.
    request: Request,
    lent: Option<Fields<'a>>,
}

impl From<Request> for Outgoing<'_> {
    fn from(request: Request) -> Self {
        Self { request, lent: None }
    }
}

impl<'a> Outgoing<'a> {
    /// A request that has its fields from elsewhere.
    pub(in super::super) fn lent(request: Request, fields: Fields<'a>) -> Self {
        Self { request, lent: Some(fields) }
    }

    /// Whether it says which host it is for.
    pub(super) fn has_host(&self) -> bool {
        match &self.lent {
            Some(fields) => fields.host().is_some(),
            None => self.request.headers().contains_key(header::HOST),
        }
    }

    /// Makes it one for this host.
    pub(super) fn set_host(&mut self, host: HeaderValue) {
        match &mut self.lent {
            Some(fields) => fields.set_host(host),
            None => _ = self.request.headers_mut().insert(header::HOST, host),
        }
    }

    /// The request, to be changed.
    pub(in super::super) fn whole_mut(&mut self) -> &mut Request {
        if let Some(fields) = self.lent.take() {
            *self.request.headers_mut() = fields.to_map();
        }
        &mut self.request
    }

    /// The request with fields of its own.
    pub(in super::super) fn into_whole(mut self) -> Request {
        self.whole_mut();
        self.request
    }

    /// The request, and the fields that it does not have itself.
    pub(super) fn into_parts(self) -> (Request, Option<Fields<'a>>) {
        (self.request, self.lent)
    }
}
