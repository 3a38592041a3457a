//! A-ASSOCIATE-RJ (PS3.8, section 9.3.4) and A-ABORT (section 9.3.8): codes and what they mean.

use std::fmt;

/// Why an association was rejected. Codes that the standard does not know are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AssociateReject {
    /// 1 permanent, 2 transient.
    pub result: u8,
    /// 1 service user, 2 service provider (ACSE), 3 service provider (presentation).
    pub source: u8,
    /// Its meaning depends on the source.
    pub reason: u8,
}

impl AssociateReject {
    /// Rejected without a reason.
    pub const NO_REASON: Self = Self { result: 1, source: 1, reason: 1 };
    /// The application context is not that of DICOM.
    pub const APPLICATION_CONTEXT: Self = Self { result: 1, source: 1, reason: 2 };
    /// The calling AE title is not known here.
    pub const CALLING_AE_TITLE: Self = Self { result: 1, source: 1, reason: 3 };
    /// The called AE title is not ours.
    pub const CALLED_AE_TITLE: Self = Self { result: 1, source: 1, reason: 7 };
    /// Rejected by the service provider without a reason; also for a user identity that was not accepted.
    pub const PROVIDER_NO_REASON: Self = Self { result: 1, source: 2, reason: 1 };
    /// The protocol version is not supported.
    pub const PROTOCOL_VERSION: Self = Self { result: 1, source: 2, reason: 2 };
    /// Busy for the moment.
    pub const TEMPORARY_CONGESTION: Self = Self { result: 2, source: 3, reason: 1 };
    /// Too many associations for the moment.
    pub const LOCAL_LIMIT_EXCEEDED: Self = Self { result: 2, source: 3, reason: 2 };

    /// True if it is worth trying again later.
    pub const fn is_transient(self) -> bool {
        self.result == 2
    }

    /// What the reason means (PS3.8, Table 9-21).
    pub const fn text(self) -> &'static str {
        match (self.source, self.reason) {
            (1 | 2, 1) => "no reason given",
            (1, 2) => "application context name not supported",
            (1, 3) => "calling AE title not recognized",
            (1, 7) => "called AE title not recognized",
            (2, 2) => "protocol version not supported",
            (3, 1) => "temporary congestion",
            (3, 2) => "local limit exceeded",
            _ => "reserved reason",
        }
    }
}

impl fmt::Display for AssociateReject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = match self.result {
            1 => "rejected permanently",
            2 => "rejected for now",
            _ => "rejected",
        };
        let source = match self.source {
            1 => "the service user",
            2 => "the service provider (ACSE)",
            3 => "the service provider (presentation)",
            _ => "an unknown source",
        };
        let Self { result: code, source: from, reason } = self;
        write!(f, "{result} by {source}: {} ({code}/{from}/{reason})", self.text())
    }
}

/// Who aborted an association, and why. Codes that the standard does not know are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Abort {
    /// 0 service user, 2 service provider.
    pub source: u8,
    /// Has a meaning only if the source is the service provider.
    pub reason: u8,
}

impl Abort {
    /// The service user wants it so.
    pub const USER: Self = Self { source: 0, reason: 0 };
    /// The provider gives no reason.
    pub const NO_REASON: Self = Self { source: 2, reason: 0 };
    /// A PDU of a type that is not known.
    pub const UNRECOGNIZED_PDU: Self = Self { source: 2, reason: 1 };
    /// A PDU that is not due in this state.
    pub const UNEXPECTED_PDU: Self = Self { source: 2, reason: 2 };
    /// A parameter that is not known.
    pub const UNRECOGNIZED_PARAMETER: Self = Self { source: 2, reason: 4 };
    /// A parameter that is not due.
    pub const UNEXPECTED_PARAMETER: Self = Self { source: 2, reason: 5 };
    /// A parameter with a value that can't be.
    pub const INVALID_PARAMETER: Self = Self { source: 2, reason: 6 };

    /// True if the service user aborted, not its upper layer.
    pub const fn is_user(self) -> bool {
        self.source == 0
    }

    /// What the reason means (PS3.8, Table 9-26).
    pub const fn text(self) -> &'static str {
        match (self.source, self.reason) {
            (0, _) => "no reason is ever given",
            (2, 0) => "no reason given",
            (2, 1) => "unrecognized PDU",
            (2, 2) => "unexpected PDU",
            (2, 4) => "unrecognized PDU parameter",
            (2, 5) => "unexpected PDU parameter",
            (2, 6) => "invalid PDU parameter value",
            _ => "reserved reason",
        }
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            0 => "the service user",
            2 => "the service provider",
            _ => "an unknown source",
        };
        write!(f, "aborted by {source}: {} ({}/{})", self.text(), self.source, self.reason)
    }
}
