//! Two answers to one request, compared.

use std::{
    cell::RefCell,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use caddis_config::{go::header::canonical, http::handlers::Mirror as Config};
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::BodyExt;
use regex::Regex;

use super::{
    contents::{self, Bodies},
    decoder::Decoder,
    jq::Programs,
    json::Rules,
    tee::Cut,
};
use crate::{
    build::{Build, BuildError},
    http::body::BodyError,
    mirrors::{Kind, Side},
};

/// Bytes of a body up to which it is compared, unless configured.
const LIMIT: usize = 10 << 20;
/// How long jq programs may go without coming back. They look at the time themselves where they can.
const STUCK: Duration = Duration::from_secs(5);
/// Characters that are shown of a value.
const SHOWN: usize = 400;

/// What is compared.
#[derive(Debug)]
pub(super) struct Comparison {
    status: bool,
    headers: Vec<HeaderName>,
    bodies: Option<Rule>,
    limit: usize,
    /// A program did not come back; it still holds its thread, and no other is given to it.
    stuck: AtomicBool,
}

/// How bodies are compared.
#[derive(Debug)]
enum Rule {
    Bytes,
    Json(Rules),
    Jq(Arc<Programs>),
}

/// Something that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    /// `status`, the name of a header field, `body`, a path in JSON or a jq program.
    pub(super) field: String,
    pub(super) primary: String,
    pub(super) shadow: String,
    /// Bytes before the difference, and whether that is exact.
    pub(super) offset: Option<(u64, bool)>,
}

/// Why two answers were not compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum Skipped {
    #[error(transparent)]
    Cut(#[from] Cut),
    #[error("a body is larger than compare_max_size")]
    TooLarge,
    #[error("reading a body: {0}")]
    Unreadable(BodyError),
    #[error("a jq program of compare_jq does not come to an end; it is not run any more")]
    Endless,
}

/// Two answers on their way.
#[derive(Debug, Default)]
pub(super) struct Pair {
    heads: [Option<(StatusCode, HeaderMap)>; 2],
    bodies: Bodies,
    whole: [Vec<u8>; 2],
}

impl Comparison {
    /// # Errors
    /// A jq program or a path that cannot be read.
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let headers = cx.at("compare_headers", |cx| {
            let names = config.compare_headers.iter();
            let name = |name: &String| HeaderName::try_from(name.as_str());
            let names =
                names.map(|text| name(text).map_err(|_| cx.error(format!("bad field name '{text}'"))));
            names.collect::<Result<Vec<_>, _>>()
        })?;
        let bodies = if !config.compare_jq.is_empty() {
            let programs = Programs::new(&config.compare_jq);
            Some(Rule::Jq(Arc::new(programs.map_err(|(at, error)| {
                cx.at("compare_jq", |cx| {
                    cx.at(at, |cx| cx.error(format!("error parsing jq query {at}: {error}")))
                })
            })?)))
        } else if let Some(json) = &config.compare_json {
            let rules = Rules::new(json);
            Some(Rule::Json(rules.map_err(|error| cx.at("compare_json", |cx| cx.error(error)))?))
        } else {
            config.compare_body.then_some(Rule::Bytes)
        };
        let limit = usize::try_from(config.compare_max_size).ok().filter(|limit| *limit > 0).unwrap_or(LIMIT);
        Ok(Self { status: config.compare_status, headers, bodies, limit, stuck: AtomicBool::new(false) })
    }

    /// Whether each kind is compared.
    pub(super) fn kinds(&self) -> [bool; 3] {
        [self.status, !self.headers.is_empty(), self.bodies.is_some()]
    }

    pub(super) fn is_active(&self) -> bool {
        self.kinds().contains(&true)
    }

    /// Most bytes of a body that are read, decoded or not.
    pub(super) fn limit(&self) -> u64 {
        self.limit as u64
    }

    /// Takes one side's answer in.
    ///
    /// # Errors
    /// Why it cannot be compared. A body that is too large is only an error where bodies are compared.
    pub(super) async fn read(
        &self,
        pair: &RefCell<Pair>,
        side: Side,
        head: (StatusCode, HeaderMap),
        body: impl http_body::Body<Data = Bytes, Error = BodyError>,
    ) -> Result<(), Skipped> {
        let unreadable = |error: std::io::Error| Skipped::Unreadable(error.into());
        let mut decoder = match &self.bodies {
            Some(_) => Some(Decoder::new(&head.1, self.limit).map_err(unreadable)?),
            None => None,
        };
        pair.borrow_mut().heads[side as usize] = Some(head);
        let mut left = self.limit;
        let mut body = std::pin::pin!(body);
        while let Some(frame) = body.frame().await {
            let data = match frame {
                Ok(frame) => frame.into_data().unwrap_or_default(),
                // Where bodies are not compared, how they end does not matter.
                Err(_) if self.bodies.is_none() => return Ok(()),
                Err(error) => return Err(Skipped::of(error)),
            };
            let data = match &mut decoder {
                Some(decoder) => decoder.decode(data).map_err(unreadable)?,
                None => data,
            };
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None if self.bodies.is_some() => return Err(Skipped::TooLarge),
                None => return Ok(()),
            }
            pair.borrow_mut().add(self.bodies.as_ref(), side, data);
        }
        Ok(())
    }

    /// Takes the primary's head in, where bodies are not compared.
    pub(super) fn read_head(pair: &RefCell<Pair>, side: Side, head: (StatusCode, HeaderMap)) {
        pair.borrow_mut().heads[side as usize] = Some(head);
    }

    /// Whether copies of bodies are needed.
    pub(super) fn needs_bodies(&self) -> bool {
        self.bodies.is_some()
    }

    /// Everything that differs; both sides have been read.
    ///
    /// # Errors
    /// A jq program that does not come to an end.
    pub(super) async fn findings(&self, pair: Pair) -> Result<Vec<Finding>, Skipped> {
        let Pair { heads: [Some(primary), Some(shadow)], bodies, whole } = pair else {
            return Ok(Vec::new());
        };
        let mut findings = Vec::new();
        if self.status && primary.0 != shadow.0 {
            let (primary, shadow) = (primary.0.as_str().to_owned(), shadow.0.as_str().to_owned());
            let field = "status".to_owned();
            findings.push(Finding { kind: Kind::Status, field, primary, shadow, offset: None });
        }
        for name in &self.headers {
            let values = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            let (ours, theirs) = (values(&primary.1), values(&shadow.1));
            if ours != theirs {
                let field = canonical(name.as_str());
                let show = |values: &[http::HeaderValue]| show_header(name, values);
                let (primary, shadow) = (show(&ours), show(&theirs));
                findings.push(Finding { kind: Kind::Header, field, primary, shadow, offset: None });
            }
        }
        match &self.bodies {
            None => {}
            Some(Rule::Bytes) => findings.extend(bodies.finish().map(|found| of_bytes(&found))),
            Some(Rule::Json(rules)) => findings.extend(of_json(rules, &whole)),
            Some(Rule::Jq(programs)) => findings.extend(self.of_jq(programs, whole).await?),
        }
        Ok(findings)
    }

    /// Runs the programs beside the shard, because they may take long.
    async fn of_jq(
        &self,
        programs: &Arc<Programs>,
        [primary, shadow]: [Vec<u8>; 2],
    ) -> Result<Vec<Finding>, Skipped> {
        if self.stuck.load(Relaxed) {
            return Err(Skipped::Endless);
        }
        let programs = Arc::clone(programs);
        let running = tokio::task::spawn_blocking(move || programs.compare(&primary, &shadow));
        let Ok(Ok(Ok(found))) = tokio::time::timeout(STUCK, running).await else {
            self.stuck.store(true, Relaxed);
            return Err(Skipped::Endless);
        };
        let show = |value: Option<String>| value.map_or_else(|| "(none)".to_owned(), |value| redact(&value));
        let found = found.into_iter().map(|found| Finding {
            kind: Kind::Body,
            field: found.program,
            primary: show(found.primary),
            shadow: show(found.shadow),
            offset: None,
        });
        Ok(found.collect())
    }
}

fn of_bytes(found: &contents::Difference) -> Finding {
    let show = |bytes: &Bytes| redact(&String::from_utf8_lossy(bytes));
    Finding {
        kind: Kind::Body,
        field: "body".to_owned(),
        primary: show(&found.primary),
        shadow: show(&found.shadow),
        offset: Some((found.offset, found.exact)),
    }
}

fn of_json(rules: &Rules, [primary, shadow]: &[Vec<u8>; 2]) -> Vec<Finding> {
    let finding = |field: String, primary: String, shadow: String| {
        let secret = is_secret(field.rsplit('.').next().unwrap_or_default());
        let show = |value: String| if secret { REDACTED.to_owned() } else { redact(&value) };
        Finding { kind: Kind::Body, field, primary: show(primary), shadow: show(shadow), offset: None }
    };
    match rules.compare(primary, shadow) {
        Some(found) => {
            let show = |value: Option<String>| value.unwrap_or_else(|| "(none)".to_owned());
            let found = found.into_iter();
            found
                .map(|found| finding(found.path.to_string(), show(found.primary), show(found.shadow)))
                .collect()
        }
        None if primary == shadow => Vec::new(),
        None => {
            let mut bodies = Bodies::default();
            bodies.add(Side::Primary, Bytes::copy_from_slice(primary));
            bodies.add(Side::Shadow, Bytes::copy_from_slice(shadow));
            bodies.finish().map(|found| of_bytes(&found)).into_iter().collect()
        }
    }
}

impl Pair {
    fn add(&mut self, rule: Option<&Rule>, side: Side, data: Bytes) {
        match rule {
            None => {}
            Some(Rule::Bytes) => self.bodies.add(side, data),
            Some(Rule::Json(_) | Rule::Jq(_)) => self.whole[side as usize].extend_from_slice(&data),
        }
    }
}

impl Skipped {
    fn of(error: BodyError) -> Self {
        match error.downcast::<Cut>() {
            Ok(cut) if *cut == Cut::TooLarge => Self::TooLarge,
            Ok(cut) => Self::Cut(*cut),
            Err(error) => Self::Unreadable(error),
        }
    }
}

/// What stands in the place of a secret.
const REDACTED: &str = "REDACTED";

fn is_secret(name: &str) -> bool {
    const SECRETS: [&str; 8] =
        ["password", "passwd", "secret", "token", "apikey", "authorization", "cookie", "session"];
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

fn show_header(name: &HeaderName, values: &[http::HeaderValue]) -> String {
    if is_secret(name.as_str()) && !values.is_empty() {
        return REDACTED.to_owned();
    }
    let values = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    shorten(&values.collect::<Vec<_>>().join(", "))
}

/// A text without the values of what is named like a secret, and not too long.
fn redact(text: &str) -> String {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        let named = r#"(?i)([\w-]*(?:passw(?:or)?d|secret|token|api[_-]?key|authorization|cookie|session)[\w-]*"?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"?|[^&\s,}]+)"#;
        Regex::new(named).expect("the expression is a constant")
    });
    shorten(&NAMED.replace_all(text, format!("${{1}}{REDACTED}")))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        for (text, shown) in [
            (r#"{"user":"a","password":"p\"w","n":1}"#, r#"{"user":"a","password":REDACTED,"n":1}"#),
            (r#"{"access_token": "abc", "x":2}"#, r#"{"access_token": REDACTED, "x":2}"#),
            ("a=1&api_key=2&b=3", "a=1&api_key=REDACTED&b=3"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(redact(text), shown);
        }
        assert_eq!(redact(&"a".repeat(1000)).chars().count(), SHOWN + 1);
        let secret = http::HeaderValue::from_static("s=1");
        assert_eq!(show_header(&http::header::SET_COOKIE, std::slice::from_ref(&secret)), REDACTED);
        assert_eq!(show_header(&http::header::ETAG, &[secret]), "s=1");
    }
}
