//! Somebody who looks at the console: as much of a browser as it takes to log in, open pages and wait for
//! news.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A password for an account that lives as long as the measurement.
const PASSWORD: &str = "a bench is no place to sit";

/// The largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A browser of somebody who is logged in.
#[derive(Clone)]
pub struct Browser {
    address: String,
    cookies: Vec<(String, String)>,
}

/// An answer: its status, its heads in small letters, its body.
struct Answer {
    status: u16,
    heads: String,
    body: String,
}

impl Browser {
    /// Begins an account with its one-time code.
    pub async fn welcome(address: &str, name: &str, code: &str) -> Result<Browser> {
        let mut browser = Browser { address: address.to_owned(), cookies: Vec::new() };
        let form = browser.ask("GET", "/welcome", "").await?;
        let token = form.body.split_once("name=\"form\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let token = token.context("the page has no form")?.0;
        let password = PASSWORD.replace(' ', "+");
        let fields = format!("form={token}&code={code}&name={name}&password={password}&again={password}");
        let entered = browser.ask("POST", "/welcome", &fields).await?;
        if entered.status != 303 {
            bail!("the console lets nobody in: {}", entered.status);
        }
        Ok(browser)
    }

    /// Opens a page; gives how long it took and its size.
    pub async fn open(&mut self, path: &str) -> Result<(Duration, usize)> {
        let begun = Instant::now();
        let answer = self.ask("GET", path, "").await?;
        if answer.status != 200 {
            bail!("{path}: {}", answer.status);
        }
        Ok((begun.elapsed(), answer.body.len()))
    }

    /// Keeps a page open as a browser does: whenever the console has news, it is opened again. Never ends.
    pub async fn watch(mut self, path: &str) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(self.request("GET", "/live", "").as_bytes()).await?;
        let mut news = [0u8; 4096];
        loop {
            if stream.read(&mut news).await? == 0 {
                bail!("the console sends no more news");
            }
            self.open(path).await?;
        }
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let form = match body.is_empty() {
            true => String::new(),
            false => {
                let kind = "application/x-www-form-urlencoded";
                format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len())
            }
        };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n{form}\r\n{body}",
            self.address,
            cookies.join("; ")
        )
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let request = self.request(method, path, body);
        let asked = async {
            let mut stream = TcpStream::connect(&self.address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut bytes = Vec::new();
            stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await?;
            anyhow::Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = tokio::time::timeout(LIMIT, asked).await.context("no answer in time")??;
        let (heads, body) = text.split_once("\r\n\r\n").context("no answer")?;
        let status = heads.get(9..12).and_then(|status| status.parse().ok()).context("no status")?;
        let answer = Answer { status, heads: heads.to_owned(), body: body.to_owned() };
        self.keep_cookies(&answer.heads);
        Ok(answer)
    }

    fn keep_cookies(&mut self, heads: &str) {
        for line in heads.lines() {
            let Some((head, value)) = line.split_once(": ") else { continue };
            if !head.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let Some((name, value)) = value.split(';').next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}
