//! How an upstream is selected (`http.reverse_proxy.selection_policies`).

mod client_ip_hash;
mod cookie;
mod first;
mod header;
mod ip_hash;
mod least_conn;
mod query;
mod random;
mod random_choose;
mod round_robin;
mod uri_hash;
mod weighted_round_robin;

pub use client_ip_hash::ClientIpHash;
pub use cookie::Cookie;
pub use first::First;
pub use header::Header;
pub use ip_hash::IpHash;
pub use least_conn::LeastConn;
pub use query::Query;
pub use random::Random;
pub use random_choose::RandomChoose;
pub use round_robin::RoundRobin;
pub use uri_hash::UriHash;
pub use weighted_round_robin::WeightedRoundRobin;

use crate::module::modules;

modules! {
    /// A selection among the available upstreams.
    pub enum SelectionPolicy in "http.reverse_proxy.selection_policies" by "policy" {
        ClientIpHash(ClientIpHash) = "client_ip_hash",
        Cookie(Cookie) = "cookie",
        First(First) = "first",
        Header(Header) = "header",
        IpHash(IpHash) = "ip_hash",
        LeastConn(LeastConn) = "least_conn",
        Query(Query) = "query",
        Random(Random) = "random",
        RandomChoose(RandomChoose) = "random_choose",
        RoundRobin(RoundRobin) = "round_robin",
        UriHash(UriHash) = "uri_hash",
        WeightedRoundRobin(WeightedRoundRobin) = "weighted_round_robin",
    }
}
