//! What the end-to-end tests are written with: pages, scenarios, and the peers that scenarios need.

pub mod page;
