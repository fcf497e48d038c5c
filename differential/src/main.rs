//! Compares what Caddis and Caddy make of random Caddyfiles, and shows the smallest file for each kind of difference.

#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
};

use caddis_differential::{
    adapted::{Outcome, World, adapt_text, prune},
    caddy::Caddy,
    compare::{Difference, compare, same_words},
    generate::Generator,
    language::Language,
    mutate::{mutate, untidy},
    shrink::shrink,
    text::File,
};
use clap::Parser;

/// How often Caddy is asked again where its answer differs, because some of its answers vary.
const ASKED_AGAIN: usize = 40;

#[derive(Debug, Parser)]
#[command(about = "Compare what Caddis and Caddy make of random Caddyfiles")]
struct Arguments {
    /// How many files
    #[arg(long, default_value_t = 1000)]
    files: usize,
    /// Where the sequence of files starts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Caddy
    #[arg(long, default_value = "caddy")]
    caddy: PathBuf,
    /// How many Caddys run beside each other
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// A folder for Caddy's sockets and data
    #[arg(long, default_value_os_t = std::env::temp_dir().join("caddis-differential"))]
    folder: PathBuf,
    /// How many files to show for each kind of difference
    #[arg(long, default_value_t = 2)]
    examples: usize,
    /// Compare the answers to these files instead
    texts: Vec<PathBuf>,
}

/// What a run has found.
#[derive(Debug, Default)]
struct Report {
    accepted: usize,
    rejected: usize,
    varying: usize,
    /// Differences that the page about differences explains.
    explained: usize,
    kinds: BTreeMap<String, (usize, Vec<String>)>,
}

impl Report {
    fn count(&mut self, ours: &Outcome, varying: bool) {
        match ours {
            Outcome::Accepted { .. } => self.accepted += 1,
            _ => self.rejected += 1,
        }
        self.varying += usize::from(varying);
    }
}

fn poisoned<T>(_: PoisonError<T>) -> io::Error {
    io::Error::other("a thread panicked")
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    if !arguments.texts.is_empty() {
        return show(&arguments);
    }
    let language = Language::of_this_repository()?.with_former().common();
    let known = known_kinds()?;
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        let jobs: Vec<_> = (0..arguments.jobs)
            .map(|job| {
                let (arguments, language, report) = (&arguments, &language, &report);
                scope.spawn(move || run(arguments, language, report, job))
            })
            .collect();
        jobs.into_iter().try_for_each(|job| job.join().map_err(|_| io::Error::other("a thread panicked"))?)
    })?;
    let mut report = report.into_inner().map_err(poisoned)?;
    let kinds = std::mem::take(&mut report.kinds);
    let (explained, kinds) = kinds.into_iter().partition(|(kind, _)| known.contains(kind));
    report.kinds = kinds;
    let explained: BTreeMap<String, (usize, Vec<String>)> = explained;
    for (kind, (count, _)) in &explained {
        println!("({count} × {kind}: explained)");
        report.explained += count;
    }
    print(&report);
    Ok(if report.kinds.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The kinds of differences that `fixtures/differences.md` explains, one a line in its blocks `kinds`.
fn known_kinds() -> io::Result<BTreeSet<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/differences.md");
    let page = std::fs::read_to_string(page)?;
    let blocks = page.split("```kinds\n").skip(1).filter_map(|rest| rest.split("```").next());
    Ok(blocks.flat_map(str::lines).map(str::to_owned).collect())
}

/// A Caddy in a folder of its own, and that folder as we see it.
fn start(arguments: &Arguments, job: usize) -> io::Result<(Caddy, World)> {
    let folder = arguments.folder.join(format!("{}-{job}", std::process::id()));
    for (name, content) in World::FILES {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        std::fs::write(path, content)?;
    }
    let world = World::new(folder.to_string_lossy());
    Ok((Caddy::start(&arguments.caddy, &folder)?, world))
}

fn run(arguments: &Arguments, language: &Language, report: &Mutex<Report>, job: usize) -> io::Result<()> {
    let (mut caddy, world) = start(arguments, job)?;
    for number in (job..arguments.files).step_by(arguments.jobs) {
        let seed = arguments.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let (file, text, ours) = make(language, seed, &world);
        let theirs = caddy.adapt(&text)?;
        let difference = difference(&caddy, &text, &ours, &theirs)?;
        let varying = difference.is_some() && varies(&mut caddy, &text, &ours)?;
        let Some(difference) = difference.filter(|_| !varying) else {
            report.lock().map_err(poisoned)?.count(&ours, varying);
            continue;
        };
        let shown = {
            let mut report = report.lock().map_err(poisoned)?;
            report.count(&ours, false);
            let (count, examples) = report.kinds.entry(difference.kind()).or_default();
            *count += 1;
            examples.len() >= arguments.examples
        };
        if !shown {
            let example = example(&mut caddy, &world, &file, &text, &difference)?;
            let mut report = report.lock().map_err(poisoned)?;
            let (_, examples) = report.kinds.entry(difference.kind()).or_default();
            examples.push(format!("seed {seed}\n{example}"));
        }
    }
    Ok(())
}

/// The file of a seed: most are valid, some have one error, some have bad style.
fn make(language: &Language, seed: u64, world: &World) -> (File, String, Outcome) {
    let mut generator = Generator::new(language, seed);
    let mut file = generator.file();
    let random = generator.random();
    if random.chance(50) {
        for _ in 0..=random.below(3) {
            mutate(&mut file, random);
        }
    }
    let keep = usize::from(random.chance(35));
    let outcome = prune(&mut file, keep, world);
    let text = file.text();
    if random.chance(10) {
        let text = untidy(&text, random);
        let outcome = adapt_text(&text, world);
        return (file, text, outcome);
    }
    (file, text, outcome)
}

/// The difference between two answers. Where Caddy finds style to mend, it is asked what it would make of it.
fn difference(caddy: &Caddy, text: &str, ours: &Outcome, theirs: &Outcome) -> io::Result<Option<Difference>> {
    let difference = compare(ours, theirs);
    if let Some(Difference::Warnings(0, 1)) = difference
        && !same_words(text, &caddy.format(text)?)
    {
        return Ok(Some(Difference::Formatting));
    }
    Ok(difference)
}

/// Whether Caddy says what we say when it is asked often enough, or never the same thing apart from the order of names
/// that it keeps in a map.
fn varies(caddy: &mut Caddy, text: &str, ours: &Outcome) -> io::Result<bool> {
    let mut answers = Vec::new();
    for _ in 0..ASKED_AGAIN {
        let theirs = caddy.adapt(text)?;
        if compare(ours, &theirs).is_none() {
            return Ok(true);
        }
        answers.push(theirs);
    }
    let stable = answers.iter().all(|answer| *answer == answers[0]);
    Ok(!stable && compare(&sorted(ours), &sorted(&answers[0])).is_none())
}

/// The same with the names of policies in alphabetical order.
fn sorted(outcome: &Outcome) -> Outcome {
    let Outcome::Accepted { json, warnings } = outcome else { return outcome.clone() };
    let Ok(mut value) = serde_json::from_str(json) else { return outcome.clone() };
    sort_subjects(&mut value);
    Outcome::Accepted { json: value.to_string(), warnings: *warnings }
}

fn sort_subjects(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Array(subjects)) = object.get_mut("subjects") {
                subjects.sort_by_key(ToString::to_string);
            }
            object.values_mut().for_each(sort_subjects);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(sort_subjects),
        _ => {}
    }
}

/// The smallest file with a difference of the same kind, and both answers.
fn example(
    caddy: &mut Caddy,
    world: &World,
    file: &File,
    text: &str,
    difference: &Difference,
) -> io::Result<String> {
    let kind = difference.kind();
    let mut failure = None;
    let mut ask = |text: &str| -> io::Result<Option<(Outcome, Outcome)>> {
        let (ours, theirs) = (adapt_text(text, world), caddy.adapt(text)?);
        let found = self::difference(caddy, text, &ours, &theirs)?;
        Ok(found.is_some_and(|difference| difference.kind() == kind).then_some((ours, theirs)))
    };
    let mut differs = |text: &str| {
        ask(text).unwrap_or_else(|error| {
            failure.get_or_insert(error);
            None
        })
    };
    let small = shrink(file, |file| differs(&file.text()).is_some());
    let small = small.text();
    let text = if differs(&small).is_some() { &small } else { text };
    let answers = differs(text);
    if let Some(error) = failure {
        return Err(error);
    }
    let answers =
        answers.map(|(ours, theirs)| format!("Caddis: {}\nCaddy:  {}\n", told(&ours), told(&theirs)));
    Ok(format!("{text}{}", answers.unwrap_or_default()))
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { json, warnings } => format!("{json} ({warnings} warnings)"),
        Outcome::Rejected { message, .. } => format!("refused: {message}"),
        Outcome::Crashed(message) => format!("crashed: {message}"),
    }
}

/// Prints both answers to the files where they differ.
fn show(arguments: &Arguments) -> io::Result<ExitCode> {
    let (mut caddy, world) = start(arguments, 0)?;
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.texts {
        let text = std::fs::read_to_string(path)?;
        let (ours, theirs) = (adapt_text(&text, &world), caddy.adapt(&text)?);
        if let Some(difference) = difference(&caddy, &text, &ours, &theirs)? {
            println!("== {}: {}\nCaddis: {}", path.display(), difference.kind(), told(&ours));
            println!("Caddy:  {}", told(&theirs));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn print(report: &Report) {
    let mut kinds: Vec<_> = report.kinds.iter().collect();
    kinds.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (kind, (count, examples)) in &kinds {
        println!("== {count} × {kind}");
        for example in examples {
            println!("{example}");
        }
    }
    let differing: usize = kinds.iter().map(|(_, (count, _))| count).sum();
    println!(
        "{} files: {} accepted and {} refused here; {differing} differ in {} kinds without explanation; \
         {} with; {} where Caddy's own answer varies",
        report.accepted + report.rejected,
        report.accepted,
        report.rejected,
        kinds.len(),
        report.explained,
        report.varying
    );
}
