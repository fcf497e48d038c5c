//! The handler `mirror`: answers from one branch and sends copies of the request through others.
//!
//! The client is answered by the primary alone. Copies run beside it, in tasks of their own with a time limit, on bodies
//! that are copied as the primary reads them; what it leaves, they read themselves.

mod compare;
mod contents;
mod decoder;
mod jq;
mod json;
mod noise;
mod sampling;
mod shadow;
mod shape;
mod tee;
mod whole;

use std::{sync::Arc, time::Instant};

use caddis_config::http::handlers::{Mirror as Config, Subroute};
use http::header;
use tokio::sync::oneshot;

use self::{
    sampling::Sampling,
    shadow::{Job, Permit, Seen, Shadows, positive},
    tee::{Original, tee},
};
use super::subroute;
use crate::{
    build::{Build, BuildError},
    error::{Kind, Outcome},
    http::{Exchange, Handler, HandlerFuture, Next},
    mirrors::{Count, Side},
};

struct Mirror {
    primary: Box<dyn Handler>,
    sampling: Sampling,
    /// Whether copies have bodies.
    with_body: bool,
    /// Bytes of a request's body that are copied.
    max_body: u64,
    shadows: Arc<Shadows>,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let with_body = config.mirror_body != Some(false);
    let max_body = positive(config.max_body).unwrap_or(u64::MAX);
    Ok(Box::new(Mirror {
        primary: branch("primary", config.primary.as_ref(), cx)?,
        sampling: Sampling::build(config, if with_body { max_body } else { u64::MAX }, cx)?,
        with_body,
        max_body,
        shadows: Arc::new(Shadows::build(config, cx)?),
    }))
}

fn branch(name: &str, config: Option<&Subroute>, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let config = config.ok_or_else(|| cx.error(format!("{name} handler is required")))?;
    cx.at(name, |cx| subroute::build(config, cx))
}

impl Mirror {
    /// Answers from the primary, with copies on their way.
    async fn mirrored<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> Outcome {
        let shadows = &self.shadows;
        let Some(permit) = shadows.admit() else {
            shadows.figures.count_several(Count::Dropped, shadows.len());
            return self.primary.handle(exchange, next).await;
        };
        let started = Instant::now();
        let seen = self.send_copies(exchange, permit);
        let response = match self.primary.handle(exchange, next).await {
            Ok(response) => response,
            Err(error) => {
                if error.kind() != Kind::Aborted {
                    shadows.logger.error("primary_handler_error", |fields| {
                        fields.error(&error);
                    });
                }
                return Err(error);
            }
        };
        let first_byte = started.elapsed();
        shadows.figures.first_byte(Side::Primary, first_byte);
        if seen.is_empty() && !shadows.times_bodies {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let copies = if shadows.comparison.needs_bodies() { seen.len() } else { 0 };
        let ended = shadows.times_bodies.then(|| {
            let shadows = Arc::clone(shadows);
            let ended: Box<dyn FnOnce()> =
                Box::new(move || shadows.figures.total(Side::Primary, started.elapsed()));
            ended
        });
        let bounds = shadows.bounds(shadows.comparison.limit());
        let (body, copies) = tee(body, copies, bounds, Original::Response { ended });
        let mut bodies = copies.into_iter().map(|copy| copy.body);
        for sender in seen {
            let (status, headers) = (parts.status, shadows.comparison.of_interest(&parts.headers));
            // A copy that has ended by now has no use for it.
            drop(sender.send(Seen { status, headers, body: bodies.next(), first_byte }));
        }
        Ok(http::Response::from_parts(parts, body))
    }

    /// Sends the copies on their way; where what the primary answers has to be told.
    fn send_copies(&self, exchange: &mut Exchange, permit: Permit) -> Vec<oneshot::Sender<Seen>> {
        let shadows = &self.shadows;
        let count = shadows.len();
        let mut bodies = Vec::new().into_iter();
        if self.with_body {
            let body = std::mem::take(&mut exchange.body);
            let original = Original::Request { waits: exchange.request.headers.contains_key(header::EXPECT) };
            let copies;
            (exchange.body, copies) = tee(body, count, shadows.bounds(self.max_body), original);
            bodies = copies.into_iter();
        }
        shadows.figures.count_several(Count::Mirrored, count);
        let compares = shadows.comparison.is_active();
        let mut seen = Vec::with_capacity(if compares { count } else { 0 });
        let mut job = |_| {
            let primary = compares.then(|| {
                let (sender, primary) = oneshot::channel();
                seen.push(sender);
                primary
            });
            Job::new(exchange, bodies.next(), primary)
        };
        let jobs = (0..count).map(&mut job).collect();
        let about = shadows.describe(exchange);
        tokio::task::spawn_local(permit.send(jobs, about));
        seen
    }
}

impl Handler for Mirror {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        if self.sampling.takes(exchange) {
            Box::pin(self.mirrored(exchange, next))
        } else {
            self.primary.handle(exchange, next)
        }
    }

    fn name(&self) -> &'static str {
        "mirror"
    }
}
