//! Words that stand in a text many times share their memory.

use std::rc::Rc;

/// One word for each hash: names of directives, braces and the like come again soon.
#[derive(Debug)]
pub(super) struct WordCache([Option<Rc<str>>; PLACES]);

const PLACES: usize = 256;

impl Default for WordCache {
    fn default() -> Self {
        Self([const { None }; PLACES])
    }
}

impl WordCache {
    /// The word, from the cache if it is there.
    pub(super) fn share(&mut self, word: &str) -> Rc<str> {
        let place = &mut self.0[hash(word) % PLACES];
        match place {
            Some(known) if **known == *word => known.clone(),
            _ => place.insert(word.into()).clone(),
        }
    }
}

/// Three bytes and the length are enough to tell apart what people write.
fn hash(word: &str) -> usize {
    let bytes = word.as_bytes();
    let [first, .., last] = bytes else { return bytes.len() };
    let middle = bytes[bytes.len() / 2];
    [*first, middle, *last].into_iter().fold(bytes.len(), |hash, byte| hash * 31 + usize::from(byte))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::WordCache;

    #[test]
    fn equal_words_share_and_others_do_not() {
        let mut cache = WordCache::default();
        let first = cache.share("reverse_proxy");
        assert!(Rc::ptr_eq(&first, &cache.share("reverse_proxy")));
        for number in 0..1000 {
            let word = number.to_string();
            assert_eq!(&*cache.share(&word), word);
        }
        assert_eq!(&*cache.share(""), "");
    }
}
