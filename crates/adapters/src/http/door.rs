//! Who may send: bearer tokens (RFC 6750) and basic authentication (RFC 7617).

use std::sync::Arc;

use klinke_engine::source::SourceError;
use klinke_model::Redacted;

use super::config::SourceConfig;
use crate::secret::{basic, is_same};

/// Those who may send.
#[derive(Debug)]
pub(super) struct Door {
    keys: Vec<Key>,
    challenge: String,
}

/// What an `Authorization` header must be, and for whom it stands.
#[derive(Debug)]
struct Key {
    header: Redacted<String>,
    system: Option<Arc<str>>,
}

impl Door {
    /// Reads the secrets.
    pub(super) fn new(config: &SourceConfig) -> Result<Self, SourceError> {
        let failed = |error: String| SourceError::new(format!("http: {error}"));
        let mut keys = Vec::new();
        for (system, secret) in &config.bearer {
            let token = secret.read().map_err(failed)?;
            let header = Redacted::new(format!("Bearer {}", token.expose()));
            keys.push(Key { header, system: Some(system.as_str().into()) });
        }
        for (name, user) in &config.basic {
            if name.contains(':') {
                return Err(SourceError::new("http: a user's name holds no colon"));
            }
            let password = user.password.read().map_err(failed)?;
            let header = Redacted::new(basic(name, password.expose()));
            keys.push(Key { header, system: user.system.as_deref().map(Arc::from) });
        }
        let scheme = if config.basic.is_empty() { "Bearer" } else { "Basic" };
        Ok(Door { keys, challenge: format!("{scheme} realm=\"klinke\"") })
    }

    /// Whether who comes with this header may send, and for which system.
    pub(super) fn admit(&self, authorization: Option<&[u8]>) -> Result<Option<Arc<str>>, &str> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let given = canonical(authorization.unwrap_or_default());
        // All of them are looked at: how long it takes tells nobody which one is close.
        let mut found = None;
        for key in &self.keys {
            if is_same(key.header.expose().as_bytes(), &given) {
                found = Some(key.system.clone());
            }
        }
        found.ok_or(&self.challenge)
    }
}

/// The scheme's name may come in any case.
fn canonical(header: &[u8]) -> Vec<u8> {
    let end = header.iter().position(|&byte| byte == b' ').unwrap_or(header.len());
    let scheme = match &header[..end].to_ascii_lowercase()[..] {
        b"bearer" => &b"Bearer"[..],
        b"basic" => b"Basic",
        _ => &header[..end],
    };
    [scheme, &header[end..]].concat()
}
