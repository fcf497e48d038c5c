//! Modules of logs (`caddy.logging`).

mod cores;
mod encoders;
mod writers;
