use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Waker},
    time::{Duration, SystemTime},
};

use caddis_config::Config;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};

use super::{
    tests::{head, runtime, until},
    *,
};
use crate::Runtime;

/// A data folder and what runs on it.
struct Site {
    runtime: Runtime,
    data: PathBuf,
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

impl Site {
    fn new(server: Value, tls: Value) -> Self {
        Self::try_new(server, tls).unwrap()
    }

    fn try_new(server: Value, tls: Value) -> Result<Self, BuildError> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let data = std::env::temp_dir().join(format!("caddis-tls-{}-{number}", std::process::id()));
        let site = Self { runtime: runtime(), data };
        site.load(server, tls)?;
        Ok(site)
    }

    fn load(&self, server: Value, tls: Value) -> Result<bool, BuildError> {
        self.runtime.load(&self.config(server, tls), false)
    }

    fn config(&self, mut server: Value, tls: Value) -> Config {
        server["listen"] = json!(["127.0.0.1:0"]);
        server["automatic_https"] = json!({"disable_redirects": true});
        let mut tls: Value =
            serde_json::from_str(&tls.to_string().replace("$DATA", &self.data.to_string_lossy())).unwrap();
        if tls.is_null() {
            tls = json!({});
        }
        let logs = json!({"logs": {"default": {"writer": {"output": "discard"}}}});
        let storage = json!({"module": "file_system", "root": self.data});
        let apps = json!({"http": {"servers": {"a": server}}, "tls": tls});
        caddis_config::from_value(json!({"logging": logs, "storage": storage, "apps": apps})).unwrap()
    }

    fn root(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let pem = self.data.join("pki/authorities/local/root.crt");
        roots.add(CertificateDer::from_pem_file(pem).unwrap()).unwrap();
        roots
    }

    fn client(&self) -> ClientConfig {
        ClientConfig::builder().with_root_certificates(self.root()).with_no_client_auth()
    }

    fn connect(&self, name: &str, config: ClientConfig) -> Tls {
        let address = self.runtime.with_instance(|i| i.unwrap().listeners().next().unwrap().local.unwrap());
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
    }

    fn get(&self, name: &str) -> std::io::Result<String> {
        get(&mut self.connect(name, self.client()), name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.data));
    }
}

fn get(stream: &mut Tls, host: &str) -> std::io::Result<String> {
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())?;
    stream.conn.complete_io(&mut stream.sock)?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    let rest = head(stream);
    Ok(format!("{}{rest}", char::from(first[0])))
}

fn host(name: &str) -> Value {
    json!({"match": [{"host": [name]}]})
}

fn internal() -> Value {
    json!({"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}})
}

#[test]
fn local_names_get_certificates_of_their_own_authority() {
    let site = Site::new(json!({"routes": [host("a.localhost")]}), Value::Null);
    assert!(site.get("a.localhost").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(site.get("b.localhost").is_err());
    let stored = site.data.join("certificates/local/a.localhost/a.localhost.crt");
    let before = std::fs::read_to_string(&stored).unwrap();
    site.load(json!({"routes": [host("a.localhost"), host("b.localhost")]}), Value::Null).unwrap();
    assert!(site.get("b.localhost").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(std::fs::read_to_string(&stored).unwrap(), before, "a good certificate is kept");
}

#[test]
fn public_names_are_refused_with_a_way_out() {
    let refused = Site::try_new(json!({"routes": [host("a.example.com")]}), Value::Null);
    let message = refused.err().unwrap().message;
    assert!(message.contains("a.example.com") && message.contains("tls internal"), "{message}");
    let site = Site::new(json!({"routes": [host("a.example.com")]}), internal());
    assert!(site.get("a.example.com").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn http2_is_chosen_by_alpn() {
    let site = Site::new(json!({"routes": [host("a.localhost")]}), Value::Null);
    let mut config = site.client();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut stream = site.connect("a.localhost", config.clone());
    stream.conn.complete_io(&mut stream.sock).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    site.load(json!({"routes": [host("a.localhost")], "protocols": ["h1"]}), Value::Null).unwrap();
    let mut stream = site.connect("a.localhost", config);
    stream.conn.complete_io(&mut stream.sock).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn sessions_are_resumed_even_after_a_reload() {
    let site = Site::new(json!({"routes": [host("a.localhost")]}), Value::Null);
    let config = site.client();
    get(&mut site.connect("a.localhost", config.clone()), "a.localhost").unwrap();
    let old = site.runtime.with_instance(|i| Arc::downgrade(i.unwrap().tls().unwrap()));
    site.load(json!({"routes": [host("a.localhost"), {}]}), Value::Null).unwrap();
    let mut stream = site.connect("a.localhost", config);
    get(&mut stream, "a.localhost").unwrap();
    assert_eq!(stream.conn.handshake_kind(), Some(rustls::HandshakeKind::Resumed));
    until("the old certificates are dropped", || old.upgrade().is_none());
}

#[test]
fn certificates_arise_on_demand_where_a_policy_says_so() {
    let policies = json!([{"on_demand": true, "issuers": [{"module": "internal", "lifetime": "1h"}]}]);
    let tls = json!({"automation": {"policies": policies}});
    let site = Site::new(json!({"tls_connection_policies": [{}]}), tls);
    // The authority is made with the configuration, certificates are not.
    assert!(!site.data.join("certificates").exists());
    assert!(site.get("new.example.com").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(site.data.join("certificates/local/new.example.com/new.example.com.json").exists());
}

#[test]
fn clients_without_a_server_name_get_the_default() {
    let server = json!({
        "routes": [host("a.localhost"), host("127.0.0.1")],
        "tls_connection_policies": [{"fallback_sni": "a.localhost"}],
    });
    let site = Site::new(server, Value::Null);
    assert!(site.get("127.0.0.1").is_ok(), "the certificate of the address");
    let error = site.get("unknown.localhost").unwrap_err();
    assert!(error.to_string().contains("not valid for"), "the fallback is sent: {error}");
}

#[test]
fn policies_are_chosen_by_name_and_can_drop() {
    let server = json!({
        "routes": [host("a.localhost"), host("b.localhost")],
        "tls_connection_policies": [
            {"match": {"sni": ["a.*"]}, "protocol_max": "tls1.2"},
            {"match": {"sni": ["b.localhost"]}, "drop": true},
        ],
    });
    let site = Site::new(server, Value::Null);
    let mut stream = site.connect("a.localhost", site.client());
    get(&mut stream, "a.localhost").unwrap();
    assert_eq!(stream.conn.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
    assert!(site.get("b.localhost").is_err());
    assert!(site.get("c.localhost").is_err());
}

#[test]
fn clients_are_authenticated_and_hosts_follow_the_handshake() {
    let auth = json!({"ca": {"provider": "pki_root", "authority": ["local"]}});
    let server = json!({
        "routes": [host("a.localhost")],
        "tls_connection_policies": [{"client_authentication": auth}],
    });
    let site = Site::new(server, Value::Null);
    assert!(site.get("a.localhost").is_err(), "no certificate, no answer");
    let authority =
        site.runtime.with_instance(|i| Arc::clone(&i.unwrap().tls().unwrap().authorities()["local"]));
    let issued =
        authority.issue("client", crate::pki::KeyType::P256, Duration::from_secs(600), false).unwrap();
    let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let config =
        ClientConfig::builder().with_root_certificates(site.root()).with_client_auth_cert(chain, key);
    let config = config.unwrap();
    let mut stream = site.connect("a.localhost", config.clone());
    assert!(get(&mut stream, "a.localhost").unwrap().starts_with("HTTP/1.1 200 "));
    assert!(get(&mut stream, "b.localhost").unwrap().starts_with("HTTP/1.1 421 "));
}

#[test]
fn a_new_policy_makes_open_connections_end() {
    let site = Site::new(json!({"routes": [host("a.localhost")]}), Value::Null);
    let mut stream = site.connect("a.localhost", site.client());
    get(&mut stream, "a.localhost").unwrap();
    site.load(json!({"routes": [host("a.localhost"), {}]}), Value::Null).unwrap();
    get(&mut stream, "a.localhost").unwrap();
    let policies = json!([{"protocol_min": "tls1.3"}]);
    let server = json!({"routes": [host("a.localhost")], "tls_connection_policies": policies});
    site.load(server, Value::Null).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed, and said so");
}

#[test]
fn loaded_certificates_are_used_and_checked() {
    let maker = Site::new(json!({"routes": [host("own.example.com")]}), internal());
    let folder = maker.data.join("certificates/local/own.example.com");
    let pair = |extension: &str| {
        let file = folder.join(format!("own.example.com.{extension}"));
        std::fs::read_to_string(file).unwrap()
    };
    let load = json!({"load_pem": [{"certificate": pair("crt"), "key": pair("key"), "tags": ["mine"]}]});
    let policies = json!([{"certificate_selection": {"any_tag": ["mine"]}}]);
    let server = json!({"routes": [host("own.example.com")], "tls_connection_policies": policies});
    let site = Site::new(server, json!({"certificates": load}));
    assert!(!site.data.exists(), "nothing has to be made");
    let mut stream = site.connect("own.example.com", maker.client());
    assert!(get(&mut stream, "own.example.com").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    let other = json!({"load_pem": [{"certificate": pair("crt"), "key": "no key"}]});
    let error = site.load(json!({}), json!({"certificates": other})).unwrap_err();
    assert_eq!(error.path, "/apps/tls/certificates/load_pem/0");
}

#[test]
fn certificates_are_renewed_while_they_are_in_use() {
    let site = Site::new(json!({"routes": [host("a.localhost")]}), Value::Null);
    let stored = site.data.join("certificates/local/a.localhost/a.localhost.crt");
    let before = std::fs::read_to_string(&stored).unwrap();
    let tls = site.runtime.with_instance(|i| Arc::clone(i.unwrap().tls().unwrap()));
    tls.maintain(SystemTime::now());
    assert_eq!(std::fs::read_to_string(&stored).unwrap(), before);
    tls.maintain(SystemTime::now() + Duration::from_secs(9 * 3600));
    assert_ne!(std::fs::read_to_string(&stored).unwrap(), before);
    assert!(site.get("a.localhost").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn plain_http_on_a_tls_port_is_redirected() {
    let wrappers = json!([{"wrapper": "http_redirect"}, {"wrapper": "tls"}]);
    let site =
        Site::new(json!({"routes": [host("a.localhost")], "listener_wrappers": wrappers}), Value::Null);
    let address = site.runtime.with_instance(|i| i.unwrap().listeners().next().unwrap().local.unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: a.localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 308 ") && answer.contains("Location: https://a.localhost/x\r\n"), "{answer}");
    assert!(site.get("a.localhost").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
}

/// What keeps certificates fresh would else wait for ten minutes, and reloads may come every second.
#[test]
fn renewing_ends_with_its_configuration() {
    let site = Site::new(json!({}), Value::Null);
    let config = site.config(json!({"routes": [host("a.localhost")]}), Value::Null);
    let instance = Instance::build(&config, None, site.runtime.process()).unwrap();
    let mut renewing = pin!(tls::keep_fresh(instance.tls().unwrap()));
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = tokio.enter();
    let mut poll = || renewing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    drop(instance);
    assert!(poll().is_ready());
}

#[test]
fn a_proxy_shows_a_certificate_of_its_own() {
    let site = Site::new(json!({}), Value::Null);
    let socket = format!("unix/{}", site.data.join("up").display());
    let tls = json!({
        "server_name": "up.localhost",
        "root_ca_pem_files": [site.data.join("pki/authorities/local/root.crt")],
        "client_certificate_automate": "proxy.internal",
    });
    let transport = json!({"protocol": "http", "tls": tls});
    let proxy = json!({"handler": "reverse_proxy", "upstreams": [{"dial": socket}], "transport": transport});
    let config = site.config(json!({"routes": [{"handle": [proxy]}]}), Value::Null);
    let mut config: Value = serde_json::from_str(&caddis_config::to_json(&config)).unwrap();
    let answer = json!({"handler": "static_response", "body": "{http.request.tls.client.san.dns_names}"});
    let authentication =
        json!({"mode": "require_and_verify", "ca": {"provider": "pki_root", "authority": ["local"]}});
    config["apps"]["http"]["servers"]["up"] = json!({
        "listen": [socket],
        "routes": [{"match": [{"host": ["up.localhost"]}], "handle": [answer]}],
        "tls_connection_policies": [{"client_authentication": authentication}],
    });
    site.runtime.load(&caddis_config::from_value(config).unwrap(), false).unwrap();
    let listens = |instance: Option<&Instance>| instance.unwrap().local_address("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(site.runtime.with_instance(listens)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: up.localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("proxy.internal"), "{answer}");
}
