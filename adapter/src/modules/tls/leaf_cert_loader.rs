//! Where the leaf certificates of clients are loaded from: `verifier leaf { <name> … }`.

use caddis_config::tls::{
    LeafLoader,
    leaf_cert_loader::{File, Folder, Pem},
};
use caddis_grammar::Statement;

use crate::{
    args::Value,
    modules::{Module, Pluggable},
};

impl Pluggable for LeafLoader {
    const NAMESPACE: &'static str = "tls.leaf_cert_loader";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "file", read: |_, line| Ok(File { files: words(line) }.into()) },
        Module { name: "folder", read: |_, line| Ok(Folder { folders: words(line) }.into()) },
        Module { name: "pem", read: |_, line| Ok(Pem { certificates: words(line) }.into()) },
    ];
}

fn words(line: &Statement) -> Vec<String> {
    line.args().iter().map(Value::string).collect()
}
