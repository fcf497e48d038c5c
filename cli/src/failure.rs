//! Why a command failed, for the last line on standard error and the exit status.

/// A sentence and an exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What standard error says; empty when everything was said already.
    pub(crate) message: String,
    /// 1 unless a command documents another.
    pub(crate) status: u8,
}

impl Failure {
    /// A failure with status 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 1 }
    }

    /// The same failure with another status.
    pub(crate) fn with_status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// A failure of which the user has read all there is.
    pub(crate) fn reported() -> Self {
        Self::new("")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
