//! What plugins bring, as `caddis.toml` declares it: names, the lines they take, and how these become JSON.
//!
//! See `fixtures/plugins.md` for the file.

pub(crate) mod known;
mod read;
mod values;

use std::collections::BTreeMap;

use caddis_config::Foreign;
use caddis_grammar::Statement;
use serde_json::{Map, Value as Json};

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Item},
    errors,
    registry::Unknown,
};

/// A directive, an option or a module of a plugin.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    /// The word in the Caddyfile.
    pub(crate) name: String,
    /// The name in the JSON: that of the handler, of the app or of the module, without its namespace.
    pub(crate) module: String,
    /// The Go package, for messages.
    pub(crate) package: Option<String>,
    /// Whether the first argument of a directive may be a matcher.
    pub(crate) takes_matcher: bool,
    /// What the lines hold.
    pub(crate) kind: Kind,
}

/// What a line holds, and what becomes of it in the JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// No word: this constant.
    Flag(Json),
    /// One word.
    Word(Word),
    /// One word or several: a list, to which further lines add.
    Words(Word),
    /// A name and values: an object of lists, to which further lines add.
    Lists,
    /// A field and its values: an object of lists, to which further lines add.
    Headers,
    /// A name and a value: an object of texts, to which further lines add.
    Pairs,
    /// Words and a block: an object.
    Object(Object),
    /// The same, one in a list for every line.
    List(Object),
    /// A name, and then as an object: one member of an object for every line.
    Map(Object),
    /// A block of request matchers: one set in a list for every line.
    Matchers,
    /// Conditions on a response.
    ResponseMatcher,
    /// A block of directives: a list of routes.
    Routes,
    /// The name of a module and its lines: an object with the name under a key.
    Module {
        /// The modules that can stand here.
        namespace: String,
        /// The member that holds the name.
        key: String,
    },
    /// Unknown: it can be written but not translated.
    Raw,
}

/// What a single word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// A text.
    String,
    /// An integer.
    Int,
    /// A number.
    Float,
    /// A truth value in Go's notation.
    Bool,
    /// A duration, in nanoseconds.
    Duration,
    /// A duration as Go writes it: `1m30s`.
    DurationText,
    /// A size such as `10MB`, in bytes.
    Size,
}

/// The words and the lines of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object {
    /// The words after the name.
    pub(crate) words: Words,
    /// The lines of the block by name.
    pub(crate) lines: BTreeMap<String, Field>,
    /// A line of any other name, which is its first word.
    pub(crate) other: Option<Box<Field>>,
    /// Members that are there even when no line sets them.
    pub(crate) defaults: Map<String, Json>,
}

/// The words of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Words {
    /// A member each, in this order.
    Members(Vec<Member>),
    /// A line of the block, written without the block.
    Line,
}

impl Default for Words {
    fn default() -> Self {
        Words::Members(Vec::new())
    }
}

/// A word that becomes a member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) field: Field,
    pub(crate) optional: bool,
}

/// What becomes of a line in the object around it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// The member, by its name or the names that lead to it; none for objects whose members become part of the object
    /// around them.
    pub(crate) path: Vec<String>,
    pub(crate) kind: Kind,
    /// Whether an empty value is written, as Go does for pointers.
    pub(crate) keep_empty: bool,
}

impl Kind {
    /// Whether it becomes an object, as nearly every module must.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Kind::Object(_) | Kind::Raw) || self.has_names()
    }

    /// Whether the line itself says what the member is called.
    pub(crate) fn has_names(&self) -> bool {
        matches!(self, Kind::Headers | Kind::Lists | Kind::Map(_) | Kind::Pairs)
    }
}

impl Declaration {
    /// Reads a statement that begins with the name. What is declared as raw is an error, or `None` where the run goes on.
    ///
    /// # Errors
    /// A line that does not fit the declaration.
    pub(crate) fn read(
        &self,
        cx: &mut Cx<'_>,
        statement: &Statement,
        before: Option<Json>,
    ) -> Parsed<Option<Json>> {
        if self.kind == Kind::Raw {
            let finding = errors::plugins::raw(statement, self.package.as_deref());
            return cx.skip(finding, Unknown::SkipRaw).map(|()| None);
        }
        read::read(cx, statement, &self.kind, before).map(Some)
    }

    /// Reads a use of a directive: a route with the handler.
    pub(crate) fn read_directive(&self, cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
        let config = self.read(cx, call.line, None)?;
        Ok(config.map(|config| call.route(self.foreign(config))).unwrap_or_default())
    }

    /// Reads a statement that begins with the name of a module.
    pub(crate) fn read_module(&self, cx: &mut Cx<'_>, statement: &Statement) -> Parsed<Foreign> {
        self.read_lines(cx, std::slice::from_ref(statement))
    }

    /// Reads several lines, as matchers take them: each adds to the one before.
    pub(crate) fn read_lines(&self, cx: &mut Cx<'_>, lines: &[Statement]) -> Parsed<Foreign> {
        let mut config = None;
        for line in lines {
            config = self.read(cx, line, config)?;
        }
        Ok(self.foreign(config.unwrap_or_else(|| Map::new().into())))
    }

    fn foreign(&self, config: Json) -> Foreign {
        Foreign { name: self.module.clone(), config }
    }
}
