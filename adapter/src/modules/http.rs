//! Modules of the app `http`.

mod encoders;
mod handlers;
mod ip_sources;
pub(crate) mod reverse_proxy;
