//! The URL by which whoever asks sees us: what a proxy says (RFC 7239, and the older X-Forwarded-*), else the host.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName};

use super::config::WebConfig;

const LENGTH_MAX: usize = 255;

/// The URL at which the services begin, without a slash at its end. The port is the one on which we listen.
pub(super) fn base(config: &WebConfig, port: u16, headers: &HeaderMap) -> String {
    let path = config.path.trim_end_matches('/');
    if let Some(url) = &config.url {
        return format!("{}{path}", url.trim_end_matches('/'));
    }
    let forwarded = |name| headers.get(header::FORWARDED).and_then(|value| said(value.to_str().ok()?, name));
    let first = |name: &'static str| {
        let value = headers.get(HeaderName::from_static(name))?.to_str().ok()?;
        value.split(',').next().map(|one| one.trim().to_owned())
    };
    let scheme =
        forwarded("proto").or_else(|| first("x-forwarded-proto")).map(|one| one.to_ascii_lowercase());
    let scheme = scheme.filter(|one| one == "http" || one == "https");
    let own = if config.tls.is_some() { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    // Some leave the port away though it is another than 80; who names our own address has come without a proxy.
    let host =
        host.map(|one| if one == config.listen.name { format!("{one}:{port}") } else { one.to_owned() });
    let host = [forwarded("host"), first("x-forwarded-host"), host].into_iter().flatten();
    let host = host.into_iter().find(|one| is_host(one)).unwrap_or_else(|| config.listen.to_string());
    let prefix = first("x-forwarded-prefix").filter(|one| is_prefix(one)).unwrap_or_default();
    format!("{}://{host}{}{path}", scheme.as_deref().unwrap_or(own), prefix.trim_end_matches('/'))
}

/// What the first element of a Forwarded header says of a name.
fn said(forwarded: &str, name: &str) -> Option<String> {
    let pairs = forwarded.split(',').next()?.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(one, _)| one.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (1..=LENGTH_MAX).contains(&host.len()) && host.bytes().all(plain)
}

fn is_prefix(prefix: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    prefix.starts_with('/')
        && !prefix.starts_with("//")
        && prefix.len() <= LENGTH_MAX
        && prefix.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[(&'static str, &str)]) -> String {
        let config = WebConfig::at("127.0.0.1:8042".parse().expect("an address"));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        base(&config, 8042, &headers)
    }

    #[test]
    fn what_a_proxy_says_counts() {
        assert_eq!(seen(&[]), "http://127.0.0.1:8042/dicom-web");
        assert_eq!(seen(&[("host", "127.0.0.1")]), "http://127.0.0.1:8042/dicom-web");
        assert_eq!(seen(&[("host", "pacs:1")]), "http://pacs:1/dicom-web");
        let forwarded = [
            ("host", "in:1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "pacs.example, in"),
            ("x-forwarded-prefix", "/images/"),
        ];
        assert_eq!(seen(&forwarded), "https://pacs.example/images/dicom-web");
        assert_eq!(
            seen(&[("host", "in"), ("forwarded", "for=1;proto=https;host=\"a.example\"")]),
            "https://a.example/dicom-web"
        );
    }

    #[test]
    fn what_is_no_host_does_not_count() {
        let lines = [("host", "in"), ("x-forwarded-host", "a/b?c"), ("x-forwarded-prefix", "//evil.example")];
        assert_eq!(seen(&lines), "http://in/dicom-web");
        assert_eq!(seen(&[("host", "in"), ("x-forwarded-proto", "javascript")]), "http://in/dicom-web");
    }
}
