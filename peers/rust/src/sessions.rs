//! WebTransport by the crate web-transport-quinn: a server that does what it is told on streams, and a client that tells it.
//!
//! The command is the first line of a bidirectional stream: `echo` sends back what follows, `reset CODE` resets the stream, `stop
//! CODE` reads no further, `close CODE REASON` ends the session, `flood` sends until it is stopped, and `seen` tells the
//! code that a client has used last. What comes on unidirectional streams and in datagrams is sent back in kind.

pub mod client;
pub mod poke;
pub mod server;
