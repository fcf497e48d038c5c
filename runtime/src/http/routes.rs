//! Routes from the configuration: groups numbered, named routes shared, matchers and handlers built.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use caddis_config::http::{Route as Config, Server};

use super::{handlers, matchers, route::Route};
use crate::build::{Build, BuildError};

/// The compiled routes of a server.
#[derive(Default)]
pub(crate) struct ServerRoutes {
    /// Tried in order for every request.
    pub(crate) routes: Vec<Route>,
    /// Tried in order for a request whose handling has failed.
    pub(crate) errors: Vec<Route>,
}

/// The named routes of the server being built, which handlers of the kind `invoke` share.
#[derive(Debug, Default)]
pub(crate) struct NamedRoutes {
    configs: BTreeMap<String, Config>,
    built: BTreeMap<String, Arc<[Route]>>,
    /// Names of those that are being built, outermost first.
    building: Vec<String>,
}

/// Builds the routes of a server, of which those at `added` are not in the configuration. The path of `cx` is that of the
/// server.
///
/// # Errors
/// Names what cannot be run.
pub(crate) fn build_server(
    config: &Server,
    added: &Range<usize>,
    cx: &mut Build,
) -> Result<ServerRoutes, BuildError> {
    cx.named_routes = NamedRoutes { configs: config.named_routes.clone(), ..NamedRoutes::default() };
    let built = build_both(config, added, cx);
    cx.named_routes = NamedRoutes::default();
    built
}

fn build_both(config: &Server, added: &Range<usize>, cx: &mut Build) -> Result<ServerRoutes, BuildError> {
    // Named routes that nobody invokes are checked as well.
    for name in config.named_routes.keys() {
        named(name, cx)?;
    }
    let number = |index: usize| if index < added.end { index } else { index - added.len() };
    let routes = cx.at("routes", |cx| build_numbered(&config.routes, number, cx))?;
    let errors = match &config.errors {
        Some(errors) => cx.at("errors", |cx| cx.at("routes", |cx| build(&errors.routes, cx)))?,
        None => Vec::new(),
    };
    Ok(ServerRoutes { routes, errors })
}

/// Builds a list of routes, whose groups are its own. The path of `cx` is that of the list.
///
/// # Errors
/// Names what cannot be run.
pub(crate) fn build(configs: &[Config], cx: &mut Build) -> Result<Vec<Route>, BuildError> {
    build_numbered(configs, |index| index, cx)
}

/// The same, where `number` says at which place of the configuration a route stands.
fn build_numbered(
    configs: &[Config],
    number: impl Fn(usize) -> usize,
    cx: &mut Build,
) -> Result<Vec<Route>, BuildError> {
    let list = cx.route_list();
    let routes = configs.iter().enumerate();
    routes.map(|(index, config)| cx.at(number(index), |cx| build_one(config, list, cx))).collect()
}

fn build_one(config: &Config, list: usize, cx: &mut Build) -> Result<Route, BuildError> {
    let matchers = cx.at("match", |cx| matchers::build_sets(&config.matchers, cx))?;
    let handlers = cx.at("handle", |cx| {
        let handlers = config.handle.iter().enumerate();
        let handlers = handlers.filter_map(|(index, handler)| {
            let built = cx.at(index, |cx| handlers::build(handler, cx));
            cx.unless_survey(built).transpose()
        });
        handlers.collect::<Result<Vec<_>, _>>()
    })?;
    let group = (!config.group.is_empty()).then(|| cx.group(list, &config.group));
    Ok(Route { matchers, handlers, terminal: config.terminal, group, observer: None })
}

/// The named route of the server being built; a list of one.
///
/// # Errors
/// When there is none of that name, or it invokes itself, or cannot be run.
pub(crate) fn named(name: &str, cx: &mut Build) -> Result<Arc<[Route]>, BuildError> {
    if let Some(built) = cx.named_routes.built.get(name) {
        return Ok(Arc::clone(built));
    }
    if cx.named_routes.building.iter().any(|building| building == name) {
        return Err(cx.error(format!("named route '{name}' invokes itself")));
    }
    let Some(config) = cx.named_routes.configs.get(name).cloned() else {
        return Err(cx.error(format!("cannot invoke named route '{name}', which was not defined")));
    };
    cx.named_routes.building.push(name.to_owned());
    let list = cx.route_list();
    let server = cx.server.clone();
    let built = cx.elsewhere(&["apps", "http", "servers", &server, "named_routes", name], |cx| {
        build_one(&config, list, cx)
    });
    cx.named_routes.building.pop();
    let built: Arc<[Route]> = Arc::from([built?]);
    cx.named_routes.built.insert(name.to_owned(), Arc::clone(&built));
    Ok(built)
}
