//! Modules of the TLS app.

mod ca_pool;
mod issuance;
mod permission;
