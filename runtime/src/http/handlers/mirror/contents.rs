//! Two bodies compared byte by byte while both are on their way, whichever comes first.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use xxhash_rust::xxh64::xxh64;

use crate::mirrors::Side;

/// How far one side may be ahead and still be kept; beyond it there are hashes of blocks.
const KEPT: usize = 256 << 10;
/// Bytes of a block.
const BLOCK: usize = 4096;
/// Bytes shown of each side where they differ.
const SHOWN: usize = 200;

/// Where two bodies differ first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// Bytes before it; where `exact` is not set, bytes before the block that it is in.
    pub(super) offset: u64,
    pub(super) exact: bool,
    /// What each side has there.
    pub(super) primary: Bytes,
    pub(super) shadow: Bytes,
}

/// The comparison so far.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    /// Bytes that both sides have and that are the same.
    equal: u64,
    /// What one side has and the other has not yet.
    ahead: VecDeque<Bytes>,
    waiting: usize,
    ahead_is_shadow: bool,
    /// Hashes of both sides from `equal` on, once one was too far ahead.
    blocks: Option<[Blocks; 2]>,
    found: Option<Difference>,
}

/// One side as hashes of blocks.
#[derive(Debug, Default)]
struct Blocks {
    hashes: Vec<u64>,
    /// The beginning of the next block.
    rest: Vec<u8>,
}

impl Blocks {
    fn add(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let (now, later) = piece.split_at(piece.len().min(BLOCK - self.rest.len()));
            self.rest.extend_from_slice(now);
            piece = later;
            if self.rest.len() == BLOCK {
                self.hashes.push(xxh64(&self.rest, 0));
                self.rest.clear();
            }
        }
    }
}

impl Bodies {
    /// Takes the next piece of one side.
    pub(super) fn add(&mut self, side: Side, mut piece: Bytes) {
        if self.found.is_some() {
            return;
        }
        if let Some(blocks) = &mut self.blocks {
            return blocks[side as usize].add(&piece);
        }
        let is_shadow = side == Side::Shadow;
        while self.ahead_is_shadow != is_shadow
            && !piece.is_empty()
            && let Some(first) = self.ahead.front_mut()
        {
            let length = first.len().min(piece.len());
            if let Some(at) = (0..length).find(|&at| first[at] != piece[at]) {
                let (there, here) = (excerpt(first, at), excerpt(&piece, at));
                let (primary, shadow) = if is_shadow { (there, here) } else { (here, there) };
                let offset = self.equal + at as u64;
                self.found = Some(Difference { offset, exact: true, primary, shadow });
                self.ahead.clear();
                self.waiting = 0;
                return;
            }
            self.equal += length as u64;
            self.waiting -= length;
            first.advance(length);
            piece.advance(length);
            if first.is_empty() {
                self.ahead.pop_front();
            }
        }
        if piece.is_empty() {
            return;
        }
        self.ahead_is_shadow = is_shadow;
        self.waiting += piece.len();
        self.ahead.push_back(piece);
        if self.waiting > KEPT {
            let mut blocks = [Blocks::default(), Blocks::default()];
            self.ahead.drain(..).for_each(|piece| blocks[side as usize].add(&piece));
            self.blocks = Some(blocks);
            self.waiting = 0;
        }
    }

    /// Bytes that are kept.
    pub(super) fn size(&self) -> usize {
        let hashes = |blocks: &Blocks| blocks.hashes.capacity() * size_of::<u64>() + blocks.rest.capacity();
        self.waiting + self.blocks.iter().flatten().map(hashes).sum::<usize>()
    }

    /// The first difference; both sides are through.
    pub(super) fn finish(self) -> Option<Difference> {
        let Self { equal, ahead, ahead_is_shadow, blocks, found, .. } = self;
        if found.is_some() {
            return found;
        }
        if let Some([primary, shadow]) = blocks {
            let both = primary.hashes.iter().zip(&shadow.hashes);
            let at = both.take_while(|(one, other)| one == other).count();
            let same = |side: &Blocks| at == side.hashes.len();
            if same(&primary) && same(&shadow) && primary.rest == shadow.rest {
                return None;
            }
            let offset = equal + (at * BLOCK) as u64;
            return Some(Difference { offset, exact: false, primary: Bytes::new(), shadow: Bytes::new() });
        }
        let more = ahead.front().map(|piece| excerpt(piece, 0))?;
        let (primary, shadow) = if ahead_is_shadow { (Bytes::new(), more) } else { (more, Bytes::new()) };
        Some(Difference { offset: equal, exact: true, primary, shadow })
    }
}

fn excerpt(piece: &Bytes, at: usize) -> Bytes {
    let start = at.saturating_sub(SHOWN / 4);
    Bytes::copy_from_slice(&piece[start..piece.len().min(at + SHOWN)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with pieces of these sizes, where one side is as far ahead as `lead` pieces.
    fn compare(primary: &[u8], shadow: &[u8], sizes: (usize, usize), lead: usize) -> Option<(u64, bool)> {
        let mut bodies = Bodies::default();
        let mut first = primary.chunks(sizes.0).map(Bytes::copy_from_slice);
        let mut second = shadow.chunks(sizes.1).map(Bytes::copy_from_slice);
        for piece in first.by_ref().take(lead) {
            bodies.add(Side::Primary, piece);
        }
        loop {
            let pieces = (second.next(), first.next());
            if pieces == (None, None) {
                break;
            }
            pieces.0.into_iter().for_each(|piece| bodies.add(Side::Shadow, piece));
            pieces.1.into_iter().for_each(|piece| bodies.add(Side::Primary, piece));
        }
        bodies.finish().map(|found| (found.offset, found.exact))
    }

    #[test]
    fn the_first_difference_is_found_however_the_pieces_fall() {
        let body: Vec<u8> = (0..50_000_u32).map(|at| (at % 251) as u8).collect();
        let mut other = body.clone();
        other[33_333] ^= 1;
        for sizes in [(1000, 1000), (7, 4096), (50_000, 1), (64, 60_000)] {
            for lead in [0, 1, 100_000] {
                assert_eq!(compare(&body, &body, sizes, lead), None);
                assert_eq!(compare(&body, &other, sizes, lead), Some((33_333, true)));
                assert_eq!(compare(&body, &body[..40_000], sizes, lead), Some((40_000, true)));
                assert_eq!(compare(&body[..40_000], &body, sizes, lead), Some((40_000, true)));
            }
        }
        assert_eq!(compare(b"", b"", (1, 1), 0), None);
        assert_eq!(compare(b"", b"a", (1, 1), 0), Some((0, true)));
    }

    #[test]
    fn far_ahead_there_are_hashes() {
        let body = vec![7; 4 * KEPT];
        let mut other = body.clone();
        other[2 * KEPT + 5] ^= 1;
        let all = usize::MAX;
        assert_eq!(compare(&body, &body, (10_000, 10_000), all), None);
        assert_eq!(compare(&body, &other, (10_000, 10_000), all), Some((2 * KEPT as u64, false)));
        assert_eq!(compare(&body, &body[..KEPT], (10_000, 10_000), all), Some((KEPT as u64, false)));
        let mut bodies = Bodies::default();
        body.chunks(10_000).for_each(|piece| bodies.add(Side::Primary, Bytes::copy_from_slice(piece)));
        let blocks = bodies.blocks.as_ref().unwrap();
        assert!(bodies.ahead.is_empty() && blocks[0].hashes.len() == body.len() / BLOCK);
    }
}
