//! What jq programs make of two bodies, compared.

mod budget;
mod functions;
mod recursion;
#[cfg(test)]
mod tests;
mod value;

use jaq_core::{
    Compiler, Ctx, DataT, Filter, Lut, Vars,
    data::HasLut,
    load::{self, Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::read;

pub(super) use self::budget::Limits;
use self::{
    budget::{Exhausted, step, within},
    value::{ValR, Value},
};
use super::whole::Text;
use crate::mirrors::Held;

/// Bytes of a program. What stands within something else in it needs stack when it is read: [`READING`] is enough for these.
const LENGTH: usize = 4096;
/// Bytes of the stack that programs are read on. Only what is used of it takes up memory.
const READING: usize = 256 << 20;
/// Results of a program that are compared.
const RESULTS: usize = 10_000;

/// How programs are run: on values that count what they cost.
struct Bounded;

/// What a run looks its terms up in, which tells each time that one is evaluated.
#[derive(Clone, Copy)]
struct Terms<'a>(&'a Lut<Bounded>);

impl DataT for Bounded {
    type V<'a> = Value;
    type Data<'a> = Terms<'a>;
}

impl<'a> HasLut<'a, Bounded> for Terms<'a> {
    fn lut(&self) -> &'a Lut<Bounded> {
        step();
        self.0
    }
}

/// Compiled programs, with their texts.
pub(super) struct Programs(Vec<(String, Filter<Bounded>)>);

impl std::fmt::Debug for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(text, _)| text)).finish()
    }
}

/// A program whose results differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) program: String,
    /// The first result that differs; `None` where a side has none left.
    pub(super) primary: Option<String>,
    pub(super) shadow: Option<String>,
}

/// Why programs were not run to their end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Endless {
    #[error("the jq program '{0}' {1}")]
    Exhausted(String, Exhausted),
    #[error("the jq program '{0}' yields more than {RESULTS} results")]
    Results(String),
}

/// Compiles a program. Functions that tell of this process or its surroundings are not there, and no definition may call
/// itself.
///
/// # Errors
/// What is wrong with it, and where.
fn compile(text: &str) -> Result<Filter<Bounded>, String> {
    if text.len() > LENGTH {
        return Err(format!("it is longer than {LENGTH} bytes"));
    }
    let arena = Arena::default();
    let modules = Loader::new(functions::defs())
        .load(&arena, File { code: text, path: () })
        .map_err(|errors| describe(text, &errors))?;
    if let Some(name) = recursion::find(text) {
        return Err(format!(
            "{name} at byte {} calls itself, which has no bound; recurse, walk and reduce do",
            offset(text, name)
        ));
    }
    Compiler::default().with_funs(functions::funs()).compile(modules).map_err(|errors| {
        let mut undefined = errors.iter().flat_map(|(_, errors)| errors);
        match undefined.next() {
            Some((name, kind)) => {
                format!("{} at byte {}: undefined {}", name, offset(text, name), kind.as_str())
            }
            None => "it cannot be compiled".to_owned(),
        }
    })
}

/// [`compile`] with as much stack as it takes.
fn compile_apart(text: &str) -> Result<Filter<Bounded>, String> {
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new().stack_size(READING).spawn_scoped(scope, || compile(text));
        let read = reading.map_err(|error| format!("no thread to read it on: {error}"))?.join();
        read.unwrap_or_else(|_| Err("it cannot be read".to_owned()))
    })
}

fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// The first of the errors, with its place.
fn describe(text: &str, errors: &jaq_core::load::Errors<&str, ()>) -> String {
    let found = errors.first().and_then(|(_, error)| match error {
        load::Error::Io(files) => files.first().map(|(name, _)| format!("the module {name} is not loaded")),
        load::Error::Lex(errors) => {
            let (expected, found) = errors.first()?;
            Some(format!("expected {} at byte {}", expected.as_str(), offset(text, found)))
        }
        load::Error::Parse(errors) => {
            let (expected, found) = errors.first()?;
            let at = if found.is_empty() { text.len() } else { offset(text, found) };
            Some(format!("expected {} at byte {at}", expected.as_str()))
        }
    });
    found.unwrap_or_else(|| "it cannot be read".to_owned())
}

impl Programs {
    /// Compiles all.
    ///
    /// # Errors
    /// The number of the program that cannot be compiled, and why.
    pub(super) fn new(texts: &[String]) -> Result<Self, (usize, String)> {
        let compile_one = |(at, text): (usize, &String)| {
            let program = compile_apart(text).map_err(|error| (at, error))?;
            Ok((text.clone(), program))
        };
        texts.iter().enumerate().map(compile_one).collect::<Result<_, _>>().map(Self)
    }

    /// The programs whose results differ. Bodies that are not JSON count as null.
    ///
    /// # Errors
    /// A program that does not come to an end within the limits, all programs together.
    pub(super) fn compare(
        &self,
        bodies: [Text<'_>; 2],
        limits: Limits,
        held: &Held,
    ) -> Result<Vec<Difference>, Endless> {
        let [primary, shadow] = bodies.map(parse);
        let mut differences = Vec::new();
        for (text, program) in &self.0 {
            let compared = within(limits, held.another(), || compare(text, program, [&primary, &shadow]));
            differences.extend(compared.map_err(|why| Endless::Exhausted(text.clone(), why))??);
        }
        Ok(differences)
    }
}

fn compare(
    text: &str,
    program: &Filter<Bounded>,
    bodies: [&Value; 2],
) -> Result<Option<Difference>, Endless> {
    let [mut ours, mut theirs] = bodies.map(|body| {
        let cx = Ctx::<Bounded>::new(Terms(&program.lut), Vars::new([]));
        program.id.run((cx, body.clone())).map(unwrap_valr)
    });
    for _ in 0..RESULTS {
        let (one, other) = (ours.next(), theirs.next());
        // Errors tell of the whole input, which need not be the same.
        if one != other && !matches!((&one, &other), (Some(Err(_)), Some(Err(_)))) {
            let (primary, shadow) = (one.map(show), other.map(show));
            return Ok(Some(Difference { program: text.to_owned(), primary, shadow }));
        }
        // A program that fails alike on both sides has nothing further to say.
        if !matches!(one, Some(Ok(_))) {
            return Ok(None);
        }
    }
    Err(Endless::Results(text.to_owned()))
}

fn show(result: ValR) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn parse(body: Text<'_>) -> Value {
    let read = body.and_then(|(text, shape)| Some(Value::new(read::parse_single(text).ok()?, shape.depth)));
    read.unwrap_or_default()
}
