//! Caddy's JSON configuration as types: reading it strictly, writing it to the byte, checking and comparing it.
//!
//! A module of Caddy is a file at its ID, dots to slashes: `http.handlers.vars` is `http/handlers/vars.rs`. The
//! comments of the fields are the reference of the JSON: unit, default, meaning.

pub mod admin;
mod apps;
mod catalogue;
mod check;
mod config;
pub mod decode;
pub mod dns;
pub mod encode;
mod error;
pub mod events;
pub mod filesystems;
pub mod go;
pub mod http;
pub mod ids;
pub mod listeners;
pub mod logging;
pub mod module;
pub mod network_proxy;
mod object;
pub mod pki;
pub mod storage;
pub mod tls;
pub mod value;

pub use apps::Apps;
pub use catalogue::module_ids;
pub use check::{check, warnings};
pub use config::Config;
pub use decode::{Decode, Options, from_value};
pub use encode::{Encode, to_json, to_json_pretty};
pub use error::ConfigError;
pub use module::{Foreign, Module, ModuleMap};
pub use value::{Duration, NetworkAddress, WeakString};
