//! What is run when something happens in the server: all of it comes from plugins.

use caddis_config::events::EventHandler;

use super::{Module, Pluggable};

impl Pluggable for EventHandler {
    const NAMESPACE: &'static str = "events.handlers";
    const TABLE: &'static [Module<Self>] = &[];
}
