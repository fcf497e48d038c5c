//! "Did you mean": the candidate that a mistyped word is closest to.

/// The candidate with the fewest edits from `word`, the first of several; `None` if all are too far away to have
/// been meant. A transposition of neighbours counts as one edit.
#[must_use]
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let limit = match word.len() {
        0..=3 => 1,
        4..=5 => 2,
        length => length / 3 + 1,
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase().chars().collect::<Vec<_>>()), candidate))
        // Something of the word has to be left.
        .filter(|&(edits, _)| edits <= limit && edits < word.len())
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and transpositions of neighbours from `left` to `right`.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut current = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut edits = replaced.min(last[j + 1] + 1).min(current[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                edits = edits.min(before_last[j - 1] + 1);
            }
            current.push(edits);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins() {
        let names = ["respond", "redir", "reverse_proxy", "root", "rewrite"];
        assert_eq!(suggest("resopnd", names), Some("respond"));
        assert_eq!(suggest("reverseproxy", names), Some("reverse_proxy"));
        assert_eq!(suggest("redirect", names), Some("redir"));
        assert_eq!(suggest("Root", names), Some("root"));
        assert_eq!(suggest("php_fastcgi", names), None);
        assert_eq!(suggest("", names), None);
        assert_eq!(suggest("x", ["y"]), None);
    }
}
