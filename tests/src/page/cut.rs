//! Cuts the part at a JSON pointer out of pretty-printed JSON, keeping its order of keys.

/// The value at `pointer` in `json`, which is indented with tabs, moved to the left margin. The pointer must lead to a
/// value.
pub(super) fn at_pointer(json: &str, pointer: &str) -> String {
    let mut lines: Vec<&str> = json.lines().collect();
    for (depth, segment) in pointer.split('/').skip(1).enumerate() {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        lines = child(&lines, depth + 1, &segment);
    }
    let indent = lines.first().map_or(0, |line| line.len() - line.trim_start_matches('\t').len());
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.get(indent..).unwrap_or(line);
        let line = if at == 0 {
            line.strip_prefix("\"").and_then(|_| line.split_once("\": ")).map_or(line, |(_, v)| v)
        } else {
            line
        };
        let line = if at + 1 == lines.len() { line.trim_end_matches(',') } else { line };
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The lines of one member of the object or array whose members are indented by `depth` tabs.
fn child<'a>(lines: &[&'a str], depth: usize, segment: &str) -> Vec<&'a str> {
    let indent = "\t".repeat(depth);
    let starts =
        |line: &str| line.strip_prefix(&indent).is_some_and(|rest| !rest.starts_with(['\t', '}', ']']));
    let key = format!("{indent}{}: ", serde_json::Value::from(segment));
    let wanted: Option<usize> = segment.parse().ok();
    let mut index = 0;
    for (at, line) in lines.iter().enumerate().skip(1) {
        if !starts(line) {
            continue;
        }
        if line.starts_with(&key)
            || (wanted == Some(index) && !line.trim_start().starts_with('"'))
            || (wanted == Some(index) && !line.contains("\": "))
        {
            let length = lines[at + 1..].iter().take_while(|line| !starts(line)).count();
            let mut part = lines[at..=at + length].to_vec();
            // What closes the surrounding object belongs to it, not to its last member.
            while part.len() > 1 && !part[part.len() - 1].starts_with(&indent) {
                part.pop();
            }
            return part;
        }
        index += 1;
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::at_pointer;

    const JSON: &str = "{\n\t\"b\": {\n\t\t\"list\": [\n\t\t\t{\n\t\t\t\t\"z\": 1,\n\t\t\t\t\"a\": 2\n\t\t\t},\n\t\t\t\"x\"\n\t\t]\n\t},\n\t\"c\": 3\n}";

    #[test]
    fn members_and_elements_are_cut_out() {
        assert_eq!(at_pointer(JSON, "/c"), "3\n");
        assert_eq!(at_pointer(JSON, "/b/list/0"), "{\n\t\"z\": 1,\n\t\"a\": 2\n}\n");
        assert_eq!(at_pointer(JSON, "/b/list/1"), "\"x\"\n");
        assert_eq!(at_pointer(JSON, "/b/list"), "[\n\t{\n\t\t\"z\": 1,\n\t\t\"a\": 2\n\t},\n\t\"x\"\n]\n");
    }
}
