//! Modules: values of which a name in the JSON says what they are, and the enums that list them by namespace.
//!
//! A module is found in one of two places. With an inline key the name is a member of the object itself
//! (`{"handler": "vars", …}`); in a map of modules it is the key (`{"path": […], "host": […]}`).
//!
//! Caddy writes an inline module through a generic map, which sorts its keys and everything below it and turns
//! numbers into float64. The same happens here, so that a route inside a handler comes out sorted while a route of a
//! server keeps the order of its fields, and no caller has to know.

use serde_json::Value;

use crate::ConfigError;
use crate::decode::{Decode, Options, mismatch, similar};
use crate::encode::{Encode, Writer};

/// A module this crate has no type for: registered by an embedding program.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The name within the namespace.
    pub name: String,
    /// The configuration without the inline key. Where there is one, an object or null.
    pub config: Value,
}

/// As an inline module; elsewhere the configuration stands alone.
impl Encode for Foreign {
    fn encode(&self, out: &mut Writer) {
        if self.config.is_null() { out.object(|_| ()) } else { self.config.encode(out) }
    }
}

/// One namespace of modules.
pub trait Module: Sized {
    /// The namespace: `http.handlers`.
    const NAMESPACE: &'static str;
    /// The names of the modelled modules in it.
    const NAMES: &'static [&'static str];

    /// The name of this module within its namespace.
    fn name(&self) -> &str;

    /// Reads the configuration of the module called `name`, inline key already removed.
    ///
    /// # Errors
    /// `unknown module: ID`, or what is wrong with the configuration.
    fn decode_named(name: &str, config: Value, options: &Options) -> Result<Self, ConfigError>;
}

/// Modules of one namespace by name, at most one of each.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleMap<M>(
    /// Sorted by name. There are few, and a tree would take many times the room of one.
    Vec<M>,
);

impl<M> Default for ModuleMap<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M: Module> ModuleMap<M> {
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|module| module.name().cmp(name))
    }

    /// Adds a module; returns the one of the same name that it replaces.
    pub fn insert(&mut self, module: impl Into<M>) -> Option<M> {
        let module = module.into();
        match self.find(module.name()) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at], module)),
            Err(at) => {
                // Most have one module, and a list that grows by itself has room for four.
                self.0.reserve_exact(1);
                self.0.insert(at, module);
                None
            }
        }
    }

    /// The module called `name`.
    pub fn get(&self, name: &str) -> Option<&M> {
        self.find(name).ok().map(|at| &self.0[at])
    }

    /// The module called `name`, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut M> {
        self.find(name).ok().map(|at| &mut self.0[at])
    }

    /// Takes the module called `name` out.
    pub fn remove(&mut self, name: &str) -> Option<M> {
        self.find(name).ok().map(|at| self.0.remove(at))
    }

    /// The names, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(Module::name)
    }
}

impl<M> ModuleMap<M> {
    /// The modules, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &M> {
        self.0.iter()
    }

    /// How many modules there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no module.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<M: Module, T: Into<M>> FromIterator<T> for ModuleMap<M> {
    fn from_iter<I: IntoIterator<Item = T>>(modules: I) -> Self {
        let mut map = Self::default();
        for module in modules {
            map.insert(module);
        }
        map
    }
}

impl<M: Module> Decode for ModuleMap<M> {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        let members = match value {
            Value::Object(members) => members,
            other => return Err(mismatch("an object", &other)),
        };
        let mut map = Self::default();
        for (name, config) in members {
            map.insert(M::decode_named(&name, config, options).map_err(|error| error.within(&name))?);
        }
        Ok(map)
    }
}

impl<M: Module + Encode> Encode for ModuleMap<M> {
    fn encode(&self, out: &mut Writer) {
        out.object(|object| self.0.iter().for_each(|module| object.entry(module.name(), module)));
    }
}

/// Reads a module whose object carries its name under `key`.
pub(crate) fn decode_inline<M: Module>(key: &str, value: Value, options: &Options) -> Result<M, ConfigError> {
    let mut members = match value {
        Value::Object(members) => members,
        other => return Err(mismatch("an object", &other)),
    };
    match members.remove(key) {
        Some(Value::String(name)) if !name.is_empty() => {
            M::decode_named(&name, Value::Object(members), options)
        }
        _ => Err(ConfigError::new(format!("module name not specified with key '{key}'"))),
    }
}

/// Accepts a registered module without a type, refuses any other.
pub(crate) fn decode_foreign<M: Module>(
    name: &str,
    config: Value,
    options: &Options,
) -> Result<Foreign, ConfigError> {
    let id = format!("{}.{name}", M::NAMESPACE);
    if options.accepts(&id) {
        return Ok(Foreign { name: name.to_owned(), config });
    }
    let mut message = format!("unknown module: {id}");
    if let Some(similar) = similar(name, M::NAMES) {
        message.push_str(&format!(", did you mean {similar:?}?"));
    }
    Err(ConfigError::new(message))
}

/// Lists the modules of a namespace as an enum.
///
/// `by "key"` is for modules that carry their name inline; without it they live in a [`ModuleMap`].
/// Every enum has a variant `Foreign` for modules that an embedding program registers.
macro_rules! modules {
    (
        $(#[$meta:meta])* pub enum $enum:ident in $namespace:literal $(by $key:literal)? {
            $($(#[$variant_meta:meta])* $variant:ident($type:ty) = $name:literal),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $enum {
            $($(#[$variant_meta])* #[doc = concat!("`", $namespace, ".", $name, "`")] $variant($type),)*
            /// A module registered by an embedding program.
            Foreign($crate::module::Foreign),
        }

        impl $crate::module::Module for $enum {
            const NAMESPACE: &'static str = $namespace;
            const NAMES: &'static [&'static str] = &[$($name),*];

            fn name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Foreign(foreign) => &foreign.name,
                }
            }

            fn decode_named(
                name: &str,
                config: ::serde_json::Value,
                options: &$crate::decode::Options,
            ) -> Result<Self, $crate::ConfigError> {
                match name {
                    $($name => <$type as $crate::decode::Decode>::decode(config, options).map(Self::$variant),)*
                    _ => $crate::module::decode_foreign::<Self>(name, config, options).map(Self::Foreign),
                }
            }
        }

        impl $enum {
            /// The name of this module within its namespace.
            pub fn name(&self) -> &str {
                $crate::module::Module::name(self)
            }
        }

        $(impl From<$type> for $enum {
            fn from(module: $type) -> Self {
                Self::$variant(module)
            }
        })*

        impl From<$crate::module::Foreign> for $enum {
            fn from(module: $crate::module::Foreign) -> Self {
                Self::Foreign(module)
            }
        }

        $crate::module::module_json!($enum { $($variant = $name),* } $($key)?);
    };
}

/// The JSON side of an enum of modules, which differs between the two places a module is found in.
macro_rules! module_json {
    ($enum:ident { $($variant:ident = $name:literal),* } $key:literal) => {
        impl $crate::decode::Decode for $enum {
            fn decode(
                value: ::serde_json::Value,
                options: &$crate::decode::Options,
            ) -> Result<Self, $crate::ConfigError> {
                $crate::module::decode_inline($key, value, options)
            }
        }

        impl $crate::encode::Encode for $enum {
            fn encode(&self, out: &mut $crate::encode::Writer) {
                match self {
                    $(Self::$variant(config) => out.inline($key, $name, config),)*
                    Self::Foreign(foreign) => out.inline($key, &foreign.name, foreign),
                }
            }
        }
    };
    ($enum:ident { $($variant:ident = $name:literal),* }) => {
        impl $crate::encode::Encode for $enum {
            fn encode(&self, out: &mut $crate::encode::Writer) {
                match self {
                    $(Self::$variant(config) => config.encode(out),)*
                    Self::Foreign(foreign) => foreign.config.encode(out),
                }
            }
        }
    };
}

pub(crate) use {module_json, modules};

#[cfg(test)]
mod tests;
