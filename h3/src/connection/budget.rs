//! What a peer may do for nothing (RFC 9114 section 10.5): reset requests, open streams and send frames that mean
//! nothing. All of it is legitimate, and a burden only in numbers.

use crate::{Code, Error};

/// How much of it is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The number of things that may be done for nothing at first, and the most that is ever saved up.
    pub most: u32,
    /// How many of them each request gives back that was answered to its end.
    pub refill: u32,
}

impl Default for Costs {
    /// 1,000, and 2 more with each request: browsers that cancel most of what they ask for stay far below.
    fn default() -> Self {
        Self { most: 1000, refill: 2 }
    }
}

#[derive(Debug)]
pub(super) struct Budget {
    costs: Costs,
    left: u32,
}

impl Budget {
    pub(super) fn new(costs: Costs) -> Self {
        Self { costs, left: costs.most }
    }

    pub(super) fn charge(&mut self, reason: &'static str) -> Result<(), Error> {
        self.left = self.left.checked_sub(1).ok_or(Error::connection(Code::H3_EXCESSIVE_LOAD, reason))?;
        Ok(())
    }

    pub(super) fn refill(&mut self) {
        self.left = self.left.saturating_add(self.costs.refill).min(self.costs.most);
    }
}
