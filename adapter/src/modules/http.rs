//! Modules of the app `http`.

mod encoders;
mod handlers;
