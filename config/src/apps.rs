//! The apps of a configuration: what actually runs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::decode::{Decode, Fields, Options, similar};
use crate::encode::{Encode, Writer};
use crate::{ConfigError, events, filesystems, http, pki, tls};

/// The apps. In JSON a map, so that they are sorted by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Apps {
    /// `caddy.filesystems`
    pub filesystems: Option<filesystems::App>,
    /// `events`
    pub events: Option<events::App>,
    /// `http`
    pub http: Option<http::App>,
    /// `pki`
    pub pki: Option<pki::App>,
    /// `tls`
    pub tls: Option<tls::App>,
    /// Apps registered by an embedding program, by name.
    pub foreign: BTreeMap<String, Value>,
}

const NAMES: &[&str] = &["caddy.filesystems", "events", "http", "pki", "tls"];

impl Decode for Apps {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        let mut fields = Fields::of(value, options)?;
        let mut apps = Self {
            filesystems: fields.take("caddy.filesystems")?,
            events: fields.take("events")?,
            http: fields.take("http")?,
            pki: fields.take("pki")?,
            tls: fields.take("tls")?,
            foreign: BTreeMap::new(),
        };
        for (name, app) in fields.rest() {
            if !options.accepts(&name) {
                let hint =
                    similar(&name, NAMES).map(|name| format!(", did you mean {name:?}?")).unwrap_or_default();
                return Err(ConfigError::new(format!("unknown module: {name}{hint}")).within(name));
            }
            apps.foreign.insert(name, app);
        }
        Ok(apps)
    }
}

impl Encode for Apps {
    fn encode(&self, out: &mut Writer) {
        out.object(|object| {
            let mut foreign = self.foreign.iter().peekable();
            macro_rules! entry {
                ($name:literal, $app:expr) => {
                    while let Some((name, app)) = foreign.next_if(|(name, _)| name.as_str() < $name) {
                        object.entry(name, app);
                    }
                    if let Some(app) = $app {
                        object.entry($name, app);
                    }
                };
            }
            entry!("caddy.filesystems", &self.filesystems);
            entry!("events", &self.events);
            entry!("http", &self.http);
            entry!("pki", &self.pki);
            entry!("tls", &self.tls);
            for (name, app) in foreign {
                object.entry(name, app);
            }
        });
    }
}
