//! A body on its way to the peer, in DATA frames.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use caddis_h3::{frame, message::write};

use super::{Failed, Outbound, SendError};
use crate::http::{body::BodyError, connection::outgoing::Promise, trailers};

/// Why a body was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsent {
    /// The body itself has broken off.
    #[error(transparent)]
    Body(BodyError),
    /// It has another length than was promised.
    #[error("the body has another length than its head says")]
    Length,
    /// The peer has gone, or wants no more.
    #[error("the peer wants no more")]
    Gone,
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Sends the head, and the body as it comes, but not the end of the stream. The body is asked for nothing while the peer has
/// no room for what came.
///
/// # Errors
/// When not all of it is sent. The stream is not reset yet.
pub(crate) async fn send_body<B>(
    head: Bytes,
    mut body: B,
    mut promise: Promise,
    outbound: &mut Outbound,
    failed: &Failed,
) -> Result<(), Unsent>
where
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let mut gone = pin!(outbound.done());
    // Sent along with the first content if that is there already.
    let mut head = Some(head);
    loop {
        let next = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(Next::Frame(frame)),
            Poll::Pending if head.is_some() => Poll::Ready(Next::Head),
            Poll::Pending if failed.code().is_some() => Poll::Ready(Next::Gone),
            Poll::Pending => gone.as_mut().poll(cx).map(|_| Next::Gone),
        })
        .await;
        let frame = match next {
            Next::Head => {
                outbound.write(head.as_mut_slice()).await?;
                head = None;
                continue;
            }
            Next::Gone => return Err(Unsent::Gone),
            Next::Frame(Some(Ok(frame))) => frame,
            Next::Frame(Some(Err(error))) => {
                outbound.write(head.as_mut_slice()).await?;
                return Err(Unsent::Body(error));
            }
            Next::Frame(None) => {
                outbound.write(head.as_mut_slice()).await?;
                return if promise.is_kept() { Ok(()) } else { Err(Unsent::Length) };
            }
        };
        match frame.into_data() {
            Ok(data) => {
                let taken = promise.take(data, body.is_end_stream());
                let (data, last) = taken.map_err(|_| Unsent::Length)?;
                send(head.take(), data, outbound).await?;
                if last {
                    return Ok(());
                }
            }
            Err(frame) => {
                if let Ok(mut fields) = frame.into_trailers() {
                    if !promise.is_kept() {
                        return Err(Unsent::Length);
                    }
                    trailers::strip(&mut fields);
                    let mut out = BytesMut::from(head.take().unwrap_or_default());
                    write::trailers(&fields, &mut out);
                    outbound.write(&mut [out.freeze()]).await?;
                    return Ok(());
                }
            }
        }
    }
}

/// What is next to be done for a message.
enum Next {
    Head,
    Frame(Option<Result<http_body::Frame<Bytes>, BodyError>>),
    Gone,
}

/// Sends content as a frame, behind the head if that was not sent yet.
async fn send(head: Option<Bytes>, data: Bytes, outbound: &mut Outbound) -> Result<(), Unsent> {
    if data.is_empty() {
        if let Some(head) = head {
            outbound.write(&mut [head]).await?;
        }
        return Ok(());
    }
    let mut begin = BytesMut::from(head.unwrap_or_default());
    frame::data(data.len() as u64, &mut begin);
    outbound.write(&mut [begin.freeze(), data]).await?;
    Ok(())
}
