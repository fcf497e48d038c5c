//! `http` blocks: requests and responses, run against a server started from the input.
//!
//! A request is its head and perhaps, after a blank line, a body; the response follows after another blank line, from
//! `HTTP/1.1` on. Of the response the status, the headers that the page names, and the body must be as on the page; interim
//! responses come before it in the same way.

use bytes::Bytes;
use caddis_adapter::Adapted;
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

use crate::{Server, client, server::relocate};

/// The block with the responses as they came out.
///
/// # Errors
/// What keeps the block from being run.
pub(super) fn run(adapted: &Adapted, block: &str) -> Result<String, String> {
    let mut config: Value =
        serde_json::from_str(&caddis_config::to_json(&adapted.config)).map_err(|error| error.to_string())?;
    let moved = relocate(&mut config);
    let listen = moved.values().next().ok_or("nothing listens")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let server = Server::idle();
        server.load_json(&config.to_string()).await.map_err(|error| error.to_string())?;
        let address = server.address(listen);
        let mut shown = Vec::new();
        for (request, response) in exchanges(block)? {
            let answer = client::send(address, parse(&request)?).await;
            let mut text = format!("{request}\n");
            let mut written = response.split("HTTP/1.1 ").skip(1);
            for (status, headers) in &answer.interim {
                text.push_str(&head(*status, headers, written.next().unwrap_or_default()));
                text.push('\n');
            }
            text.push_str(&head(answer.status, &answer.headers, written.next().unwrap_or_default()));
            if !answer.body.is_empty() {
                text.push_str(&format!("\n{}\n", answer.text().trim_end()));
            }
            shown.push(text);
        }
        Ok(shown.join("\n"))
    })
}

/// The head of a response, with the headers that are `written` on the page.
fn head(status: StatusCode, headers: &HeaderMap, written: &str) -> String {
    let mut text = format!("HTTP/1.1 {status}\n");
    for name in written.lines().skip(1).take_while(|line| !line.is_empty()) {
        let name = name.split(':').next().unwrap_or_default();
        for value in headers.get_all(name) {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
    }
    text
}

/// Each request as it is written, with the response expected for it.
fn exchanges(block: &str) -> Result<Vec<(String, String)>, String> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut in_response = true;
    for line in block.lines() {
        if line.ends_with(" HTTP/1.1") && line.split(' ').count() == 3 {
            all.push((String::new(), String::new()));
            in_response = false;
        } else if line.starts_with("HTTP/1.1 ") {
            in_response = true;
        }
        let (request, response) = all.last_mut().ok_or("the block must start with a request")?;
        let part = if in_response { response } else { request };
        part.push_str(line);
        part.push('\n');
    }
    for (request, _) in &mut all {
        let length = request.trim_end().len();
        request.truncate(length);
        request.push('\n');
    }
    Ok(all)
}

fn parse(text: &str) -> Result<Request<Bytes>, String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or_else(|| format!("{line} is no header"))?;
        request = request.header(name, value);
    }
    request.body(Bytes::from(body.trim_end().to_owned())).map_err(|error| error.to_string())
}
