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
//! A request, from one end to the other:
//!
//! ```
//! use bytes::BytesMut;
//! use caddis_h3::{Connection, Role, Settings, StreamId, connection, message::write, stream::Event};
//! use http::{HeaderMap, Method, Uri};
//!
//! // What the client sends on its control stream, and on the stream of its first request.
//! let client = Connection::new(Role::Client, Settings::default(), connection::Limits::default());
//! let (mut control, mut request) = (BytesMut::new(), BytesMut::new());
//! client.open(7, &mut control);
//! write::request(&Method::GET, &Uri::from_static("https://example.com/"), &HeaderMap::new(), None, &mut request);
//!
//! // What the server makes of it.
//! let mut server = Connection::new(Role::Server, Settings::default(), connection::Limits::default());
//! let mut input = control.freeze();
//! let uni = server.uni_header().next(&mut input)?.expect("the type of the stream came");
//! server.accept_uni(uni)?;
//! while server.control(&mut input)?.is_some() {}
//! assert_eq!(server.peer(), Some(client.local()));
//!
//! server.accept_bidi(StreamId::new(0))?;
//! let mut incoming = server.incoming_request();
//! let mut input = request.freeze();
//! let Some(Event::Request(head)) = incoming.next(&mut input)? else { panic!("the head came") };
//! assert_eq!(head.uri, "https://example.com/");
//! assert!(incoming.next(&mut input)?.is_none());
//! incoming.end()?;
//! # Ok::<(), caddis_h3::Error>(())
//! ```
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
