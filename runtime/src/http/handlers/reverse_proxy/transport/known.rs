//! What is known of many things, of which most are of no use after a while.

use std::{collections::HashMap, hash::Hash};

/// How many entries there are before those of no use are looked for.
const FEW: usize = 100;

/// Entries by their keys. Those of no use are looked for whenever the number of entries has doubled, so that an entry costs
/// the same however many there are.
#[derive(Debug)]
pub(super) struct Known<K, V> {
    entries: HashMap<K, V>,
    most: usize,
}

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), most: FEW }
    }
}

impl<K: Clone + Eq + Hash, V> Known<K, V> {
    /// The entry of a key, made if there is none. `useful` says which of the others to keep.
    pub(super) fn get(&mut self, key: &K, useful: impl Fn(&V) -> bool, make: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.most && !self.entries.contains_key(key) {
            self.entries.retain(|_, value| useful(value));
            self.most = FEW.max(self.entries.len() * 2);
        }
        self.entries.entry(key.clone()).or_insert_with(make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_no_use_is_forgotten_now_and_then() {
        let mut known = Known::default();
        for key in 0..10 * FEW {
            known.get(&key, |key| key % 10 == 0, || key);
            assert!(known.entries.len() <= 3 * FEW, "{key}");
        }
        let kept = known.entries.values().filter(|key| **key % 10 == 0).count();
        assert_eq!(kept, FEW, "what is of use is still there");
        let mut known = Known::default();
        for key in 0..5 * FEW {
            known.get(&key, |_| true, || key);
        }
        assert_eq!((known.entries.len(), *known.get(&7, |_| false, || 0)), (5 * FEW, 7));
    }
}
