//! Who imports whom, so that a circle is found before it is walked.

use std::collections::{HashMap, HashSet};

/// Files, by name, and snippets, as `file:snippet`, with what each imports.
#[derive(Debug, Default)]
pub(crate) struct ImportGraph {
    edges: HashMap<String, Vec<String>>,
}

impl ImportGraph {
    /// Notes that `from` imports each of `to`; `Err` names the one that leads back to `from`.
    pub(crate) fn add<'a>(&mut self, from: &str, to: &'a [String]) -> Result<(), &'a str> {
        for target in to {
            if self.leads(target, from) {
                return Err(target);
            }
            let edges = self.edges.entry(from.to_owned()).or_default();
            if !edges.contains(target) {
                edges.push(target.clone());
            }
        }
        Ok(())
    }

    /// Whether at least one step leads from `start` to `goal`.
    fn leads(&self, start: &str, goal: &str) -> bool {
        let mut seen = HashSet::new();
        let mut todo = vec![start];
        while let Some(node) = todo.pop() {
            for next in self.edges.get(node).into_iter().flatten() {
                if next == goal {
                    return true;
                }
                if seen.insert(next.as_str()) {
                    todo.push(next);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut graph = ImportGraph::default();
        assert_eq!(graph.add("a", &names(&["b", "c"])), Ok(()));
        assert_eq!(graph.add("b", &names(&["d"])), Ok(()));
        assert_eq!(graph.add("c", &names(&["d"])), Ok(()));
        assert_eq!(graph.add("d", &names(&["e", "a"])), Err("a"));
    }
}
