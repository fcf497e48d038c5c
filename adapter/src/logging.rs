//! The logs of the process: those of the global options, then those of the sites.

use caddis_config::logging::{Log, Logging};

use crate::{directives::log::SiteLog, listeners::Pairing, options::GlobalOptions, sites::Block};

/// The logger that takes what the others do not exclude from it.
pub(crate) const DEFAULT_LOGGER: &str = "default";

/// Builds the logs; `None` where nothing departs from the defaults.
pub(crate) fn build(options: &GlobalOptions, blocks: &[Block], pairings: &[Pairing]) -> Option<Logging> {
    let mut logs: Vec<SiteLog> = options.log.clone();
    if options.debug && !logs.iter().any(|log| log.name == DEFAULT_LOGGER) {
        let log = Some(Log::default());
        logs.push(SiteLog { name: DEFAULT_LOGGER.to_owned(), log, ..SiteLog::default() });
    }
    for site in pairings.iter().flat_map(|pairing| &pairing.sites) {
        logs.extend(blocks[site.block].pile.logs.iter().cloned());
    }
    // Without a name there is no logger, of a site as of the process.
    logs.retain(|log| !log.name.is_empty());
    let mut logs: Vec<(String, Log)> =
        logs.into_iter().filter_map(|log| Some((log.name, log.log?))).collect();
    if options.debug {
        for (_, log) in logs.iter_mut().filter(|(_, log)| log.level.is_empty()) {
            "DEBUG".clone_into(&mut log.level);
        }
    }

    let mut logging = Logging::default();
    if let Some((name, log)) = logs.iter().find(|(name, _)| name == DEFAULT_LOGGER) {
        logging.logs.insert(name.clone(), log.clone());
    }
    let mut excluded = Vec::new();
    for (name, log) in logs.into_iter().filter(|(name, _)| name != DEFAULT_LOGGER) {
        excluded.extend(log.include.iter().cloned());
        logging.logs.insert(name, log);
    }
    if !excluded.is_empty() {
        // What has a log of its own does not go to the default log too.
        let exclude = &mut logging.logs.entry(DEFAULT_LOGGER.to_owned()).or_default().exclude;
        exclude.append(&mut excluded);
        exclude.sort();
        exclude.dedup();
    }
    (!logging.logs.is_empty()).then_some(logging)
}
