//! Reading datagrams. The kernel gives many of one peer as one, for which QUIC would keep 3 MB of buffers for each socket: here
//! they are read into the buffer of the shard, and copied to buffers of the size of a datagram.

use std::{
    io::{self, IoSliceMut},
    slice,
};

use quinn::udp::{RecvMeta, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

/// Reads what the kernel gives as one.
///
/// # Errors
/// When there is nothing, or the network has complained about something that was sent.
pub(crate) fn receive(io: &UdpSocket, state: &UdpSocketState, scratch: &mut [u8]) -> io::Result<RecvMeta> {
    let mut meta = RecvMeta::default();
    let mut scratch = [IoSliceMut::new(scratch)];
    io.try_io(Interest::READABLE, || state.recv(io.into(), &mut scratch, slice::from_mut(&mut meta)))?;
    Ok(meta)
}

/// Datagrams that came along with others, and for which there were no buffers.
#[derive(Debug, Default)]
pub(crate) struct Unpacked(Option<(Vec<u8>, RecvMeta)>);

impl Unpacked {
    /// Hands out what is left; `None` if that is nothing.
    pub(crate) fn left(&mut self, buffers: &mut [IoSliceMut<'_>], metas: &mut [RecvMeta]) -> Option<usize> {
        let (contents, together) = self.0.take()?;
        Some(self.split(&contents, &together, buffers, metas))
    }

    /// Puts each datagram into a buffer of its own, and keeps those for which there is none. How many buffers were used.
    pub(crate) fn split(
        &mut self,
        contents: &[u8],
        together: &RecvMeta,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> usize {
        let mut datagrams = contents.chunks(together.stride.max(1));
        let (mut count, mut used) = (0, 0);
        for ((buffer, meta), datagram) in buffers.iter_mut().zip(metas).zip(&mut datagrams) {
            // One that is longer than was agreed is none.
            let length = datagram.len().min(buffer.len());
            buffer[..length].copy_from_slice(&datagram[..length]);
            *meta = *together;
            (meta.len, meta.stride) = (length, length);
            used += datagram.len();
            count += 1;
        }
        if used < contents.len() {
            self.0 = Some((contents[used..].to_vec(), *together));
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_that_came_together_are_told_apart() {
        let mut together = RecvMeta::default();
        (together.len, together.stride) = (8, 3);
        let mut room = [[0; 4]; 2];
        let mut metas = [RecvMeta::default(); 2];
        let mut unpacked = Unpacked::default();
        let mut told = Vec::new();
        let mut next = Some(b"aaabbbcc".as_slice());
        loop {
            let mut buffers: Vec<_> = room.iter_mut().map(|room| IoSliceMut::new(room)).collect();
            let count = match next.take() {
                Some(contents) => unpacked.split(contents, &together, &mut buffers, &mut metas),
                None => match unpacked.left(&mut buffers, &mut metas) {
                    Some(count) => count,
                    None => break,
                },
            };
            told.extend(
                (0..count).map(|at| String::from_utf8_lossy(&room[at][..metas[at].len]).into_owned()),
            );
        }
        assert_eq!(told, ["aaa", "bbb", "cc"]);
    }
}
