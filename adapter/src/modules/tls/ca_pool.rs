//! Certificate authorities to trust.

mod source;
