//! The end-to-end tests, one binary: linking once is most of what such tests cost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod catalogue;
mod connections;
mod faults;
mod fields;
mod http2;
mod http3;
mod http3_upstreams;
mod interim;
mod messages;
mod mirror;
mod pages;
mod php;
mod real;
mod reload;
mod streams;
mod stress;
mod tidy;
mod tls;
mod webtransport;
