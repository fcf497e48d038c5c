//! Bodies on their way through a compression.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::compressor::{Algorithm, Compressor};
use crate::http::{Body, body::BodyError};

/// Compresses another body. When that has nothing more to offer for the moment, what was held back is sent: a stream
/// arrives as it is made.
pub(super) struct CompressedBody {
    inner: Body,
    /// `None` once it has finished.
    compressor: Option<Compressor>,
    /// What is still to be compressed.
    pending: Bytes,
    /// Whether the compression holds something back.
    holds: bool,
    trailers: Option<Frame<Bytes>>,
}

/// How much is compressed at once: other connections of the shard wait meanwhile.
const SLICE: usize = 64 * 1024;
/// Pieces smaller than this are gathered while there is more to compress.
const ENOUGH: usize = 4 * 1024;

impl CompressedBody {
    pub(super) fn new(inner: Body, algorithm: Algorithm) -> io::Result<Self> {
        let compressor = Some(Compressor::new(algorithm)?);
        Ok(Self { inner, compressor, pending: Bytes::new(), holds: false, trailers: None })
    }

    fn finish(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        let compressor = self.compressor.take()?;
        Some(compressor.finish().map(|rest| Frame::data(rest.into())).map_err(Into::into))
    }
}

impl http_body::Body for CompressedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        loop {
            let Some(compressor) = &mut this.compressor else {
                return Poll::Ready(this.trailers.take().map(Ok));
            };
            if this.pending.is_empty() {
                match Pin::new(&mut this.inner).poll_frame(cx) {
                    Poll::Pending => {
                        if !std::mem::take(&mut this.holds) {
                            return Poll::Pending;
                        }
                        compressor.flush()?;
                        return Poll::Ready(Some(Ok(Frame::data(compressor.take().into()))));
                    }
                    Poll::Ready(None) => return Poll::Ready(this.finish()),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => this.pending = data,
                        Err(trailers) => {
                            this.trailers = Some(trailers);
                            return Poll::Ready(this.finish());
                        }
                    },
                }
            }
            let slice = this.pending.split_to(this.pending.len().min(SLICE));
            compressor.write(&slice)?;
            this.holds |= !slice.is_empty();
            if compressor.has(ENOUGH) {
                return Poll::Ready(Some(Ok(Frame::data(compressor.take().into()))));
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
