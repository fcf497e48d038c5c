//! Where logs are written to (`caddy.logging.writers`).

mod discard;
mod file;
mod net;
mod stderr;
mod stdout;

pub use discard::Discard;
pub use file::{File, FileMode};
pub use net::Net;
pub use stderr::Stderr;
pub use stdout::Stdout;

use crate::module::modules;

modules! {
    /// A place to write entries to.
    pub enum Writer in "caddy.logging.writers" by "output" {
        Discard(Discard) = "discard",
        File(Box<File>) = "file",
        Net(Net) = "net",
        Stderr(Stderr) = "stderr",
        Stdout(Stdout) = "stdout",
    }
}

impl From<File> for Writer {
    fn from(writer: File) -> Self {
        Self::File(Box::new(writer))
    }
}
