//! Caddyfiles as trees of lines, from which parts can be taken.

/// A line and its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The words, quoted as they will stand in the text.
    pub words: Vec<String>,
    /// The block.
    pub block: Option<Vec<Node>>,
}

/// The way to a node: its place among the children of its parent, from the top down.
pub type Place = Vec<usize>;

impl Node {
    /// A line without a block.
    #[must_use]
    pub fn line(words: Vec<String>) -> Self {
        Self { words, block: None }
    }

    /// A line with a block.
    #[must_use]
    pub fn with_block(words: Vec<String>, block: Vec<Node>) -> Self {
        Self { words, block: Some(block) }
    }
}

/// A whole file: blocks, and sites without braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The blocks at the top.
    pub blocks: Vec<Node>,
    /// Whether the only site stands without braces.
    pub bare: bool,
}

impl File {
    /// The text, in house style, and the node at the start of each line.
    #[must_use]
    pub fn print(&self) -> (String, Vec<(usize, Place)>) {
        let mut printer = Printer { text: String::new(), starts: Vec::new(), line: 1 };
        let bare = self.bare && self.blocks.len() == 1;
        for (at, block) in self.blocks.iter().enumerate() {
            if at > 0 {
                printer.put("\n");
            }
            if bare {
                printer.starts.push((printer.line, vec![at]));
                printer.put(&block.words.join(" "));
                printer.put("\n");
                for (inner, node) in block.block.iter().flatten().enumerate() {
                    printer.node(node, &[at, inner], 0);
                }
            } else {
                printer.node(block, &[at], 0);
            }
        }
        (printer.text, printer.starts)
    }

    /// The text alone.
    #[must_use]
    pub fn text(&self) -> String {
        self.print().0
    }

    /// The places of all nodes, parents first.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        collect(&self.blocks, &[], &mut places);
        places
    }

    /// The node at a place.
    pub fn node_mut(&mut self, place: &[usize]) -> Option<&mut Node> {
        let (&last, parents) = place.split_last()?;
        self.siblings(parents)?.get_mut(last)
    }

    /// Takes a node out.
    pub fn remove(&mut self, place: &[usize]) -> Option<Node> {
        let (&last, parents) = place.split_last()?;
        let siblings = self.siblings(parents)?;
        (last < siblings.len()).then(|| siblings.remove(last))
    }

    /// The children of the node at a place.
    pub fn siblings(&mut self, parents: &[usize]) -> Option<&mut Vec<Node>> {
        let mut siblings = &mut self.blocks;
        for &at in parents {
            siblings = siblings.get_mut(at)?.block.as_mut()?;
        }
        Some(siblings)
    }
}

fn collect(nodes: &[Node], parents: &[usize], places: &mut Vec<Place>) {
    for (at, node) in nodes.iter().enumerate() {
        let place = [parents, &[at]].concat();
        places.push(place.clone());
        collect(node.block.as_deref().unwrap_or_default(), &place, places);
    }
}

struct Printer {
    text: String,
    starts: Vec<(usize, Place)>,
    line: usize,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        self.text.push_str(text);
    }

    fn node(&mut self, node: &Node, place: &[usize], depth: usize) {
        self.starts.push((self.line, place.to_vec()));
        self.put(&"\t".repeat(depth));
        self.put(&node.words.join(" "));
        if let Some(block) = &node.block {
            self.put(if node.words.is_empty() { "{\n" } else { " {\n" });
            for (at, inner) in block.iter().enumerate() {
                self.node(inner, &[place, &[at]].concat(), depth + 1);
            }
            self.put(&"\t".repeat(depth));
            self.put("}");
        }
        self.put("\n");
    }
}
