//! Finds definitions in a jq program that call themselves.

use jaq_core::load::{
    self,
    lex::StrPart,
    parse::{BinaryOp, Def, Pattern, Term},
};
use jaq_core::path::Part;

/// The name of a definition that calls itself, directly or by way of one within it. There is no other way to do so, because
/// definitions do not know those after them.
pub(super) fn find(program: &str) -> Option<&str> {
    let term = load::parse(program, |parser| parser.term())?;
    let mut walk = Walk { open: Vec::new(), found: None };
    walk.term(&term);
    walk.found
}

struct Walk<'s> {
    /// Definitions that a term stands in, with the number of their arguments.
    open: Vec<(&'s str, usize)>,
    found: Option<&'s str>,
}

impl<'s> Walk<'s> {
    fn term(&mut self, term: &Term<&'s str>) {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None) => {}
            Term::Str(_, parts) => parts.iter().for_each(|part| {
                if let StrPart::Term(term) = part {
                    self.term(term);
                }
            }),
            Term::Arr(Some(term)) | Term::Neg(term) | Term::Label(_, term) => self.term(term),
            Term::Obj(members) => members.iter().for_each(|(name, value)| {
                self.term(name);
                value.iter().for_each(|value| self.term(value));
            }),
            Term::BinOp(one, operator, other) => {
                if let BinaryOp::Pipe(Some(pattern)) = operator {
                    self.pattern(pattern);
                }
                self.term(one);
                self.term(other);
            }
            Term::Fold(_, over, pattern, terms) => {
                self.term(over);
                self.pattern(pattern);
                terms.iter().for_each(|term| self.term(term));
            }
            Term::TryCatch(term, caught) => {
                self.term(term);
                caught.iter().for_each(|term| self.term(term));
            }
            Term::IfThenElse(cases, otherwise) => {
                for (condition, term) in cases {
                    self.term(condition);
                    self.term(term);
                }
                otherwise.iter().for_each(|term| self.term(term));
            }
            Term::Def(definitions, term) => {
                definitions.iter().for_each(|definition| self.definition(definition));
                self.term(term);
            }
            Term::Call(name, arguments) => {
                if self.open.contains(&(name, arguments.len())) {
                    self.found.get_or_insert(name);
                }
                arguments.iter().for_each(|term| self.term(term));
            }
            Term::Path(term, path) => {
                self.term(term);
                for (part, _) in &path.0 {
                    match part {
                        Part::Index(term) => self.term(term),
                        Part::Range(from, to) => from.iter().chain(to).for_each(|term| self.term(term)),
                    }
                }
            }
        }
    }

    fn definition(&mut self, definition: &Def<&'s str>) {
        self.open.push((definition.name, definition.args.len()));
        self.term(&definition.body);
        self.open.pop();
    }

    fn pattern(&mut self, pattern: &Pattern<&'s str>) {
        match pattern {
            Pattern::Var(_) => {}
            Pattern::Arr(patterns) => patterns.iter().for_each(|pattern| self.pattern(pattern)),
            Pattern::Obj(members) => members.iter().for_each(|(name, pattern)| {
                self.term(name);
                self.pattern(pattern);
            }),
        }
    }
}
