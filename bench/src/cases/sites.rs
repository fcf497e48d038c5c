//! Caddyfiles of as many sites as wanted, each of the kind that people write.

use std::fmt::Write as _;

/// A file in house style, so that `fmt` succeeds. The sites are plain HTTP: validation has no certificates to look for.
pub(super) fn text(count: usize) -> String {
    let mut text = String::new();
    for site in 0..count {
        if site > 0 {
            text.push('\n');
        }
        write!(
            text,
            "http://site{site}.example.com {{\n\tencode zstd gzip\n\troot * /srv/site{site}\n\t\
             @static path *.css *.js *.png\n\theader @static Cache-Control \"public, max-age=31536000\"\n\t\
             handle /api/* {{\n\t\treverse_proxy localhost:9000 localhost:9001 {{\n\t\t\tlb_policy least_conn\n\t\t\t\
             header_up X-Site {site}\n\t\t}}\n\t}}\n\thandle {{\n\t\ttry_files {{path}} /index.html\n\t\tfile_server\n\t}}\n\
             \tlog {{\n\t\toutput discard\n\t}}\n}}\n"
        )
        .expect("writing to a string");
    }
    text
}
