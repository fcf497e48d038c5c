//! What the end-to-end tests are written with: pages, scenarios, and the peers that scenarios need.

pub mod client;
pub mod http3;
pub mod origin;
pub mod page;
pub mod real;
pub mod relay;
pub mod server;
pub mod websocket;
pub mod webtransport;

pub use origin::Origin;
pub use server::Server;
