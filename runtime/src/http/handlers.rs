//! The handlers of requests (`http.handlers`).

pub mod reverse_proxy;
