//! Two answers to one request, compared.

use std::{cell::RefCell, sync::Arc};

use bytes::Bytes;
use caddis_config::{go::header::canonical, http::handlers::Mirror as Config};
use http::{HeaderMap, HeaderName, StatusCode, header};
use http_body_util::BodyExt;

use super::{
    contents::{self, Bodies},
    decoder::Decoder,
    jq::{Endless, Programs},
    json::Rules,
    shadow::positive,
    tee::Cut,
    whole::Whole,
};
use crate::{
    build::{Build, BuildError},
    http::{Body, body::BodyError},
    mirrors::{
        Capacity, Finding, Full, Held, Kind, Side,
        secrets::{redact, show_header},
    },
};

/// Bytes of a body up to which it is compared, unless configured.
const LIMIT: usize = 10 << 20;

/// What is compared.
#[derive(Debug)]
pub(super) struct Comparison {
    status: bool,
    headers: Vec<HeaderName>,
    bodies: Option<Rule>,
    limit: usize,
    capacity: Arc<Capacity>,
}

/// How bodies are compared.
#[derive(Debug)]
enum Rule {
    /// While they are on their way.
    Bytes,
    /// Once they are there.
    Whole(Arc<Whole>),
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
    #[error(transparent)]
    Full(#[from] Full),
    #[error(transparent)]
    Endless(#[from] Endless),
    #[error("the comparison failed")]
    Failed,
}

/// Two answers on their way.
#[derive(Debug)]
pub(super) struct Pair {
    heads: [Option<(StatusCode, HeaderMap)>; 2],
    bodies: Bodies,
    whole: [Vec<u8>; 2],
    held: Held,
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
            let programs = programs.map_err(|(at, error)| {
                cx.at("compare_jq", |cx| {
                    cx.at(at, |cx| cx.error(format!("error parsing jq query {at}: {error}")))
                })
            });
            Some(Rule::Whole(Arc::new(Whole::Jq(programs?))))
        } else if let Some(json) = &config.compare_json {
            let rules = Rules::new(json);
            let rules = rules.map_err(|error| cx.at("compare_json", |cx| cx.error(error)));
            Some(Rule::Whole(Arc::new(Whole::Json(rules?))))
        } else {
            config.compare_body.then_some(Rule::Bytes)
        };
        let limit = positive(config.compare_max_size).unwrap_or(LIMIT);
        let capacity = Arc::clone(&cx.process.mirrors.capacity);
        Ok(Self { status: config.compare_status, headers, bodies, limit, capacity })
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

    /// What is compared of an answer's headers, and what tells how its body is coded.
    pub(super) fn of_interest(&self, headers: &HeaderMap) -> HeaderMap {
        let mut kept = HeaderMap::new();
        let coding = self.bodies.is_some().then_some(&header::CONTENT_ENCODING);
        for name in self.headers.iter().chain(coding) {
            // A field may be named twice.
            if !kept.contains_key(name) {
                for value in headers.get_all(name) {
                    kept.append(name, value.clone());
                }
            }
        }
        kept
    }

    /// Where two answers come together.
    pub(super) fn pair(&self) -> RefCell<Pair> {
        let held = self.capacity.part();
        RefCell::new(Pair {
            heads: [None, None],
            bodies: Bodies::default(),
            whole: [Vec::new(), Vec::new()],
            held,
        })
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
        mut body: Body,
    ) -> Result<(), Skipped> {
        let unreadable = |error: std::io::Error| Skipped::Unreadable(error.into());
        let mut decoder = match &self.bodies {
            Some(_) => Some(Decoder::new(&head.1, self.limit).map_err(unreadable)?),
            None => None,
        };
        pair.borrow_mut().heads[side as usize] = Some(head);
        let mut left = self.limit;
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
            pair.borrow_mut().add(self.bodies.as_ref(), side, data)?;
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
    /// Why the bodies cannot be compared.
    pub(super) async fn findings(&self, pair: Pair) -> Result<Vec<Finding>, Skipped> {
        let Pair { heads: [Some(primary), Some(shadow)], bodies, whole, held } = pair else {
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
            Some(Rule::Whole(rule)) => {
                findings.extend(Whole::findings(rule, whole, held, &self.capacity).await?);
            }
        }
        Ok(findings)
    }
}

pub(super) fn of_bytes(found: &contents::Difference) -> Finding {
    let show = |bytes: &Bytes| redact(&String::from_utf8_lossy(bytes));
    Finding {
        kind: Kind::Body,
        field: "body".to_owned(),
        primary: show(&found.primary),
        shadow: show(&found.shadow),
        offset: Some((found.offset, found.exact)),
    }
}

impl Pair {
    fn add(&mut self, rule: Option<&Rule>, side: Side, data: Bytes) -> Result<(), Full> {
        match rule {
            None => Ok(()),
            Some(Rule::Bytes) => {
                self.bodies.add(side, data);
                self.held.resize(self.bodies.size())
            }
            Some(Rule::Whole(_)) => {
                self.whole[side as usize].extend_from_slice(&data);
                self.held.resize(self.whole.iter().map(Vec::capacity).sum())
            }
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
