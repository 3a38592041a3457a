//! HTTP requests that go out by themselves, apart from destinations: of alerts, and of log-ins at a provider.
//! One connection each, TLS where the address says so, nothing is followed.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use klinke_adapters::net::{ClientTls, Stream};
use klinke_console::people::outside::{Coming, Errand, Outside, Reply};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How long a provider may take to answer, in all.
const LIMIT: Duration = Duration::from_secs(10);
/// The longest answer of a provider.
const ANSWER_MAX: usize = 512 << 10;
/// Requests to a provider at a time: what people do at the door must not use up the machine.
const AT_A_TIME: usize = 16;

/// One request; gives the answer as soon as its head is there. The error names the host alone: a path or query
/// may hold a key.
pub async fn send(
    method: Method,
    url: &str,
    heads: &[(String, String)],
    body: Vec<u8>,
    tls: &ClientTls,
) -> Result<Response<Incoming>, String> {
    let uri: Uri = url.parse().map_err(|_| "the url is none".to_owned())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("the url begins with http:// or https://".to_owned());
    };
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let is_tls = scheme == "https";
    let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let told = |error: &dyn std::fmt::Display| format!("{host}:{port}: {error}");
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| told(&error))?;
    let stream = match is_tls {
        true => {
            let connector = tls.connector(&host).map_err(|error| told(&error))?;
            connector.connect(stream).await.map_err(|error| told(&error))?
        }
        false => Stream::Plain(stream),
    };
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    tokio::spawn(async move { drop(connection.await) });
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().map_err(|_| told(&"the path is none"))?;
    let all = request.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| told(&"a head is none"));
    all.insert(header::HOST, value(authority.as_str())?);
    all.insert(header::USER_AGENT, HeaderValue::from_static(concat!("klinke/", env!("CARGO_PKG_VERSION"))));
    for (name, text) in heads {
        let name: HeaderName = name.parse().map_err(|_| told(&"a head is none"))?;
        all.insert(name, value(text)?);
    }
    sender.send_request(request).await.map_err(|error| told(&error))
}

/// Carries the requests of log-ins.
pub struct Carrier {
    tls: ClientTls,
    places: Semaphore,
}

impl Carrier {
    /// With these authorities.
    pub fn new(tls: ClientTls) -> Carrier {
        Carrier { tls, places: Semaphore::new(AT_A_TIME) }
    }

    async fn answer(&self, errand: Errand) -> Result<Reply, String> {
        let _place = self.places.acquire().await.map_err(|_| "the program ends".to_owned())?;
        let mut heads = vec![("accept".to_owned(), "application/json".to_owned())];
        heads.extend(errand.authorization.map(|value| ("authorization".to_owned(), value)));
        let (method, body) = match errand.form {
            None => (Method::GET, Vec::new()),
            Some(pairs) => {
                heads.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
                let one = |(name, value): &(&str, String)| format!("{name}={}", percent(value));
                (Method::POST, pairs.iter().map(one).collect::<Vec<_>>().join("&").into_bytes())
            }
        };
        let answer = send(method, &errand.url, &heads, body, &self.tls).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        let body =
            body.map_err(|_| format!("{}: the answer broke off or is too long", place(&errand.url)))?;
        Ok(Reply { status, body: body.to_bytes().into() })
    }
}

impl Outside for Carrier {
    fn carry(&self, errand: Errand) -> Coming<'_, Reply> {
        Box::pin(async move {
            let late = format!("{}: did not answer in time", place(&errand.url));
            tokio::time::timeout(LIMIT, self.answer(errand)).await.unwrap_or(Err(late))
        })
    }
}

/// Host and port of an address: never a path, nor a name and a password before the host.
pub fn place(url: &str) -> String {
    let Some(uri) = url.parse::<Uri>().ok() else { return String::new() };
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    format!("{}:{port}", uri.host().unwrap_or_default())
}

/// A text within an address or a form.
pub fn percent(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if safe(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
