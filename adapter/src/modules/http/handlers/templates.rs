//! Functions that `templates` takes by name; the standard distribution brings none.

use caddis_config::http::handlers::TemplateFunctions;

use crate::modules::{Module, Pluggable};

impl Pluggable for TemplateFunctions {
    const NAMESPACE: &'static str = "http.handlers.templates.functions";
    const TABLE: &'static [Module<Self>] = &[];
}
