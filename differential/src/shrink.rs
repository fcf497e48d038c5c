//! Makes a file smaller while something stays true of it.

use crate::text::File;

/// Takes out lines, then blocks around lines, blocks and words, for as long as `holds` says yes.
pub fn shrink(file: &File, mut holds: impl FnMut(&File) -> bool) -> File {
    let mut file = file.clone();
    loop {
        let before = file.clone();
        // The last places first: taking one out moves none of those before it.
        for place in file.places().into_iter().rev() {
            for way in [WITHOUT, UNWRAPPED, WITHOUT_BLOCK] {
                let mut smaller = file.clone();
                if way(&mut smaller, &place).is_some() && smaller != file && holds(&smaller) {
                    file = smaller;
                    break;
                }
            }
        }
        for place in file.places() {
            let count = file.node_mut(&place).map_or(0, |node| node.words.len());
            for at in (1..count).rev() {
                let mut smaller = file.clone();
                if let Some(node) = smaller.node_mut(&place) {
                    let word = node.words.remove(at);
                    // Addresses are separated by commas.
                    if !word.ends_with(',') && place.len() == 1 {
                        node.words[at - 1] = node.words[at - 1].trim_end_matches(',').to_owned();
                    }
                }
                if holds(&smaller) {
                    file = smaller;
                }
            }
        }
        if file == before {
            return file;
        }
    }
}

type Way = fn(&mut File, &[usize]) -> Option<()>;

const WITHOUT: Way = |file, place| file.remove(place).map(|_| ());

const WITHOUT_BLOCK: Way = |file, place| file.node_mut(place)?.block.take().map(|_| ());

/// The lines of the block in place of the line that opens it.
const UNWRAPPED: Way = |file, place| {
    let (&last, parents) = place.split_last()?;
    if parents.is_empty() {
        return None;
    }
    let inner = file.node_mut(place)?.block.clone()?;
    file.siblings(parents)?.splice(last..=last, inner);
    Some(())
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Node;

    #[test]
    fn only_what_matters_is_left() {
        let line = |words: &str| Node::line(words.split(' ').map(str::to_owned).collect());
        let inner = Node::with_block(vec!["handle".into()], vec![line("a 1"), line("b 2 3")]);
        let file =
            File { blocks: vec![Node::with_block(vec![":80".into()], vec![inner, line("c")])], bare: false };
        let small = shrink(&file, |file| file.text().contains("b 2"));
        assert_eq!(small.text(), ":80 {\n\tb 2\n}\n");
    }
}
