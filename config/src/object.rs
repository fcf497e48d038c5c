//! The macros behind every typed object: a struct, its strict reading, and its writing in the order of the fields.

/// A JSON object with known fields.
///
/// Fields are written in the order given, under the name of the Rust field, and left out while they have their
/// default value (Go's `omitempty`). Two annotations change that: `name("other")` is the name in JSON, and
/// `name(always)` is written even when empty; `name("other" always)` is both. `name(always or null)` is a list that is
/// `null` when empty. `name(or object "other")` is a flag that an object under the other name sets too.
macro_rules! object {
    ($(#[$meta:meta])* pub struct $name:ident {}) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {}

        impl $crate::decode::Decode for $name {
            fn decode(
                value: ::serde_json::Value,
                options: &$crate::decode::Options,
            ) -> Result<Self, $crate::ConfigError> {
                $crate::decode::Fields::of(value, options)?.finish(&[])?;
                Ok(Self {})
            }
        }

        impl $crate::encode::Encode for $name {
            fn encode(&self, out: &mut $crate::encode::Writer) {
                out.object(|_| ());
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident $(($($spec:tt)*))? : $type:ty),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $name {
            /// The JSON names of the fields, in the order in which they are written.
            pub const FIELDS: &'static [&'static str] = &[$($crate::object::field_name!($field $($($spec)*)?)),*];
        }

        impl $crate::decode::Decode for $name {
            fn decode(
                value: ::serde_json::Value,
                options: &$crate::decode::Options,
            ) -> Result<Self, $crate::ConfigError> {
                let mut fields = $crate::decode::Fields::of(value, options)?;
                let object = Self { $($field: $crate::object::field_taken!(fields, $field $($($spec)*)?),)* };
                fields.finish(Self::FIELDS)?;
                Ok(object)
            }
        }

        impl $crate::encode::Encode for $name {
            fn encode(&self, out: &mut $crate::encode::Writer) {
                out.object(|object| {
                    $(if $crate::object::field_is_kept!($($($spec)*)?) || !$crate::object::is_empty(&self.$field) {
                        let value = $crate::object::field_value!(self.$field, $($($spec)*)?);
                        object.field($crate::object::field_name!($field $($($spec)*)?), value);
                    })*
                });
            }
        }
    };
}

/// A named type that is, in JSON, nothing but the value it wraps.
macro_rules! transparent {
    // A list that is never given is Go's nil slice, which is written as `null`.
    ($(#[$meta:meta])* pub struct $name:ident($(#[$field_meta:meta])* pub $type:ty) or null;) => {
        $crate::object::transparent!(@decode $(#[$meta])* pub struct $name($(#[$field_meta])* pub $type););

        impl $crate::encode::Encode for $name {
            fn encode(&self, out: &mut $crate::encode::Writer) {
                (!self.0.is_empty()).then_some(&self.0).encode(out);
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident($(#[$field_meta:meta])* pub $type:ty);) => {
        $crate::object::transparent!(@decode $(#[$meta])* pub struct $name($(#[$field_meta])* pub $type););

        impl $crate::encode::Encode for $name {
            fn encode(&self, out: &mut $crate::encode::Writer) {
                self.0.encode(out);
            }
        }
    };
    (@decode $(#[$meta:meta])* pub struct $name:ident($(#[$field_meta:meta])* pub $type:ty);) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name($(#[$field_meta])* pub $type);

        impl $crate::decode::Decode for $name {
            fn decode(
                value: ::serde_json::Value,
                options: &$crate::decode::Options,
            ) -> Result<Self, $crate::ConfigError> {
                <$type as $crate::decode::Decode>::decode(value, options).map(Self)
            }
        }
    };
}

macro_rules! field_taken {
    ($fields:ident, $field:ident or object $object:literal) => {
        $fields.take_flag(stringify!($field), $object)?
    };
    ($fields:ident, $field:ident $($spec:tt)*) => {
        $fields.take($crate::object::field_name!($field $($spec)*))?
    };
}

macro_rules! field_name {
    ($field:ident or object $object:literal) => {
        stringify!($field)
    };
    ($field:ident always $(or null)?) => {
        stringify!($field)
    };
    ($field:ident $name:literal $(always)?) => {
        $name
    };
    ($field:ident) => {
        stringify!($field)
    };
}

macro_rules! field_is_kept {
    ($($name:literal)? always $(or null)?) => {
        true
    };
    ($($other:tt)*) => {
        false
    };
}

macro_rules! field_value {
    // A list that is never given is Go's nil slice, which is written as `null`.
    ($value:expr, always or null) => {
        &(!$value.is_empty()).then_some(&$value)
    };
    ($value:expr, $($other:tt)*) => {
        &$value
    };
}

/// Whether Go's `omitempty` would leave the value out.
pub(crate) fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) use {field_is_kept, field_name, field_taken, field_value, object, transparent};
