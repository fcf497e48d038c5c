//! Request errors that know whose fault they are and whether another attempt is safe; the status is decided here only.

use std::{panic::Location, sync::OnceLock};

use http::StatusCode;

/// The result of handling one request.
pub type Outcome<T = crate::http::Response> = Result<T, Error>;

/// Who has to change something for the error to go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The client sent something wrong, or left.
    Client,
    /// An upstream refused, hung, or answered nonsense.
    Upstream,
    /// This server or its configuration.
    Server,
}

/// What went wrong, as far as statuses, retries, logs and metrics need to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A handler or matcher asked for this status (the `error` directive, a `file` matcher's `=404`, …).
    Status(StatusCode),
    /// The client closed before an answer was ready. Caddy and nginx record 499.
    ClientGone,
    /// No connection to the upstream could be made; nothing was sent.
    Dial,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// The upstream broke the connection or the protocol.
    UpstreamBroken,
    /// No upstream is available.
    NoUpstream,
    /// The client is to get no answer at all: its connection (in HTTP/2 its stream) is cut.
    Aborted,
    /// Anything that is our own doing.
    Internal,
}

/// An error raised while a request was handled. Error routes see it as `{http.error.*}`.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    answered: bool,
    raised: &'static Location<'static>,
    id: OnceLock<String>,
}

impl Error {
    /// An error of a kind with a sentence for logs and `{http.error.message}`.
    #[must_use]
    #[track_caller]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
            answered: false,
            raised: Location::caller(),
            id: OnceLock::new(),
        }))
    }

    /// An error that carries nothing but a status.
    #[must_use]
    #[track_caller]
    pub fn status_only(status: StatusCode) -> Self {
        Self::new(Kind::Status(status), String::new())
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong according to an error of this type among the causes of another, for example of a body that
    /// was too large.
    #[must_use]
    pub fn kind_within(error: &(dyn std::error::Error + 'static)) -> Option<Kind> {
        std::iter::successors(Some(error), |error| error.source())
            .find_map(|error| error.downcast_ref::<Error>())
            .map(Error::kind)
    }

    /// What went wrong where the body of a request broke off: what an error of this type among the causes says, a
    /// mistake in its form, or else its client has left.
    #[must_use]
    pub fn kind_of_request_body(error: &(dyn std::error::Error + 'static)) -> Kind {
        use std::io::ErrorKind::{InvalidData, InvalidInput};
        let causes = || std::iter::successors(Some(error), |error| error.source());
        let malformed = causes()
            .filter_map(|error| error.downcast_ref::<std::io::Error>())
            .any(|error| matches!(error.kind(), InvalidData | InvalidInput));
        let otherwise = if malformed { Kind::Status(StatusCode::BAD_REQUEST) } else { Kind::ClientGone };
        Self::kind_within(error).unwrap_or(otherwise)
    }

    /// Marks that the upstream had answered, so that the request must not be sent again.
    #[must_use]
    pub fn after_answer(mut self) -> Self {
        self.0.answered = true;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Nine letters and digits by which a user can name this error to whoever reads the logs.
    #[must_use]
    pub fn id(&self) -> &str {
        // None that look alike, as in Caddy.
        const LETTERS: &[u8; 34] = b"abcdefghijkmnpqrstuvwxyz0123456789";
        self.0
            .id
            .get_or_init(|| (0..9).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect())
    }

    /// The place in the source that raised the error: file and line.
    #[must_use]
    pub fn trace(&self) -> String {
        let file = self.0.raised.file();
        let file = file.rsplit_once("src/").map_or(file, |(_, file)| file);
        format!("{file}:{}", self.0.raised.line())
    }

    /// The sentence, without the cause.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Who has to change something.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self.0.kind {
            Kind::ClientGone => Fault::Client,
            Kind::Dial | Kind::UpstreamTimeout | Kind::UpstreamBroken | Kind::NoUpstream => Fault::Upstream,
            Kind::Status(status) if status.is_client_error() => Fault::Client,
            Kind::Status(_) | Kind::Aborted | Kind::Internal => Fault::Server,
        }
    }

    /// Whether nothing of the request reached an upstream, so that even a POST may be tried again.
    #[must_use]
    pub fn nothing_sent(&self) -> bool {
        !self.0.answered && matches!(self.0.kind, Kind::Dial | Kind::NoUpstream)
    }

    /// Whether the upstream had answered.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.0.answered
    }

    /// The status that the client gets unless an error route decides otherwise: Caddy's mapping.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.0.kind {
            Kind::Status(status) => status,
            Kind::ClientGone => StatusCode::from_u16(499).expect("499 is three digits"),
            Kind::Dial | Kind::UpstreamBroken => StatusCode::BAD_GATEWAY,
            Kind::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            Kind::NoUpstream => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Aborted | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)?;
        let Some(source) = &self.0.source else { return Ok(()) };
        let separator = if self.0.message.is_empty() { "" } else { ": " };
        write!(f, "{separator}{}", chain(&**source))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
