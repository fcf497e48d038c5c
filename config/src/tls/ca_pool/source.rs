//! Where trusted authorities come from (`tls.ca_pool.source`).

mod combined;
mod file;
mod http;
mod inline;
mod pki_intermediate;
mod pki_root;
mod storage;
mod system;

pub use combined::Combined;
pub use file::File;
pub use http::{Http, HttpTls};
pub use inline::Inline;
pub use pki_intermediate::PkiIntermediate;
pub use pki_root::PkiRoot;
pub use storage::StoragePool;
pub use system::System;

use crate::module::modules;

modules! {
    /// A set of trusted authorities.
    pub enum CaPool in "tls.ca_pool.source" by "provider" {
        Combined(Combined) = "combined",
        File(File) = "file",
        Http(Box<Http>) = "http",
        Inline(Inline) = "inline",
        PkiIntermediate(PkiIntermediate) = "pki_intermediate",
        PkiRoot(PkiRoot) = "pki_root",
        Storage(StoragePool) = "storage",
        System(System) = "system",
    }
}

impl From<Http> for CaPool {
    fn from(pool: Http) -> Self {
        Self::Http(Box::new(pool))
    }
}
