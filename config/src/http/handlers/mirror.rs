//! The handler `mirror`.

use crate::http::handlers::Subroute;
use crate::object::object;
use crate::value::Duration;

object! {
    /// Answers with `primary` and sends a copy of the request to others, whose answers are thrown away or compared.
    ///
    /// The fields up to `log_level` are those of caddy-mirror 0.0.8; the others are additions.
    pub struct Mirror {
        /// What answers the client. Required.
        pub primary: Option<Subroute>,
        /// What gets the copy. Required.
        pub secondary: Option<Subroute>,
        /// Beginning of the names of metrics. Default: no metrics.
        pub metrics_name(always): String,
        /// How many requests are mirrored, in percent; below zero none. Default: 100.
        pub mirror_rate: Option<f64>,
        /// How long a copy may take, in Go's notation or with days. Default: 30s.
        pub secondary_timeout: String,
        /// Compares statuses.
        pub compare_status: bool,
        /// Compares bodies byte by byte.
        pub compare_body: bool,
        /// Compares these header fields.
        pub compare_headers: Vec<String>,
        /// Compares what these jq programs make of the bodies, instead of the bodies.
        pub compare_jq: Vec<String>,
        /// Writes no log lines about differences.
        pub no_log: bool,
        /// Level of log lines about differences: `debug`, `info`, `warn` or `error`. Default: `info`.
        pub log_level: String,
        /// More of what gets a copy.
        pub more_secondaries: Vec<Subroute>,
        /// Another instance of the primary: what differs between the two is not reported of others.
        pub baseline: Option<Subroute>,
        /// Requests with the same value of these placeholders are all mirrored, or none. Default: by chance.
        pub mirror_by: String,
        /// Only requests with these methods are mirrored. Default: all.
        pub methods: Vec<String>,
        /// Most copies under way at once; further requests are not mirrored. Default: 1024.
        pub max_in_flight: i64,
        /// Requests with larger bodies are not mirrored, in bytes. Default: no limit.
        pub max_body: i64,
        /// How far a copy of a body may lag behind the original before it is given up, in bytes. Default: 4194304.
        pub max_lag: i64,
        /// Whether copies have the request's body. Default: true.
        pub mirror_body: Option<bool>,
        /// Compares bodies as JSON, instead of their bytes.
        pub compare_json: Option<CompareJson>,
        /// Bytes of a decoded body up to which it is compared. Default: 10485760.
        pub compare_max_size: i64,
        /// So many comparisons only teach which fields differ between equal systems.
        pub learn: i64,
    }
}

object! {
    /// How JSON documents are compared. Paths are written like those of jq: `.data.items[].id`.
    pub struct CompareJson {
        /// Values that may differ.
        pub ignore: Vec<String>,
        /// Arrays whose order does not matter.
        pub unordered: Vec<String>,
    }
}

impl Mirror {
    /// The levels that `log_level` takes.
    pub const LOG_LEVELS: [&'static str; 4] = ["debug", "info", "warn", "error"];
    /// `secondary_timeout` where none is given.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Every block of routes with its JSON pointer below the handler.
    pub fn branches(&self) -> impl Iterator<Item = (String, &Subroute)> {
        let first = [("/primary", &self.primary), ("/secondary", &self.secondary)];
        let first = first.into_iter().filter_map(|(path, routes)| Some((path.to_owned(), routes.as_ref()?)));
        let more = self.more_secondaries.iter().enumerate();
        let more = more.map(|(at, routes)| (format!("/more_secondaries/{at}"), routes));
        first.chain(more).chain(self.baseline.iter().map(|routes| ("/baseline".to_owned(), routes)))
    }
}
