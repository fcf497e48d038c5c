//! Findings about whole configurations: one constructor for each, so that all wording is here.

use caddis_grammar::{Code, Diagnostic, Span};

/// A text that is not JSON.
pub(crate) fn not_json(span: Span, error: &serde_json::Error) -> Diagnostic {
    Diagnostic::error(Code("E0801"), span, format!("config is not valid JSON: {error}"))
        .help("if it is a Caddyfile, say so with --adapter caddyfile")
}

/// A place, where it is known, and what is wrong there.
type Problem = (Option<Span>, String);

/// JSON that is no configuration.
pub(crate) fn not_a_configuration((span, message): Problem) -> Diagnostic {
    Diagnostic::error(Code("E0802"), span, message)
}

/// A configuration that contradicts itself.
pub(crate) fn contradiction((span, message): Problem) -> Diagnostic {
    Diagnostic::error(Code("E0803"), span, message)
}

/// A value that no server can be built from.
pub(crate) fn impossible((span, message): Problem) -> Diagnostic {
    Diagnostic::error(Code("E0804"), span, message)
}

/// A file, key or variable of this machine that no server can be built with.
pub(crate) fn unusable((span, message): Problem) -> Diagnostic {
    Diagnostic::error(Code("E0805"), span, message)
}

/// Something that `run` refuses.
pub(crate) fn refused((span, message): Problem) -> Diagnostic {
    Diagnostic::warning(Code("W0801"), span, message)
}

/// Settings that defeat each other.
pub(crate) fn defeated((span, message): Problem) -> Diagnostic {
    Diagnostic::warning(Code("W0803"), span, message)
}

/// A variable without value and default.
pub(crate) fn unset_variable(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0802"), span, format!("the environment variable {name} is not set"))
        .help(format!("give it a value with --env {name}=…, or a default: {{${name}:default}}"))
}
