//! HTTP/3 (RFC 9114), QPACK (RFC 9204), extended CONNECT (RFC 9220), datagrams and capsules (RFC 9297), and WebTransport
//! (draft-ietf-webtrans-http3, drafts 02 to 16), as state machines.
//!
//! Nothing here reads, writes, waits or knows the time. Somebody else runs QUIC; he gives each piece of a stream to the
//! state machine of that stream and is told what it means, or what the peer did wrong: an [`Error`] has the code for the
//! peer, and says whether a stream or the connection is over.
//!
//! - [`Connection`] has all that belongs to a connection: which streams there are, both ends' settings, GOAWAY, and how
//!   much a peer may cost. It hands out the state machines of streams:
//! - [`uni::Header`] says what a unidirectional stream is for, [`Connection::control`] reads the control stream;
//! - [`stream::Incoming`] reads a request stream, at either end: heads, content, trailers.
//! - [`webtransport`] has the sessions of a connection, [`capsule`] what is said on their CONNECT streams;
//! - [`message::write`] and [`frame::data`] write what is sent.
//!
//! State machines that take [`Bytes`](bytes::Bytes) are called again and again with the same buffer, until they answer
//! `None`: then it is used up. Content is never copied.

pub mod capsule;
pub mod connection;
pub mod control;
pub mod datagram;
pub mod error;
pub mod frame;
pub mod ids;
pub mod message;
pub mod qpack;
pub mod settings;
pub mod stream;
pub mod uni;
pub mod varint;
pub mod webtransport;

pub use connection::Connection;
pub use error::{Code, Error, Scope};
pub use ids::{Direction, Role, SessionId, StreamId};
pub use settings::{Dialect, Settings};
