//! Authentication of clients (`tls.client_auth`).

pub mod verifier;
