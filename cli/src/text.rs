//! Figures and texts of others as people read them on a terminal.

/// Rows of cells in columns as wide as what is in them.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let width = |column| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell: &String| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A text with nothing in it that steers.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|char| if steers(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// Clients and upstreams choose what is shown: nothing of theirs may steer a terminal, or turn the text behind it round.
pub(crate) fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A time in seconds, in two units at most.
pub(crate) fn age(seconds: f64) -> String {
    let seconds = seconds as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, columns, printable};

    #[test]
    fn times_are_short() {
        assert_eq!([0.4, 59.0, 61.0, 7260.0, 90000.0].map(age), ["0s", "59s", "1m01s", "2h01m", "1d01h"]);
    }

    #[test]
    fn texts_of_others_steer_nothing() {
        assert_eq!(printable("/a\x1b[2J\u{202e}b"), "/a\u{fffd}[2J\u{fffd}b");
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(columns(&[row(["a", "b"]), row(["long", "\n"])]), "a     b\nlong  \u{fffd}\n");
    }
}
