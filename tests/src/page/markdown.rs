//! Markdown as far as pages need it: headings and fenced blocks, and writing a block back in its place.

use std::ops::Range;

/// One page.
#[derive(Debug)]
pub struct Page {
    /// The whole text.
    pub text: String,
    /// The parts under each heading, in order.
    pub sections: Vec<Section>,
}

/// What stands under one heading.
#[derive(Debug)]
pub struct Section {
    /// The heading's text; the page's name for what stands before the first heading.
    pub title: String,
    /// Its fenced blocks.
    pub blocks: Vec<Block>,
}

/// One fenced block.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// The content, ending with a newline unless empty.
    pub content: String,
    /// Where the content stands in the page.
    pub range: Range<usize>,
    /// The line of the opening fence, counted from 1.
    pub line: usize,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Input.
    Caddyfile,
    /// A file beside the Caddyfile.
    File(String),
    /// `NAME=value` lines.
    Env,
    /// The adapted configuration, or its part at a JSON pointer.
    Json(String),
    /// The findings, one a line.
    Diagnostics,
    /// The findings as a person sees them.
    Report,
    /// The formatted input.
    Format,
    /// Requests and the responses to them.
    Http,
    /// Anything else.
    Prose,
}

impl Kind {
    fn of(info: &str) -> Self {
        let (word, rest) = info.trim().split_once(char::is_whitespace).unwrap_or((info.trim(), ""));
        match word {
            "caddyfile" => Kind::Caddyfile,
            "file:" => Kind::File(rest.trim().to_owned()),
            "env" => Kind::Env,
            "json" => Kind::Json(rest.trim().to_owned()),
            "diagnostics" => Kind::Diagnostics,
            "report" => Kind::Report,
            "format" => Kind::Format,
            "http" => Kind::Http,
            _ => Kind::Prose,
        }
    }
}

impl Page {
    /// Reads a page.
    #[must_use]
    pub fn parse(name: &str, text: &str) -> Self {
        let mut sections = vec![Section { title: name.to_owned(), blocks: Vec::new() }];
        let mut open: Option<(String, Block)> = None;
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let end = at + line.len();
            let bare = line.trim_end();
            match &mut open {
                Some((fence, block)) if bare == fence => {
                    block.range.end = at;
                    block.content = text[block.range.clone()].to_owned();
                    let block = block.clone();
                    sections.last_mut().expect("one section at least").blocks.push(block);
                    open = None;
                }
                Some(_) => {}
                None if bare.starts_with("```") => {
                    let ticks = bare.len() - bare.trim_start_matches('`').len();
                    let block = Block {
                        kind: Kind::of(&bare[ticks..]),
                        content: String::new(),
                        range: end..end,
                        line: number + 1,
                    };
                    open = Some(("`".repeat(ticks), block));
                }
                None if bare.starts_with('#') => {
                    let title = bare.trim_start_matches('#').trim().to_owned();
                    sections.push(Section { title, blocks: Vec::new() });
                }
                None => {}
            }
            at = end;
        }
        Self { text: text.to_owned(), sections }
    }

    /// The page with other contents in some blocks.
    #[must_use]
    pub fn with(&self, mut replacements: Vec<(Range<usize>, String)>) -> String {
        replacements.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        let mut text = self.text.clone();
        for (range, content) in replacements {
            text.replace_range(range, &content);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_and_replaced() {
        let page = Page::parse("p", "# A\n```caddyfile\nx\n```\ntext\n## B\n````json /apps\n```\n````\n");
        assert_eq!(page.sections.len(), 3);
        assert_eq!(page.sections[1].blocks[0].content, "x\n");
        let json = &page.sections[2].blocks[0];
        assert_eq!((&json.kind, json.content.as_str(), json.line), (&Kind::Json("/apps".into()), "```\n", 7));
        let text = page.with(vec![(json.range.clone(), "{}\n".into())]);
        assert!(text.ends_with("````json /apps\n{}\n````\n"), "{text}");
    }
}
