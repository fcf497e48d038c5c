//! `fmt`: Caddyfiles in house style.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::Path,
};

use caddis_grammar::{expand, format_checked};
use clap::Args;
use similar::TextDiff;

use crate::{
    environment::Environment,
    failure::Failure,
    files::Disk,
    project,
    source::{looks_like_caddyfile, make_room_for, read},
};

/// Formats Caddyfiles. Prints the result of a single file unless --overwrite, --diff or --check is given. Exit status: 1 when
/// something is not formatted, unless it is overwritten or printed from standard input, and when a file cannot be formatted.
#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// Files to format, folders of which to format all Caddyfiles with what they import, or - for standard input;
    /// ./Caddyfile by default
    paths: Vec<String>,
    /// Configuration file
    #[arg(short, long, value_name = "PATH")]
    config: Option<String>,
    /// Overwrite the input files with the results
    #[arg(short = 'w', long)]
    overwrite: bool,
    /// Print a unified diff, which `patch -p1` and `git apply` understand
    #[arg(short, long)]
    diff: bool,
    /// Print only the names of files that are not formatted
    #[arg(long, conflicts_with_all = ["overwrite", "diff"])]
    check: bool,
}

pub(crate) fn run(args: &FmtArgs) -> Result<(), Failure> {
    let mut files = Vec::new();
    for path in args.config.iter().chain(&args.paths) {
        files.extend(if Path::new(path).is_dir() { caddyfiles(path)? } else { vec![path.clone()] });
    }
    if args.config.is_none() && args.paths.is_empty() {
        files.push("Caddyfile".to_owned());
    }
    if files.len() > 1 && !(args.overwrite || args.diff || args.check) {
        return Err(Failure::new("several files can be formatted only with --overwrite, --diff or --check"));
    }
    let mut all_well = true;
    for file in &files {
        // A file that cannot be formatted is no reason to leave out the others.
        all_well &= format_one(file, args)
            .or_else(|failure| writeln!(io::stderr(), "Error: {}", failure.message).map(|()| false))?;
    }
    if all_well { Ok(()) } else { Err(Failure::reported()) }
}

/// The Caddyfiles in a folder, and the files in it that they import, sorted.
fn caddyfiles(folder: &str) -> Result<Vec<String>, Failure> {
    let mut files: BTreeSet<String> =
        project::files(folder)?.into_iter().filter(|file| looks_like_caddyfile(file)).collect();
    let above = std::path::absolute(folder)?;
    let environment = Environment::load(&[])?;
    let mut imported = BTreeSet::new();
    for file in &files {
        let expanded = expand(file, &read(file)?, &Disk, &environment);
        let names = expanded.sources.iter().skip(1).map(|source| source.name.clone());
        imported.extend(names.filter(|name| Path::new(name).starts_with(&above)));
    }
    for file in &files {
        imported.remove(std::path::absolute(file)?.to_string_lossy().as_ref());
    }
    let here = std::env::current_dir()?;
    let shortened = |name: &String| project::shortened(name, &here);
    files.extend(imported.iter().map(shortened));
    Ok(files.into_iter().collect())
}

/// Formats one file and says whether there is nothing left to complain about.
fn format_one(file: &str, args: &FmtArgs) -> Result<bool, Failure> {
    make_room_for(file);
    let input = read(file)?;
    let output = format_checked(&input).map_err(|error| Failure::new(format!("{file}: {error}")))?;
    let mut stdout = io::stdout().lock();
    let is_input = file == "-";
    if args.overwrite && !is_input {
        if input != output {
            replace(Path::new(file), &output)?;
        }
        return Ok(true);
    }
    let is_printed = !(args.diff || args.check);
    if is_printed {
        stdout.write_all(output.as_bytes())?;
    }
    let Some(line) = first_difference(&input, &output).filter(|_| !(is_printed && is_input)) else {
        return Ok(true);
    };
    if args.check {
        writeln!(stdout, "{file}")?;
        return Ok(false);
    }
    if args.diff {
        stdout.write_all(patch(file, &input, &output).as_bytes())?;
    }
    writeln!(
        io::stderr(),
        "{file}:{line}: Caddyfile input is not formatted; Tip: use '--overwrite' to update your Caddyfile \
         in-place instead of previewing it. Consult '--help' for more options"
    )?;
    Ok(false)
}

/// A unified diff with the prefixes that git gives names.
fn patch(file: &str, input: &str, output: &str) -> String {
    let name = if file == "-" { "stdin" } else { file.trim_start_matches("./").trim_start_matches('/') };
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    TextDiff::from_lines(input, output).unified_diff().header(&old, &new).to_string()
}

/// Writes beside the file and renames, so that a crash leaves the old text or the new one; keeps the permissions.
fn replace(file: &Path, content: &str) -> Result<(), Failure> {
    let target = fs::canonicalize(file)?;
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = target.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&temporary, content)?;
    fs::set_permissions(&temporary, fs::metadata(&target)?.permissions())?;
    fs::rename(&temporary, &target)?;
    Ok(())
}

/// The first line, counted from 1, in which the texts differ. Line feeds of Windows do not count, as in Caddy.
fn first_difference(input: &str, output: &str) -> Option<usize> {
    let input = input.replace("\r\n", "\n");
    if input == output {
        return None;
    }
    let same = input.bytes().zip(output.bytes()).take_while(|(left, right)| left == right).count();
    Some(input.as_bytes()[..same].iter().filter(|&&byte| byte == b'\n').count() + 1)
}
