//! Ways over HTTP: a signed webhook, push servers, gateways for short messages; and the heartbeat's request.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use klinke_adapters::net::{ClientTls, Stream};
use klinke_diagnosis::alert::{Rank, Reason};
use ring::hmac;
use serde_json::json;
use tokio::net::TcpStream;

use super::Parcel;
use crate::alerts::token::hex;
use crate::site::alerts::{Gateway, Push, Webhook};

/// An answer longer than this is not read to its end.
const ANSWER_MAX: usize = 64 << 10;

/// A JSON object, signed when the site gives a secret.
pub async fn hook(hook: &Webhook, parcel: &Parcel) -> Result<(), String> {
    let body = serde_json::to_vec(parcel).map_err(|error| error.to_string())?;
    let mut heads = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(secret) = &hook.secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.read()?.expose().as_bytes());
        let signature = hex(hmac::sign(&key, &body).as_ref());
        heads.push(("x-klinke-signature".to_owned(), format!("sha256={signature}")));
    }
    request(Method::POST, &hook.url, &heads, body, &hook.tls).await
}

/// Push by ntfy: its JSON form, so that no title stands in a head.
pub async fn ntfy(push: &Push, to: &str, parcel: &Parcel) -> Result<(), String> {
    let mut body = json!({
        "topic": to,
        "title": parcel.title,
        "message": parcel.text,
        "priority": priority(parcel, (5, 4, 3)),
    });
    if let Some(link) = &parcel.link {
        body["click"] = json!(link);
    }
    let mut heads = json_heads();
    if let Some(token) = &push.token {
        heads.push(("authorization".to_owned(), format!("Bearer {}", token.read()?.expose())));
    }
    request(Method::POST, &push.url, &heads, body.to_string().into_bytes(), &push.tls).await
}

/// Push by Gotify.
pub async fn gotify(push: &Push, parcel: &Parcel) -> Result<(), String> {
    let body = json!({
        "title": parcel.title,
        "message": parcel.text,
        "priority": priority(parcel, (9, 6, 3)),
        "extras": { "client::notification": { "click": { "url": parcel.link } } },
    });
    let mut heads = json_heads();
    if let Some(token) = &push.token {
        heads.push(("x-gotify-key".to_owned(), token.read()?.expose().clone()));
    }
    let url = format!("{}/message", push.url.trim_end_matches('/'));
    request(Method::POST, &url, &heads, body.to_string().into_bytes(), &push.tls).await
}

/// A gateway, as the site's template says.
pub async fn gateway(gateway: &Gateway, to: &str, parcel: &Parcel) -> Result<(), String> {
    let kind = gateway.content_type.as_deref().unwrap_or("application/x-www-form-urlencoded");
    let method = gateway.method.as_deref().unwrap_or("POST");
    let method: Method = method.parse().map_err(|_| "the method is none".to_owned())?;
    let short = format!("{} {}", parcel.title, parcel.link.as_deref().unwrap_or_default());
    let put = |template: &str, escape: &dyn Fn(&str) -> String| {
        // Each mark once, from left to right: what is put in is not looked into again.
        let (mut out, mut rest) = (String::new(), template);
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            let marks = [("{to}", to), ("{title}", short.trim()), ("{text}", parcel.text.as_str())];
            match marks.into_iter().find(|(mark, _)| rest[at..].starts_with(mark)) {
                Some((mark, value)) => {
                    out.push_str(&escape(value));
                    rest = &rest[at + mark.len()..];
                }
                None => {
                    out.push('{');
                    rest = &rest[at + 1..];
                }
            }
        }
        out + rest
    };
    let url = put(&gateway.url, &percent);
    let body = match kind {
        kind if kind.contains("json") => put(&gateway.body, &inside_json),
        kind if kind.contains("xml") => put(&gateway.body, &inside_xml),
        kind if kind.contains("form") => put(&gateway.body, &percent),
        _ => put(&gateway.body, &|value| value.to_owned()),
    };
    let mut heads = vec![("content-type".to_owned(), kind.to_owned())];
    heads.extend(gateway.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    request(method, &url, &heads, body.into_bytes(), &gateway.tls).await
}

fn json_heads() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/json".to_owned())]
}

fn priority(parcel: &Parcel, of: (u8, u8, u8)) -> u8 {
    match (parcel.reason, parcel.rank) {
        (Reason::Closed, _) | (_, Rank::Notice) => of.2,
        (_, Rank::Warning) => of.1,
        (_, Rank::Urgent) => of.0,
    }
}

fn percent(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if safe(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn inside_json(text: &str) -> String {
    let quoted = serde_json::Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn inside_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One request; anything but 2xx is an error, and nothing is followed. The error names the host alone: a path or
/// query may hold a key.
pub async fn request(
    method: Method,
    url: &str,
    heads: &[(String, String)],
    body: Vec<u8>,
    tls: &ClientTls,
) -> Result<(), String> {
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
    let answer = sender.send_request(request).await.map_err(|error| told(&error))?;
    let status = answer.status();
    let _ = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    if status.is_success() { Ok(()) } else { Err(told(&format!("answered {}", status.as_u16()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_stays_what_it_is() {
        assert_eq!(percent("a b&c=ü"), "a%20b%26c%3D%C3%BC");
        assert_eq!(inside_json("a\"b\\\n"), "a\\\"b\\\\\\n");
        assert_eq!(inside_xml("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
