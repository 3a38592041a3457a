//! What templates know of the envelope: `{@received}`, `{@id}`, …

use klinke_model::Timestamp;
use sha2::{Digest, Sha256};

use super::date::{Moment, Pattern, Zone};
use crate::document::Document;
use crate::step::Context;

/// One of them, for documents and completion.
#[derive(Clone, Copy, Debug)]
pub struct AtKind {
    /// Its name behind the `@`.
    pub name: &'static str,
    /// What it gives.
    pub about: &'static str,
}

/// All of them.
pub const AT: &[AtKind] = &[
    AtKind {
        name: "received",
        about: "when the envelope arrived; with a pattern (`@received:yyyyMMdd`) written so",
    },
    AtKind { name: "id", about: "the envelope's number" },
    AtKind { name: "part", about: "which of the documents that came of the envelope this is, from 0" },
    AtKind {
        name: "uuid",
        about: "an identifier made of channel, envelope and part: the same whenever it runs",
    },
    AtKind { name: "channel", about: "the channel's name" },
    AtKind { name: "system", about: "the system that sent it, as the site names it" },
    AtKind { name: "peer", about: "the sender's address, or the file's name" },
    AtKind { name: "format", about: "the document's format" },
];

#[derive(Clone, Debug)]
pub(super) enum At {
    Received(Pattern, Zone),
    Id,
    Part,
    Uuid,
    Channel,
    System,
    Peer,
    Format,
}

impl At {
    pub(super) fn compile(text: &str, zone: &Zone) -> Result<At, String> {
        let (name, pattern) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let at = match name {
            "received" => {
                let pattern = pattern.unwrap_or("iso").trim_matches('\'');
                return Ok(At::Received(Pattern::output(pattern)?, zone.clone()));
            }
            "id" => At::Id,
            "part" => At::Part,
            "uuid" => At::Uuid,
            "channel" => At::Channel,
            "system" => At::System,
            "peer" => At::Peer,
            "format" => At::Format,
            _ => {
                let names: Vec<_> = AT.iter().map(|kind| format!("@{}", kind.name)).collect();
                return Err(format!("there is no `@{name}`; there are {}", names.join(", ")));
            }
        };
        match pattern {
            Some(_) => Err(format!("`@{name}` takes no pattern")),
            None => Ok(at),
        }
    }

    pub(super) fn text(&self, context: &Context<'_>, document: &dyn Document) -> String {
        match self {
            At::Received(pattern, zone) => received(context.received(), pattern, zone),
            At::Id => context.number().to_string(),
            At::Part => context.part.to_string(),
            At::Uuid => uuid(context),
            At::Channel => context.channel.to_owned(),
            At::System => context.system().to_string(),
            At::Peer => context.peer().to_string(),
            At::Format => document.format().to_owned(),
        }
    }
}

fn received(time: Timestamp, pattern: &Pattern, zone: &Zone) -> String {
    Moment::of(time, zone).and_then(|moment| pattern.write(&moment, zone)).unwrap_or_default()
}

/// A UUID of version 8 (RFC 9562, section 5.8): its bits are a digest of where the document came from.
fn uuid(context: &Context<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(context.channel.as_bytes());
    hash.update(context.number().0.to_be_bytes());
    hash.update(context.received().0.to_be_bytes());
    hash.update(context.part.to_be_bytes());
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
