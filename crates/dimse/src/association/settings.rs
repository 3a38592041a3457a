//! Settings of one association.

use std::time::Duration;

use crate::pdu::Limits;

/// Names this implementation (PS3.7, Annex D.3.3.2); made once from a random UUID (PS3.5, Annex B.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.203187185506757397173917335324401477956";

/// Names the version of it.
pub const IMPLEMENTATION_VERSION_NAME: &str = concat!("KLINKE_", env!("CARGO_PKG_VERSION"));

/// Who asked for the association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// We did.
    Requestor,
    /// The peer did.
    Acceptor,
}

/// Settings of one association. Times that are `None` are not watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The maximum length that the peer is told; 0 is without limit.
    pub maximum_length: u32,
    /// What is taken in any case.
    pub limits: Limits,
    /// Longest body of P-DATA-TF that is sent, whatever more the peer would take.
    pub sent_length_max: u32,
    /// Names the implementation.
    pub implementation_class_uid: String,
    /// Names its version, in at most 16 characters.
    pub implementation_version_name: String,
    /// How long to wait for A-ASSOCIATE-RQ, and for the peer to close the transport in the end (ARTIM timer,
    /// PS3.8, section 9.1.5).
    pub artim: Duration,
    /// How long to wait for the answer to A-ASSOCIATE-RQ and to A-RELEASE-RQ.
    pub answer_timeout: Option<Duration>,
    /// How long a peer may say nothing in the middle of a PDU or message.
    pub receive_timeout: Option<Duration>,
    /// How long a peer may say nothing while operations of ours are outstanding.
    pub response_timeout: Option<Duration>,
    /// How long a peer may say nothing while nothing is outstanding.
    pub idle_timeout: Option<Duration>,
    /// How long bytes may wait to be sent while none are taken.
    pub send_timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // With its six bytes of header a PDU fills 128 KiB.
            maximum_length: (128 << 10) - 6,
            limits: Limits::default(),
            sent_length_max: (128 << 10) - 6,
            implementation_class_uid: IMPLEMENTATION_CLASS_UID.into(),
            implementation_version_name: IMPLEMENTATION_VERSION_NAME.into(),
            artim: Duration::from_secs(30),
            answer_timeout: Some(Duration::from_secs(30)),
            receive_timeout: Some(Duration::from_secs(60)),
            response_timeout: Some(Duration::from_secs(600)),
            idle_timeout: Some(Duration::from_secs(600)),
            send_timeout: Some(Duration::from_secs(60)),
        }
    }
}
