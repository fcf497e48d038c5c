//! The handler `authentication`.

use crate::http::authentication::providers::Provider;
use crate::module::ModuleMap;
use crate::object::object;

object! {
    /// Lets a request through if one of the providers knows its user; answers 401 otherwise.
    pub struct Authentication {
        /// The providers by name.
        pub providers: ModuleMap<Provider>,
    }
}
