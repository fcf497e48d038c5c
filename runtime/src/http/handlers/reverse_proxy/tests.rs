//! The handler between real sockets: clients on one side, scripted upstreams on the other.

mod balancing;
mod forwarding;
mod handling;
mod health;
mod scene;
mod transports;
mod upgrading;
