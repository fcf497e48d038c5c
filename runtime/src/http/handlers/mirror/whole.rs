//! Bodies that are compared once they are there: on threads of their own, because that takes a while.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    compare::{Skipped, of_bytes},
    contents::Bodies,
    jq::{Limits, Programs},
    json::Rules,
    shape::Shape,
};
use crate::mirrors::{
    Capacity, Finding, Held, Kind, Side,
    secrets::{REDACTED, is_secret, redact, shorten},
};

/// Bytes that a value in JSON takes up once it is read, beside its text.
pub(super) const VALUE: usize = 64;

/// What makes differences of two bodies.
#[derive(Debug)]
pub(super) enum Whole {
    Json(Rules),
    Jq(Programs),
}

impl Whole {
    /// Compares when it is its turn. `held` is what the bodies take up.
    ///
    /// # Errors
    /// Why it was given up.
    pub(super) async fn findings(
        self: &Arc<Self>,
        bodies: [Vec<u8>; 2],
        mut held: Held,
        capacity: &Capacity,
    ) -> Result<Vec<Finding>, Skipped> {
        let turn = capacity.turn().await;
        let this = Arc::clone(self);
        let running = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            this.compare(&bodies, &mut held)
        });
        // The message of a panic is on standard error.
        running.await.unwrap_or(Err(Skipped::Failed))
    }

    fn compare(&self, bodies: &[Vec<u8>; 2], held: &mut Held) -> Result<Vec<Finding>, Skipped> {
        let shapes = bodies.each_ref().map(|body| Shape::of(body));
        held.grow(shapes.iter().flatten().map(|shape| shape.values.saturating_mul(VALUE)).sum())?;
        let [primary, shadow] = bodies;
        let texts = [(primary, shapes[0]), (shadow, shapes[1])];
        let texts = texts.map(|(body, shape)| shape.map(|shape| (&**body, shape)));
        Ok(match self {
            Self::Json(rules) => of_json(rules, bodies, texts),
            Self::Jq(programs) => of_jq(programs, texts, held)?,
        })
    }
}

/// A body that may be read as JSON.
pub(super) type Text<'b> = Option<(&'b [u8], Shape)>;

fn of_jq(programs: &Programs, bodies: [Text<'_>; 2], held: &Held) -> Result<Vec<Finding>, Skipped> {
    let show = |value: Option<String>| value.map_or_else(|| "(none)".to_owned(), |value| redact(&value));
    let found = programs.compare(bodies, Limits::default(), held)?.into_iter().map(|found| Finding {
        kind: Kind::Body,
        field: shorten(&found.program),
        primary: show(found.primary),
        shadow: show(found.shadow),
        offset: None,
    });
    Ok(found.collect())
}

fn of_json(rules: &Rules, bodies: &[Vec<u8>; 2], texts: [Text<'_>; 2]) -> Vec<Finding> {
    let show = |secret: bool, value: Option<String>| match value {
        None => "(none)".to_owned(),
        Some(_) if secret => REDACTED.to_owned(),
        Some(value) => redact(&value),
    };
    let [primary, shadow] = bodies;
    match rules.compare(texts.map(|text| text.map(|(text, _)| text))) {
        Some(found) => {
            let found = found.into_iter().map(|found| {
                let field = found.path.to_string();
                let secret = is_secret(field.rsplit('.').next().unwrap_or_default());
                let (field, primary, shadow) =
                    (shorten(&field), show(secret, found.primary), show(secret, found.shadow));
                Finding { kind: Kind::Body, field, primary, shadow, offset: None }
            });
            found.collect()
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
