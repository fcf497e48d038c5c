//! Reading the words of one statement, with Caddy's sentences for the usual mistakes.

use std::str::FromStr;

use caddis_config::value::Duration;
use caddis_grammar::{Statement, Token};

use crate::{cx::Parsed, errors};

/// Reading arguments off a statement.
pub trait Args {
    /// Exactly one argument.
    fn one(&self) -> Parsed<&Token>;
    /// Exactly `N` arguments.
    fn exactly<const N: usize>(&self) -> Parsed<[&Token; N]>;
    /// At least one argument.
    fn some(&self) -> Parsed<&[Token]>;
    /// No argument.
    fn none(&self) -> Parsed<()>;
    /// No or one argument.
    fn optional(&self) -> Parsed<Option<&Token>>;
    /// Rejects a nested block.
    fn no_block(&self) -> Parsed<()>;
    /// Rejects a nested block where Caddy would take its braces for values.
    fn no_braces(&self) -> Parsed<()>;
    /// The same statement without its first `count` words; at least one word must be left.
    fn from(&self, count: usize) -> Statement;
}

impl Args for Statement {
    fn one(&self) -> Parsed<&Token> {
        self.exactly::<1>().map(|[token]| token)
    }

    fn exactly<const N: usize>(&self) -> Parsed<[&Token; N]> {
        let args = self.args();
        if let Some(extra) = args.get(N) {
            return Err(errors::wrong_argument_count(extra));
        }
        if args.len() < N {
            return Err(errors::missing_argument(self));
        }
        Ok(std::array::from_fn(|at| &args[at]))
    }

    fn some(&self) -> Parsed<&[Token]> {
        if self.args().is_empty() { Err(errors::missing_argument(self)) } else { Ok(self.args()) }
    }

    fn none(&self) -> Parsed<()> {
        self.exactly::<0>().map(|_| ())
    }

    fn optional(&self) -> Parsed<Option<&Token>> {
        match self.args() {
            [] => Ok(None),
            [token] => Ok(Some(token)),
            [_, extra, ..] => Err(errors::wrong_argument_count(extra)),
        }
    }

    fn no_block(&self) -> Parsed<()> {
        match &self.block {
            None => Ok(()),
            Some(block) => Err(errors::unexpected_block(self, block)),
        }
    }

    fn no_braces(&self) -> Parsed<()> {
        match &self.block {
            None => Ok(()),
            Some(block) => Err(errors::braces_for_values(self, block)),
        }
    }

    fn from(&self, count: usize) -> Statement {
        Statement { words: self.words[count..].to_vec(), block: self.block.clone() }
    }
}

/// Reading a value out of one word.
pub trait Value {
    /// The text as an owned string.
    fn string(&self) -> String;
    /// A duration with Go's units and `d`; the error is Caddy's.
    fn duration(&self) -> Parsed<Duration>;
    /// Anything that Rust parses the way Go does (integers without signs of life beyond digits).
    fn number<T: FromStr>(&self, what: &str) -> Parsed<T>;
}

impl Value for Token {
    fn string(&self) -> String {
        self.text.to_string()
    }

    fn duration(&self) -> Parsed<Duration> {
        Duration::parse(&self.text).map_err(|error| errors::bad_duration(self, &error.to_string()))
    }

    fn number<T: FromStr>(&self, what: &str) -> Parsed<T> {
        self.text.parse().map_err(|_| errors::bad_number(self, what))
    }
}
