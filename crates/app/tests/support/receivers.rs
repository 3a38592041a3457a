//! Receivers of alerts: a small mail server, a web server and a syslog listener, which keep all that comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};

/// All that came, one text for each mail, request or line.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    /// What came.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().expect("the list").clone()
    }

    /// How many of it hold a text.
    pub fn with(&self, text: &str) -> Vec<String> {
        self.all().into_iter().filter(|one| one.contains(text)).collect()
    }

    /// Keeps one more.
    pub fn keep(&self, text: String) {
        self.0.lock().expect("the list").push(text);
    }
}

/// A mail server (RFC 5321) on loopback; gives its port.
pub fn mail() -> (u16, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port, kept) = (listener.local_addr().expect("an address").port(), Kept::default());
    let all = kept.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let all = all.clone();
            std::thread::spawn(move || drop(take_mail(stream, &all)));
        }
    });
    (port, kept)
}

fn take_mail(stream: TcpStream, kept: &Kept) -> std::io::Result<()> {
    converse(stream, true, &["8BITMIME"], kept).map(drop)
}

/// A conversation with whoever sends mail; gives the line back when it is to be secured.
pub fn converse<S: Read + Write>(
    stream: S,
    greets: bool,
    offers: &[&str],
    kept: &Kept,
) -> std::io::Result<Option<S>> {
    let mut lines = BufReader::new(stream);
    let mut head = String::new();
    if greets {
        say(&mut lines, "220 test")?;
    }
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                for offer in ["test"].iter().chain(offers.split_last().map_or(&[][..], |(_, first)| first)) {
                    say(&mut lines, &format!("250-{offer}"))?;
                }
                say(&mut lines, &format!("250 {}", offers.last().unwrap_or(&"HELP")))?;
            }
            "STAR" if offers.contains(&"STARTTLS") => {
                say(&mut lines, "220 go on")?;
                return Ok(Some(lines.into_inner()));
            }
            "DATA" => {
                say(&mut lines, "354 go on")?;
                let mut mail = std::mem::take(&mut head);
                loop {
                    let mut line = String::new();
                    lines.read_line(&mut line)?;
                    if line == ".\r\n" || line.is_empty() {
                        break;
                    }
                    mail.push_str(&line);
                }
                kept.keep(mail);
                say(&mut lines, "250 kept")?;
            }
            "QUIT" => return say(&mut lines, "221 bye").map(|()| None),
            _ => {
                if verb == "RCPT" || verb == "MAIL" {
                    head.push_str(&line);
                }
                say(&mut lines, "250 ok")?;
            }
        }
    }
}

fn say<S: Read + Write>(lines: &mut BufReader<S>, text: &str) -> std::io::Result<()> {
    let out = lines.get_mut();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\r\n")?;
    out.flush()
}

/// A web server that answers with a status; keeps heads and bodies.
pub fn web(status: &'static str) -> (u16, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port, kept) = (listener.local_addr().expect("an address").port(), Kept::default());
    let all = kept.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(super::LIMIT));
            if let Some(request) = read_request(&mut stream) {
                all.keep(request);
            }
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (port, kept)
}

/// One request, whole.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut all = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes).ok()?;
        all.extend_from_slice(&bytes[..count]);
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length:").and_then(|value| value.trim().parse::<usize>().ok())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        if count == 0 {
            return None;
        }
    }
}

/// Syslog over UDP.
pub fn syslog_udp() -> (u16, Kept) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let (port, kept) = (socket.local_addr().expect("an address").port(), Kept::default());
    let all = kept.clone();
    std::thread::spawn(move || {
        let mut bytes = vec![0; 64 << 10];
        while let Ok((count, _)) = socket.recv_from(&mut bytes) {
            all.keep(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    (port, kept)
}

/// Syslog over TCP: all of one connection.
pub fn syslog_tcp() -> (u16, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port, kept) = (listener.local_addr().expect("an address").port(), Kept::default());
    let all = kept.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text);
            all.keep(text);
        }
    });
    (port, kept)
}
