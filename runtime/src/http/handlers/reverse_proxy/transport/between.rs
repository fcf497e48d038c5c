//! What is put on requests for the way between proxy and upstream only, and taken off their responses.

use std::rc::Rc;

use http::{HeaderMap, StatusCode, header};

use super::{
    super::request::strip_hop_by_hop,
    Answer, HttpTransport, Outgoing,
    expect::{self, Gate},
    gzip,
};
use crate::http::connection::InterimSender;

/// What is done with responses that come before the final one.
#[derive(Default)]
pub(in super::super) struct Interim {
    client: Option<InterimSender>,
    gate: Option<Rc<Gate>>,
}

/// What the response has to be looked over for.
pub(in super::super) struct Between {
    gate: Option<Rc<Gate>>,
    gzip: bool,
}

impl HttpTransport {
    /// Prepares a request for a connection. Interim responses to it are sent on to the client as they come.
    pub(in super::super) fn prepare(
        &self,
        request: &mut Outgoing<'_>,
        client: Option<InterimSender>,
    ) -> (Interim, Between) {
        let gzip = self.compression && gzip::ask(request.whole_mut());
        let gate = self.continue_timeout.and_then(|limit| expect::hold_back(request.whole_mut(), limit));
        (Interim { client, gate: gate.clone() }, Between { gate, gzip })
    }
}

impl Between {
    /// Makes the answer the one to the request as it was before.
    pub(in super::super) fn finish(self, answer: &mut Answer) {
        if let Some(gate) = self.gate {
            gate.shut();
        }
        if self.gzip {
            gzip::take_off(&mut answer.response);
        }
    }
}

impl Interim {
    /// Sends a response on to the client, with the fields of the upstream alone: those that are set ahead of the response
    /// stay for the final one. 100 opens the gate before the body; it is not sent on, because the server says it by itself
    /// when the body is asked for.
    pub(super) fn came(&self, status: StatusCode, mut headers: HeaderMap) {
        if status == StatusCode::CONTINUE {
            if let Some(gate) = &self.gate {
                gate.open();
            }
        } else if let Some(client) = &self.client {
            strip_hop_by_hop(&mut headers);
            headers.remove(header::CONTENT_LENGTH);
            client.send(status, &headers);
        }
    }
}
