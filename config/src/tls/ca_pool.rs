//! Authorities to trust (`tls.ca_pool`).

pub mod source;
