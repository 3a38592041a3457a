//! What speaks at the other end: first by listening, then, where that is allowed, by a greeting that every
//! service may be sent and that is about nobody.
//!
//! | greeting | standard |
//! |---|---|
//! | `OPTIONS * HTTP/1.0` | RFC 9110, section 9.3.7 |
//! | A-ASSOCIATE-RQ for verification, then A-ABORT | DICOM PS3.8, section 9.3 |

use std::io;
use std::time::Duration;

use klinke_diagnosis::Speech;
use klinke_diagnosis::speech::recognise;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::Stream;

/// What a connection said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Something spoke.
    Spoke(Speech),
    /// Nothing.
    Silence,
    /// It was closed.
    Closed,
    /// It was reset.
    Reset,
}

/// Listens without saying anything.
pub(super) async fn listen(stream: &mut Stream, limit: Duration) -> Heard {
    let mut bytes = [0; 512];
    match tokio::time::timeout(limit, stream.read(&mut bytes)).await {
        Err(_) => Heard::Silence,
        Ok(Ok(0)) => Heard::Closed,
        Ok(Ok(count)) => recognise(&bytes[..count]).map_or(Heard::Silence, Heard::Spoke),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => Heard::Reset,
        Ok(Err(_)) => Heard::Closed,
    }
}

/// Greets, and listens.
pub(super) async fn greet(stream: &mut Stream, speech: Speech, limit: Duration) -> Heard {
    let greeting = match speech {
        Speech::Dicom => association(),
        _ => b"OPTIONS * HTTP/1.0\r\n\r\n".to_vec(),
    };
    match tokio::time::timeout(limit, stream.write_all(&greeting)).await {
        Ok(Ok(())) => {}
        _ => return Heard::Closed,
    }
    let heard = listen(stream, limit).await;
    if speech == Speech::Dicom {
        // A-ABORT: an association that was accepted is not left standing.
        let _ = stream.write_all(&[7, 0, 0, 0, 0, 4, 0, 0, 0, 0]).await;
    }
    heard
}

/// An association request for verification in implicit VR little endian.
fn association() -> Vec<u8> {
    let item = |kind: u8, value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap_or(0).to_be_bytes();
        [&[kind, 0][..], &length, value].concat()
    };
    let context =
        [&[1, 0, 0, 0][..], &item(0x30, b"1.2.840.10008.1.1"), &item(0x40, b"1.2.840.10008.1.2")].concat();
    let user = [item(0x51, &16_384_u32.to_be_bytes()), item(0x52, b"1.2.826.0.1.3680043.9.7433")].concat();
    let body = [
        &[0, 1, 0, 0][..],
        b"ANY-SCP         ",
        b"KLINKE          ",
        &[0; 32],
        &item(0x10, b"1.2.840.10008.3.1.1.1"),
        &item(0x20, &context),
        &item(0x50, &user),
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&[1, 0][..], &length, &body].concat()
}
