//! The report as one page of HTML, which is XML, too, and needs nothing from elsewhere: no script, no font, no image.

use std::fmt::Write;

use super::{
    chart,
    report::{Difference, Example, Histogram, Latencies, Mirror, Noise, Route, moment, share},
};
use crate::text::{age, steers};

const STYLE: &str = include_str!("page.css");
/// Even if something of a response were taken for a script or an image, it would not be run or loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A text of others as content or as the value of an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(char),
            // XML cannot have the last two.
            char if steers(char) || matches!(char, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            char => escaped.push(char),
        }
    }
    escaped
}

/// The page, with the limits that are reached.
pub(super) fn show(mirrors: &[Mirror], reached: &[String]) -> String {
    let sum =
        |of: fn(&Mirror) -> u64| mirrors.iter().fold(0_u64, |sum, mirror| sum.saturating_add(of(mirror)));
    let (compared, different) =
        (sum(|mirror| mirror.counts.compared), sum(|mirror| mirror.counts.different()));
    let verdict =
        format!("{different} of {compared} pairs of responses differ ({})", share(different, compared));
    let mut body = format!("<h1>Shadow report</h1>\n<p>{}</p>\n", escape(&verdict));
    if !reached.is_empty() {
        let reached: Vec<String> = reached.iter().map(|why| format!("<li>{}</li>", escape(why))).collect();
        add(
            &mut body,
            format_args!(
                "<div class=\"card fails\"><strong>Fails</strong><ul>{}</ul></div>\n",
                reached.join("")
            ),
        );
    }
    if mirrors.is_empty() {
        body.push_str("<p>The configuration that is served has no mirror.</p>\n");
    }
    mirrors.iter().for_each(|one| body.push_str(&mirror(one)));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>Shadow report: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(POLICY),
        escape(&verdict),
    )
}

fn add(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a string");
}

fn mirror(mirror: &Mirror) -> String {
    let Mirror { path, metrics_name, since, seconds, .. } = mirror;
    let name = if metrics_name.is_empty() { String::new() } else { format!("{metrics_name} ") };
    let mut page = format!(
        "<section>\n<h2>Mirror {}<code>{}</code></h2>\n<p class=\"dim\">since {} ({})</p>\n",
        escape(&name),
        escape(path),
        escape(&moment(since)),
        age(*seconds)
    );
    page.push_str(&tiles(mirror));
    page.push_str(&pictures(mirror));
    let (different, equal): (Vec<_>, Vec<_>) =
        mirror.routes().into_iter().partition(|route| !route.differences.is_empty());
    different.into_iter().for_each(|one| page.push_str(&route(one)));
    if !equal.is_empty() {
        add(
            &mut page,
            format_args!("<details><summary>{} routes without difference</summary>\n", equal.len()),
        );
        page.push_str("<div class=\"scroll\"><table>\n<tr><th>route</th><th>compared</th><th>primary, p50</th><th>shadow, p50</th></tr>\n");
        for route in equal {
            let p50 = |side: &Latencies| side.time_to_first_byte.quantile(0.5);
            add(
                &mut page,
                format_args!(
                    "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    escape(&route.to_string()),
                    route.compared,
                    p50(&route.primary),
                    p50(&route.shadow)
                ),
            );
        }
        page.push_str("</table></div>\n</details>\n");
    }
    page + &noise(mirror) + "</section>\n"
}

/// What would have been differences.
fn noise(mirror: &Mirror) -> String {
    if mirror.noise.is_empty() {
        return String::new();
    }
    let mut page =
        format!("<details><summary>{} fields passed over as noise</summary>\n", mirror.noise.len());
    page.push_str("<div class=\"scroll\"><table>\n<tr><th>field</th><th>kind</th><th>differed</th></tr>\n");
    for Noise { kind, field, count } in &mirror.noise {
        let (kind, field) = (escape(kind), escape(field));
        add(
            &mut page,
            format_args!("<tr><td><code>{field}</code></td><td>{kind}</td><td>{count}</td></tr>\n"),
        );
    }
    page + "</table></div>\n</details>\n"
}

fn tiles(mirror: &Mirror) -> String {
    let counts = &mirror.counts;
    let mut tiles = vec![("copies sent", counts.mirrored.to_string(), false)];
    tiles.push(("compared", counts.compared.to_string(), false));
    if counts.learnt > 0 {
        tiles.push(("learnt from", counts.learnt.to_string(), false));
    }
    let kinds = mirror.compared.all().map(|(name, pairs)| (name, pairs.different, pairs.all()));
    let any = kinds.chain([("any", counts.different(), counts.compared)]);
    let mut differ = any.map(|(name, different, all)| {
        let figure =
            if different == 0 { "0".to_owned() } else { format!("{different} · {}", share(different, all)) };
        (name, figure, different > 0)
    });
    let lost = counts.lost().into_iter().map(|(why, count)| (why, count.to_string(), count > 0));
    let mut page = "<dl class=\"tiles\">\n".to_owned();
    let tile = |page: &mut String, what: &str, figure: &str, bad: bool| {
        let class = if bad { " class=\"bad\"" } else { "" };
        add(page, format_args!("<div><dt>{}</dt><dd{class}>{}</dd></div>\n", escape(what), escape(figure)));
    };
    tiles.iter().for_each(|(what, figure, bad)| tile(&mut page, what, figure, *bad));
    differ.by_ref().for_each(|(what, figure, bad)| tile(&mut page, &format!("{what} differs"), &figure, bad));
    lost.for_each(|(what, figure, bad)| tile(&mut page, what, &figure, bad));
    page + "</dl>\n"
}

fn pictures(mirror: &Mirror) -> String {
    let mut page = "<div class=\"grid\">\n".to_owned();
    let (primary, shadow) = (&mirror.primary, &mirror.shadow);
    let first = (Some(&primary.time_to_first_byte), Some(&shadow.time_to_first_byte));
    let total = (primary.total_time.as_ref(), shadow.total_time.as_ref());
    for (title, sides) in [("Time to first byte", first), ("Time to the end of the response", total)] {
        let (Some(primary), Some(shadow)) = sides else { continue };
        if primary.count > 0 {
            add(&mut page, format_args!("<div class=\"card\">{}</div>\n", latencies(title, primary, shadow)));
        }
    }
    if let Some(picture) = chart::minutes(&mirror.windows) {
        let key = key(&["equal", "differ", "lost"]);
        add(&mut page, format_args!("<div class=\"card\"><h3>Minutes</h3>\n{picture}{key}</div>\n"));
    }
    page + "</div>\n"
}

/// Latencies of both sides, as a picture and as figures.
fn latencies(title: &str, primary: &Histogram, shadow: &Histogram) -> String {
    let (picture, figures) = (chart::histograms(title, primary, shadow), figures(primary, shadow));
    format!(
        "<div class=\"latencies\"><h3>{title}</h3>\n{picture}{}{figures}</div>\n",
        key(&["primary", "shadow"])
    )
}

fn key(names: &[&str]) -> String {
    let names: Vec<String> =
        names.iter().map(|name| format!("<span class=\"key {name}\">{name}</span>")).collect();
    format!("<p class=\"dim\">{}</p>\n", names.join(" "))
}

fn figures(primary: &Histogram, shadow: &Histogram) -> String {
    let row = |name: &str, side: &Histogram| {
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| escape(&side.quantile(share)));
        let (count, mean) = (side.count, side.mean());
        format!(
            "<tr><td>{name}</td><td>{count}</td><td>{mean}</td><td>{p50}</td><td>{p90}</td><td>{p99}</td></tr>\n"
        )
    };
    format!(
        "<div class=\"scroll\"><table>\n<tr><th></th><th>count</th><th>mean</th><th>p50</th><th>p90</th><th>p99</th></tr>\n{}{}</table></div>\n",
        row("primary", primary),
        row("shadow", shadow)
    )
}

fn route(route: &Route) -> String {
    let (different, compared) = (route.different(), route.compared);
    let mut page = format!(
        "<details open=\"open\"><summary><code>{}</code> <span class=\"bad\">{different} of {compared} differ ({})</span></summary>\n",
        escape(&route.to_string()),
        escape(&share(different, compared))
    );
    page.push_str(&latencies(
        "Time to first byte",
        &route.primary.time_to_first_byte,
        &route.shadow.time_to_first_byte,
    ));
    let mut differences: Vec<&Difference> = route.differences.iter().collect();
    differences.sort_by_key(|difference| std::cmp::Reverse(difference.count));
    for Difference { kind, field, count, first, last } in differences {
        add(
            &mut page,
            format_args!(
                "<article>\n<h4><code>{}</code> <span class=\"dim\">{} · {count} of {compared}</span></h4>\n<div class=\"grid\">\n{}",
                escape(field),
                escape(kind),
                example(if *count > 1 { "first" } else { "only" }, first)
            ),
        );
        if *count > 1 {
            page.push_str(&example("last", last));
        }
        page.push_str("</div>\n</article>\n");
    }
    page + "</details>\n"
}

fn example(which: &str, example: &Example) -> String {
    let Example { at, method, host, uri, secondary, primary, shadow, offset, offset_is_exact } = example;
    let mut about = format!("{which}, {}", moment(at));
    if *secondary > 0 {
        write!(about, ", secondary {secondary}").expect("writing to a string");
    }
    if let Some(offset) = offset {
        let near = if *offset_is_exact == Some(false) { "about " } else { "" };
        write!(about, ", {near}after byte {offset}").expect("writing to a string");
    }
    let mut page = format!(
        "<div>\n<p class=\"dim\">{}<br/><code>{}</code></p>\n",
        escape(&about),
        escape(&format!("{method} {host} {uri}"))
    );
    for (side, text) in [("primary", primary), ("shadow", shadow)] {
        let text = escape(text);
        add(
            &mut page,
            format_args!("<span class=\"key {side}\">{side}</span>\n<pre class=\"{side}\">{text}</pre>\n"),
        );
    }
    page + "</div>\n"
}
