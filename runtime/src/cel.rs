//! The Common Expression Language as Caddy has it: read, type-checked and compiled when a configuration is built,
//! evaluated for each request.
//!
//! Source: the language definition of CEL, and the functions of Caddy's environment: the standard ones, the
//! extensions for strings, lists, numbers and bindings, and a function for each of most matchers.

mod check;
mod compile;
mod evaluate;
mod expand;
mod functions;
mod lex;
mod macros;
mod parse;
mod signature;
mod syntax;
mod types;
mod value;

use self::types::Type;
pub(crate) use self::{
    compile::{Argument, Called, Matchers, Text},
    evaluate::Program,
};
use crate::build::{Build, BuildError};

/// Something is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    /// Where, in bytes.
    at: usize,
    message: String,
}

/// Makes a program of an expression. Calls of matchers become what `matchers` builds.
///
/// # Errors
/// All that is wrong with the expression, each with line and column; or what is not supported.
pub(crate) fn compile(text: &str, matchers: &Matchers<'_>, cx: &mut Build) -> Result<Program, BuildError> {
    let expanded = expand::expand(text);
    let mut expr = match parse::parse(&expanded.text) {
        Ok(expr) => expr,
        Err(mistake) => return Err(cx.error(message(text, &expanded, &[mistake]))),
    };
    let (of_type, mistakes) = check::check(&mut expr);
    if !mistakes.is_empty() {
        return Err(cx.error(message(text, &expanded, &mistakes)));
    }
    if of_type != Type::Bool {
        let returned = match of_type {
            Type::Any => "a placeholder, which may have any value; compare it: `… == true`".to_owned(),
            other => other.to_string(),
        };
        return Err(cx.error(format!("CEL request matcher expects return type of bool, not {returned}")));
    }
    compile::compile(expr, matchers, cx)
}

fn message(text: &str, expanded: &expand::Expanded, mistakes: &[Mistake]) -> String {
    let told = mistakes.iter().map(|mistake| {
        let before = &text[..expanded.origin(mistake.at)];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        format!("{line}:{column}: {}", mistake.message)
    });
    format!("compiling CEL program: {}", told.collect::<Vec<_>>().join("; "))
}
