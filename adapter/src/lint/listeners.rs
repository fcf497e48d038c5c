//! Words of `bind` that are taken for another address than they look like.

use std::net::Ipv6Addr;

use caddis_grammar::Token;

use crate::{cx::Cx, errors};

/// Reports words that say a port, which is that of the site, hosts that are none (what is behind brackets is taken off,
/// and anything else is taken for a name), and words that are there twice.
pub(crate) fn judge_listeners(cx: &mut Cx<'_>, words: &[Token]) {
    for (index, word) in words.iter().enumerate() {
        let is_repeated = || words[..index].iter().any(|earlier| earlier.text == word.text);
        if let Some((reason, help)) = oddity(&word.text) {
            cx.report(errors::lint::odd_listener(word, reason, help));
        } else if is_repeated() && !cx.sources.has_variable(word.span) {
            cx.report(errors::lint::odd_listener(word, "it is there twice", "remove it"));
        }
    }
}

/// What is odd about an address, and a way out.
fn oddity(text: &str) -> Option<(&'static str, &'static str)> {
    const ADDRESS: &str = "an address is `127.0.0.1`, `[::1]` or a name, of which the network may stand before a slash: `tcp4/localhost`";
    let (network, host) = text.split_once('/').unwrap_or(("tcp", text));
    if !matches!(network, "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6") || text.contains('{') {
        return None;
    }
    if host.contains('/') {
        return Some(("it is taken for a host with a slash in its name", ADDRESS));
    }
    let inside = host.strip_prefix('[').map(|rest| rest.split_once(']'));
    let (is_closed, port) = match inside {
        Some(Some((inside, rest))) => (!inside.contains('['), rest),
        Some(None) => (false, ""),
        None if is_ipv6(host) => (true, ""),
        None => (!host.contains(['[', ']']), host.find(':').map_or("", |colon| &host[colon..])),
    };
    if !is_closed {
        return Some(("its brackets are not closed", ADDRESS));
    }
    match port.strip_prefix(':') {
        Some(rest) if rest.contains(':') => Some(("it is taken for a host with colons in its name", ADDRESS)),
        Some(_) => {
            Some(("its port has no effect", "sites listen on the port of their address, such as `:8080`"))
        }
        None if !port.is_empty() => Some(("something follows its brackets", ADDRESS)),
        None => None,
    }
}

fn is_ipv6(host: &str) -> bool {
    host.split('%').next().unwrap_or_default().parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::oddity;

    #[test]
    fn what_looks_like_an_address_is_one() {
        for text in [
            "",
            "127.0.0.1",
            "::1",
            "[::1]",
            "fe80::1%eth0",
            "tcp4/localhost",
            "unix//run/a:b",
            "fd/3",
            "{env.A}:1",
            "udp/",
        ] {
            assert_eq!(oddity(text), None, "{text}");
        }
        for (text, word) in [
            ("tcp/[::1", "brackets"),
            ("::1]", "brackets"),
            ("[[::1]", "brackets"),
            ("127.0.0.1:80", "port"),
            (":80", "port"),
            ("[::1]:80", "port"),
            ("[::1]x", "follows"),
            ("127.0.0.1:80:90", "colons"),
            ("tcp/x/y", "slash"),
        ] {
            assert!(oddity(text).is_some_and(|(reason, _)| reason.contains(word)), "{text}");
        }
    }
}
