//! Well-known plugins, so that a message can name the Go package that is missing.

/// Where a name stands in a Caddyfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the start of a line of a site.
    Directive,
    /// At the start of a line of the global options.
    Option,
    /// Where a module is named, by its whole ID.
    Module,
}

static DIRECTIVES: &[(&str, &str)] = &[
    ("appsec", "github.com/hslatman/caddy-crowdsec-bouncer/appsec"),
    ("authenticate", "github.com/greenpau/caddy-security"),
    ("authorize", "github.com/greenpau/caddy-security"),
    ("cache", "github.com/caddyserver/cache-handler"),
    ("cerberus", "github.com/sjtug/cerberus"),
    ("cgi", "github.com/aksdb/caddy-cgi/v2"),
    ("coraza_waf", "github.com/corazawaf/coraza-caddy/v2"),
    ("crowdsec", "github.com/hslatman/caddy-crowdsec-bouncer/http"),
    ("exec", "github.com/abiosoft/caddy-exec"),
    ("filter", "github.com/sjtug/caddy2-filter"),
    ("forward_proxy", "github.com/caddyserver/forwardproxy"),
    ("geoip2_vars", "github.com/zhangjiayin/caddy-geoip2"),
    ("git", "github.com/greenpau/caddy-git"),
    ("ja3", "github.com/rushiiMachine/caddy-ja3"),
    ("jwtauth", "github.com/ggicci/caddy-jwt"),
    ("mercure", "github.com/dunglas/mercure/caddy"),
    ("php", "github.com/dunglas/frankenphp/caddy"),
    ("php_server", "github.com/dunglas/frankenphp/caddy"),
    ("rate_limit", "github.com/mholt/caddy-ratelimit"),
    ("replace", "github.com/caddyserver/replace-response"),
    ("request_id", "github.com/lolPants/caddy-requestid"),
    ("s3proxy", "github.com/lindenlab/caddy-s3-proxy"),
    ("security", "github.com/greenpau/caddy-security"),
    ("tailscale_auth", "github.com/tailscale/caddy-tailscale"),
    ("trace", "github.com/greenpau/caddy-trace"),
    ("transform", "github.com/caddyserver/transform-encoder"),
    ("vulcain", "github.com/dunglas/vulcain/caddy"),
    ("webdav", "github.com/mholt/caddy-webdav"),
    ("webhook", "github.com/WingLim/caddy-webhook"),
];

static OPTIONS: &[(&str, &str)] = &[
    ("cache", "github.com/caddyserver/cache-handler"),
    ("cerberus", "github.com/sjtug/cerberus"),
    ("crowdsec", "github.com/hslatman/caddy-crowdsec-bouncer"),
    ("dynamic_dns", "github.com/mholt/caddy-dynamicdns"),
    ("exec", "github.com/abiosoft/caddy-exec"),
    ("frankenphp", "github.com/dunglas/frankenphp/caddy"),
    ("geoip2", "github.com/zhangjiayin/caddy-geoip2"),
    ("git", "github.com/greenpau/caddy-git"),
    ("layer4", "github.com/mholt/caddy-l4"),
    ("security", "github.com/greenpau/caddy-security"),
    ("supervisor", "github.com/baldinof/caddy-supervisor"),
    ("tailscale", "github.com/tailscale/caddy-tailscale"),
];

static MODULES: &[(&str, &str)] = &[
    ("caddy.fs.s3", "github.com/sagikazarmark/caddy-fs-s3"),
    ("caddy.listeners.layer4", "github.com/mholt/caddy-l4"),
    ("caddy.logging.encoders.transform", "github.com/caddyserver/transform-encoder"),
    ("caddy.storage.consul", "github.com/pteich/caddy-tlsconsul"),
    ("caddy.storage.redis", "github.com/pberkel/caddy-storage-redis"),
    ("caddy.storage.s3", "github.com/ss098/certmagic-s3"),
    ("events.handlers.exec", "github.com/mholt/caddy-events-exec"),
    ("http.encoders.br", "github.com/dunglas/caddy-cbrotli"),
    ("http.ip_sources.cloudflare", "github.com/WeidiDeng/caddy-cloudflare-ip"),
    ("http.ip_sources.cloudfront", "github.com/xcaddyplugins/caddy-trusted-cloudfront"),
    ("http.matchers.maxmind_geolocation", "github.com/porech/caddy-maxmind-geolocation"),
];

/// The Go package that brings a directive, an option or a module. DNS providers are packages of one organisation.
pub(crate) fn package(place: Place, name: &str) -> Option<String> {
    if place == Place::Module
        && let Some(provider) = name.strip_prefix("dns.providers.")
    {
        return Some(format!("github.com/caddy-dns/{provider}"));
    }
    let table = match place {
        Place::Directive => DIRECTIVES,
        Place::Option => OPTIONS,
        Place::Module => MODULES,
    };
    table.iter().find(|(known, _)| *known == name).map(|(_, package)| (*package).to_owned())
}
