//! Ways over HTTP: a signed webhook, push servers, gateways for short messages; and the heartbeat's request.

use http_body_util::{BodyExt, Limited};
use hyper::Method;
use klinke_adapters::net::ClientTls;
use klinke_diagnosis::alert::{Rank, Reason};
use ring::hmac;
use serde_json::json;

use super::Parcel;
use crate::alerts::token::hex;
use crate::outgoing::{self, percent};
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

fn inside_json(text: &str) -> String {
    let quoted = serde_json::Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn inside_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One request; anything but 2xx is an error.
pub async fn request(
    method: Method,
    url: &str,
    heads: &[(String, String)],
    body: Vec<u8>,
    tls: &ClientTls,
) -> Result<(), String> {
    let answer = outgoing::send(method, url, heads, body, tls).await?;
    let status = answer.status();
    let _ = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("{}: answered {}", outgoing::place(url), status.as_u16())),
    }
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
