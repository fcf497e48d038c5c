//! Which upstreams are healthy: told by the requests that go to them, and by requests made for the purpose.

mod active;
mod passive;

pub(super) use self::{active::Active, passive::Passive};
