//! The rules of the RFCs that a peer can break, each with a test that breaks it; and two ends that talk to one another
//! over a network in memory. No sockets, no clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bytes_of;
mod network;
mod peer;
mod rfc9114;
mod rfc9114_messages;
mod rfc9204;
mod rfc9297;
mod webtransport;

/// The tables at the top of these files say where each section is tested: all of it, and nothing that is not there.
#[test]
fn tables_name_every_test() {
    for text in [include_str!("rfc9114.rs"), include_str!("rfc9114_messages.rs"), include_str!("rfc9204.rs")]
    {
        let tests: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("fn ")?.strip_suffix("() {")).collect();
        let table: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("//! |"))
            .flat_map(|line| line.split('`').skip(1).step_by(2))
            .collect();
        let missing = |one: &[&str], other: &[&str]| {
            one.iter().filter(|name| !other.contains(name)).map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((missing(&tests, &table), missing(&table, &tests)), (vec![], vec![]));
    }
}
