//! The head of a response (RFC 9114 section 4.3.2).

use bytes::Bytes;
use http::{Response, StatusCode, response};

use super::{
    Received, VERSION,
    fields::{Fields, bad_name, late, once},
};
use crate::{
    Error,
    qpack::{Field, Name},
};

#[derive(Debug, Default)]
pub(super) struct Head {
    status: Option<Bytes>,
    fields: Fields,
}

impl Head {
    pub(super) fn take(&mut self, field: Field) -> Result<(), Error> {
        match field.name {
            Name::Field(name) => self.fields.take(name, field.value, field.sensitive),
            Name::Status if self.fields.any => Err(late()),
            Name::Status => once(&mut self.status, field.value),
            Name::Malformed => Err(bad_name()),
            Name::Authority | Name::Method | Name::Path | Name::Protocol | Name::Scheme => {
                Err(Error::message("a response has a pseudo-header field of requests"))
            }
        }
    }

    pub(super) fn finish(self) -> Result<Received<response::Parts>, Error> {
        let status = self.status.ok_or(Error::message("a response has no :status"))?;
        let status =
            StatusCode::from_bytes(&status).map_err(|_| Error::message(":status is not a status"))?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::message("status 101 does not exist in HTTP/3"));
        }
        if self.fields.te {
            return Err(Error::message("a response has te"));
        }
        let fields = self.fields.finish()?;
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.status = status;
        parts.version = VERSION;
        parts.headers = fields.headers;
        Ok(Received { parts, content_length: fields.content_length })
    }
}
