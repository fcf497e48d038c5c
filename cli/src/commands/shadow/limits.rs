//! From how much on a report is a failure.

use std::str::FromStr;

use super::report::{Mirror, share};
use crate::failure::Failure;

/// So much of something is too much.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    what: What,
    from: Amount,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Status,
    Headers,
    Body,
    Any,
    Dropped,
    Abandoned,
    TimedOut,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Amount {
    Count(u64),
    Percent(f64),
}

const NAMES: [(&str, What); 8] = [
    ("status", What::Status),
    ("headers", What::Headers),
    ("body", What::Body),
    ("any", What::Any),
    ("dropped", What::Dropped),
    ("abandoned", What::Abandoned),
    ("timed-out", What::TimedOut),
    ("failed", What::Failed),
];

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, amount) = text.split_once('=').map_or((text, None), |(name, amount)| (name, Some(amount)));
        // Names in metrics and in the report are known, too.
        let known = match name {
            "header" => "headers",
            "timed_out" => "timed-out",
            name => name,
        };
        let what = NAMES.into_iter().find(|(name, _)| *name == known).map(|(_, what)| what);
        let names = || NAMES.map(|(name, _)| name).join(", ");
        let what = what.ok_or_else(|| format!("'{name}' is none of {}", names()))?;
        let bad = || {
            format!(
                "'{}' is neither a count from 1 on nor a share from 0% to 100%",
                amount.unwrap_or_default()
            )
        };
        let from = match amount.map(|amount| (amount, amount.strip_suffix('%'))) {
            None => Amount::Count(1),
            Some((_, Some(percent))) => {
                let percent = percent.trim().parse().ok();
                Amount::Percent(
                    percent.filter(|percent| *percent > 0.0 && *percent <= 100.0).ok_or_else(bad)?,
                )
            }
            Some((count, None)) => {
                Amount::Count(count.parse().ok().filter(|count| *count > 0).ok_or_else(bad)?)
            }
        };
        Ok(Self { what, from })
    }
}

/// What was counted, and of how many.
struct Counted {
    count: u64,
    of: u64,
}

impl What {
    /// `None` where a mirror does not look at it.
    fn counted(self, mirror: &Mirror) -> Option<Counted> {
        let (counts, kinds) = (&mirror.counts, &mirror.compared);
        let copies = |count| Some(Counted { count, of: counts.mirrored });
        let pairs = match self {
            Self::Status => &kinds.status,
            Self::Headers => &kinds.header,
            Self::Body => &kinds.body,
            Self::Any => {
                kinds.all().next()?;
                return Some(Counted { count: counts.different(), of: counts.compared });
            }
            Self::Dropped => {
                let of = counts.mirrored.saturating_add(counts.dropped);
                return Some(Counted { count: counts.dropped, of });
            }
            Self::Abandoned => return copies(counts.abandoned),
            Self::TimedOut => return copies(counts.timed_out),
            Self::Failed => return copies(counts.failed),
        };
        pairs.as_ref().map(|pairs| Counted { count: pairs.different, of: pairs.all() })
    }

    /// Whether it is about pairs of responses, of which there must be some.
    fn is_of_pairs(self) -> bool {
        matches!(self, Self::Status | Self::Headers | Self::Body | Self::Any)
    }

    fn name(self) -> &'static str {
        NAMES.into_iter().find(|(_, what)| *what == self).map_or("", |(name, _)| name)
    }
}

impl Limit {
    /// Why a mirror is beyond the limit, if it is. A test in which nothing was compared has shown nothing.
    fn reached(&self, mirror: &Mirror, counted: &Counted) -> Option<String> {
        let (name, path) = (self.what.name(), &mirror.path);
        let Counted { count, of } = *counted;
        if of == 0 && self.what.is_of_pairs() {
            return Some(format!("{name}: nothing was compared by the mirror {path}"));
        }
        let (reached, limit) = match self.from {
            Amount::Count(from) => (count >= from, from.to_string()),
            Amount::Percent(from) => {
                (count > 0 && count as f64 * 100.0 >= from * of as f64, format!("{from}%"))
            }
        };
        let what = if self.what.is_of_pairs() { "pairs differ" } else { "copies" };
        let share = share(count, of);
        reached.then(|| {
            format!("{name}: {count} of {of} {what} ({share}), the limit is {limit}, at the mirror {path}")
        })
    }
}

/// Why a report fails: each limit that a mirror has reached.
///
/// # Errors
/// A limit that no mirror can reach, because it does not look there: that would always pass.
pub(super) fn reached(limits: &[Limit], mirrors: &[Mirror]) -> Result<Vec<String>, Failure> {
    let mut reached = Vec::new();
    for limit in limits {
        let counted: Vec<_> =
            mirrors.iter().filter_map(|mirror| Some((mirror, limit.what.counted(mirror)?))).collect();
        if counted.is_empty() {
            let name = limit.what.name();
            return Err(Failure::new(if mirrors.is_empty() {
                format!("--fail-on {name}: there is no mirror in the report")
            } else {
                format!(
                    "--fail-on {name}: no mirror in the report compares that; see compare_status, compare_headers and compare_body"
                )
            }));
        }
        reached.extend(counted.iter().filter_map(|(mirror, counted)| limit.reached(mirror, counted)));
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        for (text, what, from) in [
            ("any", What::Any, Amount::Count(1)),
            ("header=5", What::Headers, Amount::Count(5)),
            ("timed_out=0.5%", What::TimedOut, Amount::Percent(0.5)),
            ("timed-out=100%", What::TimedOut, Amount::Percent(100.0)),
        ] {
            assert_eq!(text.parse(), Ok(Limit { what, from }), "{text}");
        }
        for text in [
            "",
            "all",
            "body=",
            "body=0",
            "body=-1",
            "body=0%",
            "body=101%",
            "body=NaN%",
            "body=x%",
            "body=1.5",
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }
}
