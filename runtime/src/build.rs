//! From typed configuration to running parts: opens what is needed, spawns nothing, and fails without a trace.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use crate::{http::routes::NamedRoutes, process::Process, tls::ClientCertificate, tunnel};

/// Why a configuration cannot be run, with the JSON path of the part at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct BuildError {
    /// For example `/apps/http/servers/srv0/routes/0/handle/1`.
    pub path: String,
    /// One sentence that names what is wrong.
    pub message: String,
    /// Whether it is right in Caddy and only not run here yet.
    pub unsupported: bool,
}

/// Background work of a configuration. A build only collects it; the commit runs it. The work ends by itself when the
/// part it belongs to is gone, for example by holding it weakly.
#[derive(Default)]
pub struct OnCommit(Vec<Box<dyn FnOnce() + Send>>);

impl OnCommit {
    /// Adds work, which must not block: it usually spawns a task on a shard.
    pub fn push(&mut self, work: impl FnOnce() + Send + 'static) {
        self.0.push(Box::new(work));
    }

    /// Starts everything.
    pub fn run(self) {
        for work in self.0 {
            work();
        }
    }
}

impl std::fmt::Debug for OnCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OnCommit").field(&self.0.len()).finish()
    }
}

/// See [`Build::left_out`].
const LEFT_OUT: &str = "a survey does not make this";

/// What parts see while they are built.
#[derive(Debug)]
pub struct Build {
    /// What outlives configurations: shards, tunnels, upstream states, logs, metrics.
    pub process: Arc<Process>,
    /// The name of the server whose routes are being built; empty outside of servers.
    pub server: String,
    /// What keeps streams alive once this configuration is current: for [`tunnel::Registry::reconcile`] after the commit.
    pub streams: tunnel::Live,
    /// What is to be started once this configuration is current.
    pub on_commit: OnCommit,
    pub(crate) named_routes: NamedRoutes,
    /// To be made once the routes are built.
    pub(crate) client_certificates: Vec<Arc<ClientCertificate>>,
    /// What has been found so far; `None` when the first error ends the build.
    found: Option<RefCell<Vec<BuildError>>>,
    /// Whether a survey reads the files that it comes upon, and knows the environment.
    provisions: bool,
    path: Vec<String>,
    groups: BTreeMap<(usize, String), u32>,
    lists: usize,
    next_group: u32,
}

impl Build {
    /// The start of a build.
    #[must_use]
    pub fn new(process: Arc<Process>) -> Self {
        Self {
            process,
            server: String::new(),
            streams: tunnel::Live::default(),
            on_commit: OnCommit::default(),
            named_routes: NamedRoutes::default(),
            client_certificates: Vec::new(),
            found: None,
            provisions: false,
            path: Vec::new(),
            groups: BTreeMap::new(),
            lists: 0,
            next_group: 0,
        }
    }

    /// The start of a build that goes on where something cannot be built, only to find what else cannot.
    #[must_use]
    pub(crate) fn survey(process: Arc<Process>) -> Self {
        Self { found: Some(RefCell::default()), ..Self::new(process) }
    }

    /// A survey that reads certificates and keys, and takes the environment for that of the run.
    #[must_use]
    pub(crate) fn provision(process: Arc<Process>) -> Self {
        Self { provisions: true, ..Self::survey(process) }
    }

    /// Whether this is a survey that knows nothing of the machine: it may read no file, nor the environment.
    pub(crate) fn reads_nothing(&self) -> bool {
        self.is_survey() && !self.provisions
    }

    /// Whether this is a survey that looks at the machine, too: what can be read, and where could be written.
    pub(crate) fn looks_at_machine(&self) -> bool {
        self.is_survey() && self.provisions
    }

    /// Whether nothing may be opened or made, because this only looks for what cannot be built.
    pub(crate) fn is_survey(&self) -> bool {
        self.found.is_some()
    }

    /// What a survey has found.
    pub(crate) fn found(self) -> Vec<BuildError> {
        self.found.unwrap_or_default().into_inner()
    }

    /// Leaves out a part that cannot be built, if this is a survey.
    ///
    /// # Errors
    /// The part's, if this is none.
    pub(crate) fn unless_survey<T>(&self, built: Result<T, BuildError>) -> Result<Option<T>, BuildError> {
        match (built, &self.found) {
            (Err(error), Some(found)) => {
                let mut found = found.borrow_mut();
                // More than one part may need the same.
                // A part may fail only because one within it was left out.
                let within = format!("{}/", error.path);
                let follows =
                    || error.message == LEFT_OUT || found.iter().any(|part| part.path.starts_with(&within));
                let is_wrong = error.unsupported || !follows();
                if is_wrong && !found.contains(&error) {
                    found.push(error);
                }
                Ok(None)
            }
            (built, _) => built.map(Some),
        }
    }

    /// What a survey has in the place of a part that it does not make. That nothing is wrong with it is known here only.
    pub(crate) fn left_out(&self) -> BuildError {
        self.error(LEFT_OUT)
    }

    /// Refuses what is not supported; a survey notes it and goes on without.
    ///
    /// # Errors
    /// [`Build::unsupported`], if this is no survey.
    pub(crate) fn refuse(&self, what: &str) -> Result<(), BuildError> {
        self.unless_survey(Err(self.unsupported(what))).map(|_: Option<()>| ())
    }

    /// Refuses the fields that are set, out of rows of a path below the current one, whether it is set, and its name.
    ///
    /// # Errors
    /// The first one's, if this is no survey.
    pub(crate) fn refuse_fields(&mut self, fields: &[(&str, bool, &str)]) -> Result<(), BuildError> {
        for (path, _, what) in fields.iter().filter(|(_, set, _)| *set) {
            let depth = self.path.len();
            self.path.extend(path.split('/').map(str::to_owned));
            let refused = self.refuse(what);
            self.path.truncate(depth);
            refused?;
        }
        Ok(())
    }

    /// Builds a part that stands under `segment` of the current path.
    pub fn at<T>(&mut self, segment: impl ToString, build: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(segment.to_string());
        let built = build(self);
        self.path.pop();
        built
    }

    /// Builds a part that stands at another path.
    pub(crate) fn elsewhere<T>(&mut self, path: &[&str], build: impl FnOnce(&mut Self) -> T) -> T {
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        let here = std::mem::replace(&mut self.path, path);
        let built = build(self);
        self.path = here;
        built
    }

    /// The JSON pointer of the part that is being built.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.iter().fold(String::new(), |mut path, segment| {
            path.push('/');
            path.push_str(&segment.replace('~', "~0").replace('/', "~1"));
            path
        })
    }

    /// An error at the current path.
    pub fn error(&self, message: impl Into<String>) -> BuildError {
        BuildError { path: self.path(), message: message.into(), unsupported: false }
    }

    /// The error for a name that is valid in Caddy and not run here yet.
    pub fn unsupported(&self, what: &str) -> BuildError {
        let message =
            format!("{what} is not supported by this server yet; remove it to run this configuration");
        BuildError { unsupported: true, ..self.error(message) }
    }

    /// A variable of the environment that placeholders see; empty when it is not set, and `None` where the environment of
    /// the run is not known, in a plain survey.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<String> {
        (!self.reads_nothing()).then(|| self.process.variable(name).unwrap_or_default())
    }

    /// Opens a list of routes: group names mean something only within one list.
    pub fn route_list(&mut self) -> usize {
        self.lists += 1;
        self.lists
    }

    /// The number of a group of the list, unique in the instance.
    pub fn group(&mut self, list: usize, name: &str) -> u32 {
        let next = &mut self.next_group;
        *self.groups.entry((list, name.to_owned())).or_insert_with(|| {
            *next += 1;
            *next
        })
    }
}
