//! `fmt`: Caddyfiles in house style.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use caddis_grammar::format_checked;
use clap::Args;
use similar::{ChangeTag, TextDiff};

use crate::{failure::Failure, source::read};

/// Formats Caddyfiles. Prints the result of a single file unless --overwrite, --diff or --check is given.
#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// Files to format, or - for standard input; ./Caddyfile by default
    files: Vec<String>,
    /// Configuration file
    #[arg(short, long, value_name = "PATH")]
    config: Option<String>,
    /// Overwrite the input files with the results
    #[arg(short = 'w', long)]
    overwrite: bool,
    /// Print the differences between input and output
    #[arg(short, long)]
    diff: bool,
    /// Print only the names of files that are not formatted
    #[arg(long, conflicts_with_all = ["overwrite", "diff"])]
    check: bool,
}

pub(crate) fn run(args: &FmtArgs) -> Result<(), Failure> {
    let mut files: Vec<&str> = args.config.iter().chain(&args.files).map(String::as_str).collect();
    if files.is_empty() {
        files.push("Caddyfile");
    }
    if files.len() > 1 && !(args.overwrite || args.diff || args.check) {
        return Err(Failure::new("several files can be formatted only with --overwrite, --diff or --check"));
    }
    let mut unformatted = 0;
    for file in &files {
        unformatted += usize::from(!format_one(file, args)?);
    }
    if unformatted > 0 { Err(Failure::reported()) } else { Ok(()) }
}

/// Formats one file and says whether there is nothing left to complain about.
fn format_one(file: &str, args: &FmtArgs) -> Result<bool, Failure> {
    let input = read(file)?;
    let output = format_checked(&input).map_err(|error| Failure::new(format!("{file}: {error}")))?;
    let mut stdout = io::stdout().lock();
    if file == "-" {
        stdout.write_all(output.as_bytes())?;
        return Ok(true);
    }
    let first_difference = first_difference(&input, &output);
    if args.overwrite {
        if input != output {
            replace(Path::new(file), &output)?;
        }
        return Ok(true);
    }
    if args.diff {
        for change in TextDiff::from_lines(&input, &output).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            writeln!(stdout, "{sign} {}", change.value().trim_end_matches('\n'))?;
        }
    } else if !args.check {
        stdout.write_all(output.as_bytes())?;
    }
    let Some(line) = first_difference else { return Ok(true) };
    writeln!(
        io::stderr(),
        "{file}:{line}: Caddyfile input is not formatted; Tip: use '--overwrite' to update your Caddyfile \
         in-place instead of previewing it. Consult '--help' for more options"
    )?;
    Ok(false)
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
