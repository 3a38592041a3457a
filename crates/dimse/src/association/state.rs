//! The thirteen states of an association (PS3.8, Tables 9-1 to 9-5).

use std::fmt;

/// A state; the numbers are the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Sta1: nothing there.
    Idle = 1,
    /// Sta2: transport is open, A-ASSOCIATE-RQ has not come yet.
    AwaitingRequest = 2,
    /// Sta3: A-ASSOCIATE-RQ has come, the local user has not answered yet.
    AwaitingLocalAnswer = 3,
    /// Sta4: transport is not open yet.
    AwaitingTransport = 4,
    /// Sta5: A-ASSOCIATE-RQ was sent, no answer yet.
    AwaitingAnswer = 5,
    /// Sta6: ready for data.
    Established = 6,
    /// Sta7: A-RELEASE-RQ was sent, no answer yet.
    AwaitingReleaseResponse = 7,
    /// Sta8: A-RELEASE-RQ has come, the local user has not answered yet.
    AwaitingLocalRelease = 8,
    /// Sta9: release collision, on the requestor's side; the local user has not answered yet.
    CollisionRequestorLocal = 9,
    /// Sta10: release collision, on the acceptor's side; A-RELEASE-RP has not come yet.
    CollisionAcceptorPeer = 10,
    /// Sta11: release collision, on the requestor's side; A-RELEASE-RP has not come yet.
    CollisionRequestorPeer = 11,
    /// Sta12: release collision, on the acceptor's side; the local user has not answered yet.
    CollisionAcceptorLocal = 12,
    /// Sta13: all is said, transport is to be closed by the peer.
    AwaitingClose = 13,
}

impl State {
    /// The standard's number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What is going on, in a few words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::AwaitingRequest => "waiting for the association request",
            Self::AwaitingLocalAnswer => "deciding about the association request",
            Self::AwaitingTransport => "connecting",
            Self::AwaitingAnswer => "waiting for the answer to the association request",
            Self::Established => "established",
            Self::AwaitingReleaseResponse => "waiting for the answer to the release request",
            Self::AwaitingLocalRelease => "deciding about the release request",
            Self::CollisionRequestorLocal | Self::CollisionAcceptorLocal => {
                "both want release, deciding about the peer's request"
            }
            Self::CollisionAcceptorPeer | Self::CollisionRequestorPeer => {
                "both want release, waiting for the peer's answer"
            }
            Self::AwaitingClose => "waiting for the transport to close",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (Sta{})", self.text(), self.number())
    }
}
