//! `auto_https`: what automatic HTTPS leaves out.

use caddis_grammar::Statement;

use super::{AutoHttpsFlags, GlobalOptions};
use crate::{
    cx::{Cx, Parsed},
    errors,
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let mut auto_https = AutoHttpsFlags::default();
    for word in line.args() {
        match &*word.text {
            "off" => auto_https.off = true,
            "disable_redirects" => auto_https.disable_redirects = true,
            "disable_certs" => auto_https.disable_certs = true,
            "ignore_loaded_certs" => auto_https.ignore_loaded_certs = true,
            _ => return Err(errors::options::bad_auto_https(word)),
        }
    }
    options.auto_https = auto_https;
    Ok(())
}
