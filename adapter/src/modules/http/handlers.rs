//! Modules that belong to handlers.

mod templates;
