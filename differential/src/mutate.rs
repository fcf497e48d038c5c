//! Small accidents: what people get wrong, and what generated files never show by themselves.

use crate::{
    random::Random,
    text::{File, Node},
    values::quote,
};

/// Changes one line.
pub fn mutate(file: &mut File, random: &mut Random) {
    let places = file.places();
    if places.is_empty() {
        return;
    }
    let place = random.pick(&places).clone();
    let other = random.pick(&places).clone();
    match random.below(9) {
        0 => {
            // The same line twice.
            let copy = file.node_mut(&place).cloned();
            if let (Some(copy), Some(siblings)) = (copy, file.siblings(&place[..place.len() - 1])) {
                siblings.push(copy);
            }
        }
        1 if !other.starts_with(&place) => {
            // A line in another block.
            if let Some(node) = file.remove(&place)
                && let Some(target) = file.siblings(&other[..other.len() - 1])
            {
                target.push(node);
            }
        }
        kind => {
            if let Some(node) = file.node_mut(&place) {
                change(node, kind, random);
            }
        }
    }
}

fn change(node: &mut Node, kind: usize, random: &mut Random) {
    let at = random.below(node.words.len().max(1));
    match kind {
        2 if at > 0 => drop(node.words.remove(at)),
        // A name twice is taken for two lines by Caddy where nothing looks for words after the first.
        3 if at > 0 => {
            let word = node.words[at].clone();
            node.words.insert(at, word);
        }
        4 if node.words.len() > 2 => node.words[1..].rotate_left(1),
        5 => node.block = node.block.is_none().then(Vec::new),
        6 => {
            node.words.push((*random.pick(&["extra", "{path}", "*", "@m0", "10s", "/x", "\"\""])).to_owned());
        }
        7 if at > 0 => node.words[at] = (*random.pick(&["", "off", "-1", "{path}", "abc", "1.5"])).to_owned(),
        8 if at > 0 && !node.words[at].starts_with(['"', '`', '<']) => {
            node.words[at] = quote(random, &format!("{} ", node.words[at]));
        }
        _ => {}
    }
    if node.words.iter().any(String::is_empty) {
        node.words.iter_mut().filter(|word| word.is_empty()).for_each(|word| "\"\"".clone_into(word));
    }
}

/// The same text, not in house style.
#[must_use]
pub fn untidy(text: &str, random: &mut Random) -> String {
    let mut untidy = String::new();
    for line in text.split_inclusive('\n') {
        match random.below(12) {
            0 => untidy.push_str("  "),
            1 => untidy.push('\n'),
            2 => untidy.push_str("# a remark\n"),
            _ => {}
        }
        untidy.push_str(line);
    }
    untidy
}
