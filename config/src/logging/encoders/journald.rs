//! The encoder `journald`.

use super::Encoder;
use crate::object::object;

object! {
    /// Puts the priority that journald reads before every entry.
    pub struct Journald {
        /// The encoder behind. Default: that of the log.
        pub wrap: Option<Box<Encoder>>,
    }
}
