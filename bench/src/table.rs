//! Tables for a terminal: a row a peer, figures with their ratio to those of one row, which is Caddy's unless said otherwise.

use std::fmt::Write;

use crate::measure::median;

/// Rows of figures under named columns.
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    reference: &'static str,
    rows: Vec<(String, Vec<Vec<f64>>)>,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            reference: "caddy",
            rows: Vec::new(),
        }
    }

    /// The same with ratios to another row.
    pub(crate) fn relative_to(self, reference: &'static str) -> Self {
        Self { reference, ..self }
    }

    /// Adds one round's figures of a peer.
    pub(crate) fn add(&mut self, peer: &str, figures: &[f64]) {
        let row = match self.rows.iter().position(|(name, _)| name == peer) {
            Some(at) => &mut self.rows[at],
            None => {
                self.rows.push((peer.to_owned(), vec![Vec::new(); self.columns.len()]));
                self.rows.last_mut().expect("a row was just added")
            }
        };
        for (samples, &figure) in row.1.iter_mut().zip(figures) {
            samples.push(figure);
        }
    }

    /// The table as text.
    pub(crate) fn render(&self) -> String {
        let medians: Vec<(&str, Vec<f64>)> = self
            .rows
            .iter()
            .map(|(name, samples)| (name.as_str(), samples.iter().cloned().map(median).collect()))
            .collect();
        let reference =
            medians.iter().find(|(name, _)| *name == self.reference).map(|(_, figures)| figures.clone());
        let width = self.rows.iter().map(|(name, _)| name.len()).fold(12, usize::max);
        let mut out = format!("\n{}\n{:width$}", self.title, "");
        for column in &self.columns {
            write!(out, "{column:>26}").expect("writing to a string");
        }
        out.push('\n');
        for (name, figures) in &medians {
            write!(out, "{name:width$}").expect("writing to a string");
            for (at, figure) in figures.iter().enumerate() {
                let ratio = reference.as_ref().map(|reference| reference[at]).filter(|&r| r > 0.0);
                let cell = match ratio {
                    Some(reference) => format!("{} ({:.2}x)", number(*figure), figure / reference),
                    None => number(*figure),
                };
                write!(out, "{cell:>26}").expect("writing to a string");
            }
            out.push('\n');
        }
        out
    }
}

fn number(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
