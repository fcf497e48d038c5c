//! What responses have in common on the versions that have streams.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header, response::Parts};

use crate::http::{
    body::{BodyError, announced_length},
    date, hop_by_hop,
};

/// Fields that are about a connection, and that messages on streams have none of (RFC 9113, section 8.2.2; RFC 9114, section
/// 4.2).
const CONNECTION_SPECIFIC: [HeaderName; 6] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Makes the fields those of a message on a stream.
pub(super) fn prepare(headers: &mut HeaderMap) {
    strip(headers);
    headers.entry(header::DATE).or_insert_with(date::now);
}

/// Removes the fields that are about a connection.
pub(crate) fn strip(headers: &mut HeaderMap) {
    hop_by_hop::strip(headers, |name| CONNECTION_SPECIFIC.contains(name));
}

/// Makes the head ready to be sent. What is promised of the body; `None` if the head is all there is.
pub(super) fn finish_head<B>(head: &mut Parts, body: &B, to_head: bool) -> Option<Promise>
where
    B: http_body::Body<Data = Bytes, Error = BodyError>,
{
    prepare(&mut head.headers);
    let bodiless = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !bodiless
        && !body.is_end_stream()
        && let Some(length) = body.size_hint().exact()
    {
        head.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    let declared = announced_length(&head.headers);
    let empty = body.is_end_stream() && declared.is_none_or(|length| length == 0);
    (!bodiless && !to_head && !empty).then_some(Promise(declared))
}

/// Bytes that the head has promised and that were not sent yet; `None` if it has promised nothing.
pub(crate) struct Promise(Option<u64>);

/// There is less than was promised.
pub(crate) struct Broken;

impl Promise {
    /// What the length of a head promises.
    pub(crate) fn new(length: Option<u64>) -> Self {
        Self(length)
    }

    /// Takes data to send, but for what goes beyond the promise, and whether it is the last.
    pub(crate) fn take(&mut self, mut data: Bytes, mut last: bool) -> Result<(Bytes, bool), Broken> {
        if let Some(left) = &mut self.0 {
            let room = usize::try_from(*left).unwrap_or(usize::MAX);
            if data.len() > room {
                data.truncate(room);
                last = true;
            }
            *left -= data.len() as u64;
            if last && *left > 0 {
                return Err(Broken);
            }
        }
        Ok((data, last))
    }

    /// Whether the body may end now.
    pub(crate) fn is_kept(&self) -> bool {
        self.0.is_none_or(|left| left == 0)
    }
}
