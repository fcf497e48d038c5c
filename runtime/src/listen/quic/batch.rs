//! Datagrams that go to the kernel together. quinn hands over at most ten of a connection, and goes on at once if there is
//! more to send; one call takes four times as many, and most of what it costs is the same however many they are.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use quinn::udp::{EcnCodepoint, Transmit};

/// What one call takes: in bytes, a little less than the longest payload of UDP (65,507 over IPv4), and in datagrams, what every
/// kernel permits that takes several (`UDP_MAX_SEGMENTS` of Linux).
const LONGEST: usize = 65_000;
const MOST: usize = 64;

/// Datagrams that wait for others to go with them.
#[derive(Debug, Default)]
pub(super) struct Unsent(Option<Batch>);

/// Datagrams for one address, all of `segment` bytes, except for the last that may be shorter.
#[derive(Debug)]
struct Batch {
    destination: SocketAddr,
    ecn: Option<EcnCodepoint>,
    src_ip: Option<IpAddr>,
    segment: usize,
    contents: Vec<u8>,
}

impl Unsent {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Keeps several datagrams of one length, since more are likely to follow. Others are sent, along with what waits, or
    /// behind it. `send` fails only where it would have to wait.
    ///
    /// # Errors
    /// What `send` says; `transmit` was not taken then.
    pub(super) fn put(
        &mut self,
        transmit: &Transmit<'_>,
        mut send: impl FnMut(&Transmit<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        if let Some(batch) = &mut self.0
            && batch.take(transmit)
        {
            // It belongs to the batch now, whether that has to wait or not.
            if !batch.has_room() && send(&batch.transmit()).is_ok() {
                self.0 = None;
            }
            return Ok(());
        }
        self.flush(&mut send)?;
        self.0 = Batch::begin(transmit);
        if self.is_empty() { send(transmit) } else { Ok(()) }
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// What `send` says; what waits is kept then.
    pub(super) fn flush(&mut self, mut send: impl FnMut(&Transmit<'_>) -> io::Result<()>) -> io::Result<()> {
        if let Some(batch) = &self.0 {
            send(&batch.transmit())?;
            self.0 = None;
        }
        Ok(())
    }
}

impl Batch {
    /// `None` unless there are several datagrams, of one length.
    fn begin(transmit: &Transmit<'_>) -> Option<Self> {
        let &Transmit { destination, ecn, contents: first, segment_size, src_ip } = transmit;
        let segment =
            segment_size.filter(|&segment| first.len() > segment && first.len().is_multiple_of(segment))?;
        let mut contents = Vec::with_capacity(LONGEST.max(first.len()));
        contents.extend_from_slice(first);
        Some(Self { destination, ecn, src_ip, segment, contents })
    }

    /// Takes what can go along.
    fn take(&mut self, transmit: &Transmit<'_>) -> bool {
        let is_alike = match transmit.segment_size {
            Some(segment) => segment == self.segment,
            None => transmit.contents.len() <= self.segment,
        };
        let length = self.contents.len() + transmit.contents.len();
        let fits = self.has_room() && length <= LONGEST && length.div_ceil(self.segment) <= MOST;
        let is_same_way = transmit.destination == self.destination
            && transmit.ecn == self.ecn
            && transmit.src_ip == self.src_ip;
        let takes = is_alike && fits && is_same_way;
        if takes {
            self.contents.extend_from_slice(transmit.contents);
        }
        takes
    }

    /// Whether another datagram can follow.
    fn has_room(&self) -> bool {
        let length = self.contents.len();
        length.is_multiple_of(self.segment)
            && length + self.segment <= LONGEST
            && length / self.segment < MOST
    }

    fn transmit(&self) -> Transmit<'_> {
        let segment_size = Some(self.segment);
        let Self { destination, ecn, src_ip, ref contents, .. } = *self;
        Transmit { destination, ecn, contents, segment_size, src_ip }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many bytes for a port, in datagrams of `segment` bytes.
    fn transmit(port: u16, contents: &[u8], segment: Option<usize>) -> Transmit<'_> {
        let destination = ([127, 0, 0, 1], port).into();
        Transmit { destination, ecn: None, contents, segment_size: segment, src_ip: None }
    }

    /// What was sent, by port, length and length of a datagram.
    #[derive(Default)]
    struct Sent(Vec<(u16, usize, Option<usize>)>);

    impl Sent {
        fn send(&mut self, transmit: &Transmit<'_>) -> io::Result<()> {
            let Transmit { destination, contents, segment_size, .. } = transmit;
            self.0.push((destination.port(), contents.len(), *segment_size));
            Ok(())
        }
    }

    fn full(_: &Transmit<'_>) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    #[test]
    fn datagrams_of_one_connection_go_together() {
        let (mut unsent, mut sent) = (Unsent::default(), Sent::default());
        for (port, length, segment) in [
            (1, 30, Some(10)),
            (1, 20, Some(10)),
            // The last of a batch may be short, and is the last then.
            (1, 15, Some(10)),
            // One alone does not wait.
            (1, 10, None),
            (2, 40, Some(20)),
            (2, 20, None),
            // What is for somebody else does not go along.
            (3, 40, Some(20)),
        ] {
            unsent.put(&transmit(port, &[0; 40][..length], segment), |of| sent.send(of)).unwrap();
        }
        unsent.flush(|transmit| sent.send(transmit)).unwrap();
        assert_eq!(sent.0, [(1, 65, Some(10)), (1, 10, None), (2, 60, Some(20)), (3, 40, Some(20))]);
        assert!(unsent.is_empty());
    }

    #[test]
    fn what_cannot_go_along_comes_behind() {
        let (mut unsent, mut sent) = (Unsent::default(), Sent::default());
        let marked = Transmit { ecn: Some(EcnCodepoint::Ect0), ..transmit(1, &[0; 20], Some(10)) };
        let probe = transmit(1, &[0; 30], None);
        for transmit in [&transmit(1, &[0; 20], Some(10)), &transmit(1, &[0; 24], Some(12)), &marked, &probe]
        {
            unsent.put(transmit, |transmit| sent.send(transmit)).unwrap();
        }
        assert_eq!(sent.0, [(1, 20, Some(10)), (1, 24, Some(12)), (1, 20, Some(10)), (1, 30, None)]);
        assert!(unsent.is_empty());
    }

    #[test]
    fn batches_are_no_larger_than_the_kernel_takes() {
        let (mut unsent, mut sent) = (Unsent::default(), Sent::default());
        for (segment, most) in [(1452, 44), (100, MOST)] {
            for _ in 0..most {
                unsent.put(&transmit(1, &vec![0; 2 * segment], Some(segment)), |of| sent.send(of)).unwrap();
            }
            assert_eq!(sent.0, [(1, most * segment, Some(segment)); 2]);
            sent.0.clear();
        }
    }

    #[test]
    fn without_room_to_send_nothing_is_lost_or_sent_twice() {
        let (mut unsent, mut sent) = (Unsent::default(), Sent::default());
        unsent.put(&transmit(1, &[0; 20], Some(10)), full).unwrap();
        unsent.put(&transmit(1, &[0; 5], None), full).unwrap();
        for late in [transmit(1, &[0; 10], None), transmit(1, &[0; 20], Some(10))] {
            unsent.put(&late, full).unwrap_err();
        }
        unsent.flush(full).unwrap_err();
        unsent.flush(|transmit| sent.send(transmit)).unwrap();
        assert_eq!(sent.0, [(1, 25, Some(10))]);
    }
}
