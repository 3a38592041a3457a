//! A person's browser and a program with a token, at the console of a running site: plain HTTP, forms without
//! any script.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Serve, Site};

/// The password of everybody in tests.
const GOOD: &str = "vier Pferde im Regen";

/// Turns the console of a site on, at a port of its own.
pub fn with_console(site: &Site) {
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
    site.write("klinke.toml", &format!("{node}\n[console]\nlisten = \"127.0.0.1:0\"\n"));
}

/// Where the console of a running site listens.
pub fn address(serve: &Serve<'_>) -> String {
    serve.wait_for("the console", || serve.log().contains("the console listens"));
    told(serve, "the console listens address=http://").split('/').next().expect("an address").to_owned()
}

/// What stands after a word in the log of `serve`.
fn told(serve: &Serve<'_>, before: &str) -> String {
    let log = serve.log();
    let rest = log.rsplit(before).next().expect("the log").to_owned();
    rest.split(|c: char| c.is_whitespace() || c == '"').next().expect("a word").to_owned()
}

/// An answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The heads, names in small letters.
    pub heads: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A head's value; empty when there is none.
    pub fn head(&self, name: &str) -> &str {
        self.heads.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn ended(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{:?}\n{}", self.heads, self.body);
        self
    }

    /// The value of a hidden field.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.body.split(&start).nth(1).unwrap_or_else(|| panic!("no field {name}: {}", self.body));
        rest.split('"').next().expect("a value").to_owned()
    }
}

/// Sends one request and reads its answer to the end.
pub fn http(address: &str, method: &str, path: &str, heads: &[(&str, &str)], body: &[u8]) -> Answer {
    http_from([127, 0, 0, 1], address, method, path, heads, body)
}

/// The same from another address of this machine: what the console counts by address, it counts apart.
pub fn http_from(
    from: [u8; 4],
    address: &str,
    method: &str,
    path: &str,
    heads: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    parse(&exchange(from, address, method, path, heads, body))
}

fn exchange(
    from: [u8; 4],
    address: &str,
    method: &str,
    path: &str,
    heads: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&std::net::SocketAddr::from((from, 0)).into()).expect("an address of this machine");
    let to: std::net::SocketAddr = address.parse().expect("an address");
    socket.connect(&to.into()).expect("the console listens");
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(super::LIMIT)).expect("a limit");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    heads.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).expect("sent");
    // Whoever is refused early may find the line closed before all is sent.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// The same for an answer that is no text: its status and its body.
pub fn http_bytes(address: &str, path: &str, heads: &[(&str, &str)]) -> (u16, Vec<u8>) {
    let answer = exchange([127, 0, 0, 1], address, "GET", path, heads, b"");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the head");
    (parse(&answer).status, answer[end + 4..].to_vec())
}

fn parse(answer: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let heads = lines.filter_map(|line| line.split_once(": "));
    let heads: Vec<_> = heads.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let is_chunked = heads.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if is_chunked { joined(body) } else { body.to_owned() };
    Answer { status, heads, body }
}

/// The chunks of a body, put together.
fn joined(mut rest: &str) -> String {
    let mut out = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || after.len() < size {
            break;
        }
        out.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    out
}

/// A text as a form sends it.
pub fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => (byte as char).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Names and values as a form sends them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", escaped(name), escaped(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Somebody who is logged in.
pub struct Browser {
    /// Where the console listens.
    pub address: String,
    cookies: BTreeMap<String, String>,
    from: [u8; 4],
}

impl Browser {
    /// A new account with a role, which has chosen its password.
    pub fn enter(serve: &Serve<'_>, site: &Site, name: &str, role: &str) -> Browser {
        let mut browser = Browser::fresh(serve, 1);
        let made = super::klinke(&["--json", "people", "add", site.path(), name, "--role", role]).json();
        let code = made["code"].as_str().expect("a code");
        let fields = [("name", name), ("code", code), ("password", GOOD), ("again", GOOD)];
        browser.submit("/welcome", "/welcome", &fields).ended(303);
        browser
    }

    /// Nobody yet, at the address 127.0.0.`from`.
    pub fn fresh(serve: &Serve<'_>, from: u8) -> Browser {
        Browser { address: address(serve), cookies: BTreeMap::new(), from: [127, 0, 0, from] }
    }

    /// Opens a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// The body of something that is no page.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let (status, body) = http_bytes(&self.address, path, &[("Cookie", &self.cookie_head())]);
        assert_eq!(status, 200, "{path}");
        body
    }

    /// Opens a page with more heads.
    pub fn get_with(&mut self, path: &str, more: &[(&str, &str)]) -> Answer {
        let cookies = self.cookie_head();
        let heads = [&[("Cookie", cookies.as_str()), ("Accept", "text/html")], more].concat();
        let answer = http_from(self.from, &self.address.clone(), "GET", path, &heads, b"");
        self.keep(&answer);
        answer
    }

    /// Sends a form with the token of a page.
    pub fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get(page).ended(200).field("form");
        self.post(action, &[&[("form", token.as_str())], fields].concat())
    }

    /// Sends a form as it is.
    pub fn post(&mut self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let cookies = self.cookie_head();
        let heads = [
            ("Cookie", cookies.as_str()),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let answer =
            http_from(self.from, &self.address.clone(), "POST", action, &heads, encoded(fields).as_bytes());
        self.keep(&answer);
        answer
    }

    /// A new token of this account, with these rights.
    pub fn token(&mut self, rights: &[&str]) -> String {
        let mut fields = vec![("what", "make"), ("title", "test"), ("days", "1"), ("password", GOOD)];
        fields.extend(rights.iter().map(|right| ("right", *right)));
        let page = self.submit("/account", "/account/tokens", &fields).ended(200);
        let at = page.body.find("klinke_").expect("a token");
        page.body[at..].split('<').next().expect("its end").trim().to_owned()
    }

    /// The cookies, as a head of a request holds them.
    pub fn cookie_head(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for (_, head) in answer.heads.iter().filter(|(name, _)| name == "set-cookie") {
            if let Some((name, value)) = head.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
