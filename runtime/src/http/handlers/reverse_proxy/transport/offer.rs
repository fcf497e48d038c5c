//! What an upstream offers in the first frame that it sends on an HTTP/2 connection: whether streams may carry WebSockets
//! (RFC 8441, section 3). The HTTP library knows it too, but not whether the frame has come yet.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
};

use crate::http::connection::write_to;

/// Header of a frame (RFC 9113, section 4.1) and one setting (section 6.5.1), in bytes.
const HEADER: usize = 9;
const SETTING: usize = 6;
const SETTINGS: u8 = 4;
const ENABLE_CONNECT_PROTOCOL: u16 = 8;

/// Whether extended CONNECT is offered; `None` while nothing is known.
pub(super) type Offer = watch::Receiver<Option<bool>>;

/// A connection of which the first frame is looked at as it comes.
#[derive(Debug)]
pub(super) struct Sniffed<S> {
    stream: S,
    /// What was read of the frame; `None` once that is done.
    frame: Option<Vec<u8>>,
    offer: watch::Sender<Option<bool>>,
}

impl<S> Sniffed<S> {
    pub(super) fn new(stream: S) -> (Self, Offer) {
        let (offer, receiver) = watch::channel(None);
        (Self { stream, frame: Some(Vec::new()), offer }, receiver)
    }

    fn sniff(&mut self, read: &[u8]) {
        let Some(frame) = &mut self.frame else { return };
        frame.extend_from_slice(read);
        if let Some(offered) = offered(frame) {
            self.frame = None;
            self.offer.send_replace(Some(offered));
        }
    }
}

/// What the frame says, once it is there.
fn offered(frame: &[u8]) -> Option<bool> {
    let header = frame.get(..HEADER)?;
    let length = usize::try_from(u32::from_be_bytes([0, header[0], header[1], header[2]])).ok()?;
    // A peer that begins with something else breaks the protocol, as the library finds out.
    if header[3] != SETTINGS || length > 16_384 {
        return Some(false);
    }
    let settings = frame.get(HEADER..HEADER + length)?.chunks_exact(SETTING);
    let mut ours = settings.filter(|setting| setting[..2] == ENABLE_CONNECT_PROTOCOL.to_be_bytes());
    Some(ours.next_back().is_some_and(|setting| setting[2..] == 1_u32.to_be_bytes()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Sniffed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.sniff(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

write_to!(Sniffed<S>, this => Sniffed { stream, .. } => stream; S: AsyncWrite + Unpin);

#[cfg(test)]
mod tests {
    use super::offered;

    #[test]
    fn the_first_frame_tells() {
        let with = [0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 8, 0, 0, 0, 1];
        for end in 0..with.len() {
            assert_eq!(offered(&with[..end]), None, "{end} bytes are not all");
        }
        assert_eq!(offered(&with), Some(true));
        assert_eq!(offered(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]), Some(false));
        assert_eq!(offered(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9]), Some(false), "no settings");
        assert_eq!(offered(b"HTTP/1.1 400 "), Some(false));
    }
}
