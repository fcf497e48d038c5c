//! The end-to-end tests, one binary: linking once is most of what such tests cost.

mod pages;
mod reload;
mod tidy;
