//! The encoder `filter`, and its filters by field.

pub(crate) mod actions;
pub(crate) mod ip_mask;
pub(crate) mod multi_regexp;

use std::collections::BTreeMap;

use caddis_config::logging::{
    Encoder, FieldFilter,
    encoders::{
        Filter,
        filter::{Delete, Hash, MultiRegexp, Regexp, RegexpOperation, Rename, Replace},
    },
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    errors,
    modules::{Module, Pluggable},
};

/// See `fixtures/modules/logging/encoders/filter.md`.
pub(crate) const MODULE: Module<Encoder> = Module {
    name: "filter",
    read: |cx, line| {
        let mut reading = Reading::default();
        if only_block(cx, line) {
            for line in line.children() {
                let read = reading.line(cx, line);
                cx.keep(read);
            }
        }
        Ok(reading.finish().into())
    },
};

impl Pluggable for FieldFilter {
    const NAMESPACE: &'static str = "caddy.logging.encoders.filter";
    const TABLE: &'static [Module<Self>] = &[
        actions::COOKIE,
        Module { name: "delete", read: |_, _| Ok(Delete::default().into()) },
        Module { name: "hash", read: |_, _| Ok(Hash::default().into()) },
        ip_mask::MODULE,
        multi_regexp::MODULE,
        actions::QUERY,
        Module {
            name: "regexp",
            read: |_, line| {
                let word = |at: usize| line.args().get(at).map(Value::string).unwrap_or_default();
                Ok(Regexp { regexp: word(0), value: word(1) }.into())
            },
        },
        Module {
            name: "rename",
            read: |_, line| {
                Ok(Rename { name: line.args().first().map(Value::string).unwrap_or_default() }.into())
            },
        },
        Module {
            name: "replace",
            read: |_, line| {
                Ok(Replace { value: line.args().first().map(Value::string).unwrap_or_default() }.into())
            },
        },
        actions::SET_COOKIE,
    ];
}

/// A filter encoder while it is read.
#[derive(Default)]
struct Reading {
    filter: Filter,
    /// Expressions by field: several of one field become one filter.
    regexps: BTreeMap<String, Vec<Regexp>>,
}

impl Reading {
    /// Every name is a field, apart from `wrap` and `fields`.
    fn line(&mut self, cx: &mut Cx<'_>, line: &Statement) -> Parsed<()> {
        match &*line.name().text {
            "wrap" => self.filter.wrap = Some(Box::new(cx.module_argument(line)?)),
            "fields" => {
                line.none()?;
                for line in line.children() {
                    self.field(cx, line)?;
                }
            }
            _ => self.field(cx, line)?,
        }
        Ok(())
    }

    fn field(&mut self, cx: &mut Cx<'_>, line: &Statement) -> Parsed<()> {
        let field = line.name();
        let name = field.text.to_string();
        match cx.module_argument(line)? {
            FieldFilter::Regexp(regexp) => self.regexps.entry(name).or_default().push(regexp),
            _ if self.regexps.contains_key(&name) => return Err(errors::logging::mixed_filters(field)),
            _ if self.filter.fields.contains_key(&name) => {
                return Err(errors::logging::second_filter(field));
            }
            filter => drop(self.filter.fields.insert(name, filter)),
        }
        Ok(())
    }

    fn finish(mut self) -> Filter {
        for (field, mut regexps) in self.regexps {
            let filter = if regexps.len() == 1 {
                regexps.remove(0).into()
            } else {
                let operation = |one: Regexp| RegexpOperation { regexp: one.regexp, value: one.value };
                MultiRegexp { operations: regexps.into_iter().map(operation).collect() }.into()
            };
            self.filter.fields.insert(field, filter);
        }
        self.filter
    }
}
