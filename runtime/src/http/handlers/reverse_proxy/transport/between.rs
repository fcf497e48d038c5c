//! What is put on requests for the way between proxy and upstream only, and taken off their responses.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};

use super::{
    super::request::strip_hop_by_hop,
    Answer, Connection, HttpTransport, Request,
    exchange::Link,
    expect::{self, Gate},
    gzip,
};
use crate::http::connection::InterimSender;

/// What the response has to be looked over for.
pub(in super::super) struct Between {
    gate: Option<Arc<Gate>>,
    gzip: bool,
}

impl HttpTransport {
    /// Prepares a request for a connection. Interim responses to it are sent on to the client as they come.
    pub(in super::super) fn prepare(
        &self,
        mut request: Request,
        connection: &mut Connection,
        client: Option<InterimSender>,
    ) -> (Request, Between) {
        let gzip = self.compression && gzip::ask(&mut request);
        // The HTTP library does not show interim responses of HTTP/2.
        let limit = self.continue_timeout.filter(|_| connection.is_h1());
        let gate = limit.and_then(|limit| expect::hold_back(&mut request, limit));
        if client.is_some() || gate.is_some() {
            watch_interim(&mut request, connection, client, gate.clone());
        }
        (request, Between { gate, gzip })
    }
}

impl Between {
    /// Makes the answer the one to the request as it was before.
    pub(in super::super) fn finish(self, mut answer: Answer) -> Answer {
        if self.gzip {
            gzip::take_off(&mut answer.response);
        }
        if self.gate.is_some_and(|gate| gate.refused(&mut answer.response)) {
            answer.lease = None;
        }
        answer
    }
}

/// Has interim responses to the request sent on to the client, with the fields of the upstream alone: those that are set
/// ahead of the response stay for the final one. 100 opens the gate before the body; it is not sent on, because the server
/// says it by itself when the body is asked for.
fn watch_interim(
    request: &mut Request,
    connection: &mut Connection,
    client: Option<InterimSender>,
    gate: Option<Arc<Gate>>,
) {
    let send_on = move |status, headers: &HeaderMap| {
        if status == StatusCode::CONTINUE {
            if let Some(gate) = &gate {
                gate.open();
            }
        } else if let Some(client) = &client {
            let mut headers = headers.clone();
            strip_hop_by_hop(&mut headers);
            headers.remove(header::CONTENT_LENGTH);
            client.send(status, &headers);
        }
    };
    match &mut connection.link {
        Link::Own(_) => hyper::ext::on_informational(request, move |interim| {
            send_on(interim.status(), interim.headers());
        }),
        Link::Borrowed(borrowed) => borrowed.on_interim(send_on),
    }
}
