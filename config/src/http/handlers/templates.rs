//! The handler `templates`.

use crate::module::{ModuleMap, modules};
use crate::object::object;

object! {
    /// Executes the body of responses as a template.
    pub struct Templates {
        /// Folder for `include` and the like. Default: `{http.vars.root}`, else the working folder.
        pub file_root: String,
        /// Content types that are templates. Default: `text/html`, `text/plain`, `text/markdown`.
        pub mime_types: Vec<String>,
        /// Opening and closing mark. Default: `{{` and `}}`.
        pub delimiters: Vec<String>,
        /// Further functions (the name in JSON is Caddy's).
        pub extensions("match"): ModuleMap<TemplateFunctions>,
    }
}

modules! {
    /// Functions for templates; the standard distribution has none to add.
    pub enum TemplateFunctions in "http.handlers.templates.functions" {}
}
