//! Open Event Channel (PS3.18, section 8.10.4): the handshake that makes a WebSocket of a connection (RFC 6455, section 4.2), and
//! which channels are open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode};

use super::super::answer::{self, Answer, with};
use super::super::cors;
use super::super::fault::{Fault, Result};
use super::super::gate::Deed;
use super::super::web::{Asked, Web};
use crate::secret::base64;

/// What is hashed behind a key (RFC 6455, section 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Digits of a key: 16 bytes.
const KEY_LENGTH: usize = 24;
const UPGRADE: &str = "websocket";

/// Channels that are open.
#[derive(Debug, Default)]
pub(in crate::dicomweb) struct Channels(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// For each AE title its channels, each with the number of the report up to which it has confirmed.
    of: HashMap<String, HashMap<u64, u64>>,
}

/// A channel's place among those that are open, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    channels: Arc<Channels>,
    /// The AE title.
    pub title: String,
    number: u64,
}

/// A connection that becomes a channel as soon as its answer is sent.
#[derive(Debug)]
pub(in crate::dicomweb) struct Pending {
    pub(super) upgrade: OnUpgrade,
    pub(super) seat: Seat,
}

impl Channels {
    /// A place for one more; none where there are as many as may be.
    fn sit(self: &Arc<Self>, title: &str, most: usize) -> Option<Seat> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.of.values().map(HashMap::len).sum::<usize>() >= most {
            return None;
        }
        open.next += 1;
        let number = open.next;
        open.of.entry(title.to_owned()).or_default().insert(number, 0);
        Some(Seat { channels: self.clone(), title: title.to_owned(), number })
    }
}

impl Seat {
    /// Notes that all reports up to a number have come; gives the number up to which all channels of the title have them.
    pub fn confirm(&self, up_to: u64) -> u64 {
        let mut open = self.channels.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(all) = open.of.get_mut(&self.title) else { return 0 };
        if let Some(mine) = all.get_mut(&self.number) {
            *mine = up_to.max(*mine);
        }
        all.values().copied().min().unwrap_or_default()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.channels.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(all) = open.of.get_mut(&self.title) {
            all.remove(&self.number);
            if all.is_empty() {
                open.of.remove(&self.title);
            }
        }
    }
}

/// Answers whoever opens a channel: 101, and what the connection becomes.
pub(in crate::dicomweb) fn open(
    web: &Web,
    asked: &Asked,
    title: &str,
    upgrade: Option<OnUpgrade>,
) -> Result<(Answer, Pending)> {
    let upgrade = upgrade.filter(|_| asked.method == Method::GET && is_upgrade(&asked.headers));
    let upgrade = upgrade.ok_or_else(|| {
        Fault::new(StatusCode::UPGRADE_REQUIRED, "an event channel is opened as a WebSocket (RFC 6455)")
    })?;
    let key = key(&asked.headers)?;
    if !cors::may_upgrade(&web.config.cors, &asked.headers, &asked.base) {
        return Err(Fault::new(StatusCode::FORBIDDEN, "pages of this origin may not open an event channel"));
    }
    let seat = web.channels.sit(title, web.config.limits.channels);
    let seat = seat.ok_or_else(|| {
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "as many event channels are open as may be")
    })?;
    web.tell(asked, Deed::ChannelOpened, "", vec![title.to_owned()], 0);
    let answer = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let answer = with(with(answer, header::CONNECTION, "Upgrade"), header::UPGRADE, UPGRADE);
    let answer = with(answer, header::SEC_WEBSOCKET_ACCEPT, &accepted(&key));
    Ok((answer, Pending { upgrade, seat }))
}

/// What tells whoever came without a handshake, or with another version's, what is spoken here.
pub(in crate::dicomweb) fn spoken(answer: Answer) -> Answer {
    match answer.status() {
        StatusCode::UPGRADE_REQUIRED => {
            let answer = with(answer, header::UPGRADE, UPGRADE);
            with(answer, header::SEC_WEBSOCKET_VERSION, "13")
        }
        _ => answer,
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name: HeaderName, wanted: &str| {
        let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
    };
    has(header::UPGRADE, UPGRADE)
        && has(header::CONNECTION, "upgrade")
        && has(header::SEC_WEBSOCKET_VERSION, "13")
}

fn key(headers: &HeaderMap) -> Result<String> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|value| value.to_str().ok()).map(str::trim);
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    key.filter(|key| key.len() == KEY_LENGTH && key.bytes().all(is_digit))
        .map(str::to_owned)
        .ok_or_else(|| Fault::bad("Sec-WebSocket-Key is missing, or is none"))
}

fn accepted(key: &str) -> String {
    // No secret: it shows that whoever answers speaks WebSocket.
    let digest =
        ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes());
    base64(digest.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455, section 1.3.
    #[test]
    fn the_key_of_the_rfc() {
        assert_eq!(accepted("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn reports_are_got_when_all_channels_have_them() {
        let channels = Arc::<Channels>::default();
        let (one, other) = (channels.sit("A", 2).expect("room"), channels.sit("A", 2).expect("room"));
        assert!(channels.sit("B", 2).is_none());
        assert_eq!((one.confirm(7), other.confirm(5), one.confirm(6)), (0, 5, 5));
        drop(other);
        assert_eq!(one.confirm(7), 7);
        assert!(channels.sit("B", 2).is_some());
    }
}
