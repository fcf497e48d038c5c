//! What jq programs make of two bodies, compared.

use std::time::{Duration, Instant};

use jaq_core::{
    Compiler, Ctx, Filter, Vars, data,
    load::{self, Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::{Val, read};

/// How long the programs of one comparison may run.
const TIME: Duration = Duration::from_secs(2);
/// Results of a program that are compared.
const RESULTS: usize = 10_000;

/// Compiled programs, with their texts.
pub(super) struct Programs(Vec<(String, Filter<data::JustLut<Val>>)>);

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
#[error("the jq program '{0}' takes too long or yields too much")]
pub(super) struct Endless(String);

/// Compiles a program. Functions that tell of this process or its surroundings are not there.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn compile(text: &str) -> Result<Filter<data::JustLut<Val>>, String> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let defs = defs.filter(|def| {
        !matches!(def.name, "env" | "halt" | "halt_error" | "input_filename" | "debug" | "stderr")
    });
    let hidden = ["env", "halt", "input_filename", "now", "localtime", "stderr_empty", "debug_empty"];
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let funs = funs.filter(|fun| !hidden.contains(&fun.0));
    let arena = Arena::default();
    let modules = Loader::new(defs)
        .load(&arena, File { code: text, path: () })
        .map_err(|errors| describe(text, &errors))?;
    Compiler::default().with_funs(funs).compile(modules).map_err(|errors| {
        let mut undefined = errors.iter().flat_map(|(_, errors)| errors);
        match undefined.next() {
            Some((name, kind)) => {
                format!("{} at byte {}: undefined {}", name, offset(text, name), kind.as_str())
            }
            None => "it cannot be compiled".to_owned(),
        }
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
            let program = compile(text).map_err(|error| (at, error))?;
            Ok((text.clone(), program))
        };
        texts.iter().enumerate().map(compile_one).collect::<Result<_, _>>().map(Self)
    }

    /// The programs whose results differ. Bodies that are not JSON count as null. This may take long.
    ///
    /// # Errors
    /// A program that does not come to an end.
    pub(super) fn compare(&self, bodies: [Option<&[u8]>; 2]) -> Result<Vec<Difference>, Endless> {
        let end = Instant::now() + TIME;
        let [primary, shadow] = bodies.map(parse);
        let mut differences = Vec::new();
        for (text, program) in &self.0 {
            let run = |input: &Val| {
                let cx = Ctx::<data::JustLut<Val>>::new(&program.lut, Vars::new([]));
                program.id.run((cx, input.clone())).map(unwrap_valr)
            };
            let (mut ours, mut theirs) = (run(&primary), run(&shadow));
            let mut results = 0;
            loop {
                let (one, other) = (ours.next(), theirs.next());
                // Errors tell of the whole input, which need not be the same.
                if one != other && !matches!((&one, &other), (Some(Err(_)), Some(Err(_)))) {
                    let show = |result: Option<Result<Val, _>>| result.map(show);
                    let (primary, shadow) = (show(one), show(other));
                    differences.push(Difference { program: text.clone(), primary, shadow });
                    break;
                }
                // A program that fails alike on both sides has nothing further to say.
                if !matches!(one, Some(Ok(_))) {
                    break;
                }
                results += 1;
                if results == RESULTS || Instant::now() > end {
                    return Err(Endless(text.clone()));
                }
            }
        }
        Ok(differences)
    }
}

fn show(result: Result<Val, jaq_json::Error>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn parse(body: Option<&[u8]>) -> Val {
    body.and_then(|body| read::parse_single(body).ok()).unwrap_or(Val::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(program: &str, primary: &str, shadow: &str) -> Vec<(Option<String>, Option<String>)> {
        let programs = Programs::new(&[program.to_owned()]).unwrap();
        let differences = programs.compare([Some(primary.as_bytes()), Some(shadow.as_bytes())]).unwrap();
        differences.into_iter().map(|found| (found.primary, found.shadow)).collect()
    }

    #[test]
    fn results_are_compared_as_wholes() {
        for (program, primary, shadow, same) in [
            (".a", r#"{"a":"x"}"#, r#"{"a":"x","b":1}"#, true),
            (".a", r#"{"a":"x"}"#, r#"{"a":"y"}"#, false),
            (".b", r#"{"a":"x"}"#, r#"{"a":"y"}"#, true),
            (".a", r#"{"a":{"b":[1,{"c":2}]}}"#, r#"{"a":{"b":[1,{"c":2}]}}"#, true),
            (".a", r#"{"a":{"b":[1,{"c":2}]}}"#, r#"{"a":{"b":[1,{"c":3}]}}"#, false),
            (".a", r#"{"a":{"b":1,"c":2}}"#, r#"{"a":{"c":2,"b":1}}"#, true),
            (".a", r#"{"a":{}}"#, r#"{"a":"{}"}"#, false),
            (".a", r#"{"a":[1,2]}"#, r#"{"a":[1,2]}"#, true),
            (".a", r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false),
            (".a", r#"{"a":[1]}"#, r#"{"a":"1"}"#, false),
            (".a", r#"{"a":"1"}"#, r#"{"a":[1]}"#, false),
            (".a", r#"{"a":"true"}"#, r#"{"a":true}"#, false),
            (".[]", "[1,2]", "[1,2,3]", false),
            (".", "not JSON", "nor this", true),
            (".", "null", "not JSON", true),
            (".a", "[1]", "[2]", true),
        ] {
            assert_eq!(compare(program, primary, shadow).is_empty(), same, "{program} {primary} {shadow}");
        }
        let difference = compare(".[]", "[1]", "[1,2]");
        assert_eq!(difference, [(None, Some("2".to_owned()))]);
    }

    #[test]
    fn bad_programs_are_told_with_their_place() {
        for (program, expected) in [
            (".a |", "at byte 4"),
            ("nope(.a)", "nope at byte 0"),
            ("env", "env at byte 0"),
            ("$ENV", "$ENV"),
            ("[.a", "at byte"),
            ("now", "now at byte 0"),
        ] {
            let error = compile(program).err().unwrap_or_else(|| panic!("{program} was compiled"));
            assert!(error.contains(expected), "{program}: {error}");
        }
    }

    #[test]
    fn programs_without_end_are_bounded() {
        let programs = Programs::new(&["repeat(1)".to_owned()]).unwrap();
        assert_eq!(programs.compare([Some(b"1"), Some(b"1")]), Err(Endless("repeat(1)".to_owned())));
    }
}
