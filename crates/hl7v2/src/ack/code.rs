//! Acknowledgment codes, table 0008.

use std::fmt;

/// MSA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// AA: application accept.
    ApplicationAccept,
    /// AE: application error; may be sent again.
    ApplicationError,
    /// AR: application reject; sending again will not help.
    ApplicationReject,
    /// CA: commit accept, the message is in safe storage.
    CommitAccept,
    /// CE: commit error.
    CommitError,
    /// CR: commit reject.
    CommitReject,
}

/// Which acknowledgment of enhanced mode a code belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// CA, CE, CR.
    Accept,
    /// AA, AE, AR.
    Application,
}

impl Code {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::ApplicationAccept,
        Self::ApplicationError,
        Self::ApplicationReject,
        Self::CommitAccept,
        Self::CommitError,
        Self::CommitReject,
    ];

    /// The two letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationAccept => "AA",
            Self::ApplicationError => "AE",
            Self::ApplicationReject => "AR",
            Self::CommitAccept => "CA",
            Self::CommitError => "CE",
            Self::CommitReject => "CR",
        }
    }

    /// Read the two letters, in any case, with spaces around.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.into_iter().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }

    /// Accept or application acknowledgment.
    pub fn kind(self) -> Kind {
        match self {
            Self::ApplicationAccept | Self::ApplicationError | Self::ApplicationReject => Kind::Application,
            Self::CommitAccept | Self::CommitError | Self::CommitReject => Kind::Accept,
        }
    }

    /// True for AA and CA.
    pub fn is_positive(self) -> bool {
        matches!(self, Self::ApplicationAccept | Self::CommitAccept)
    }

    /// The code of the same meaning (accept, error, reject) for the other kind of acknowledgment.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        match (self, kind) {
            (Self::ApplicationAccept | Self::CommitAccept, Kind::Application) => Self::ApplicationAccept,
            (Self::ApplicationAccept | Self::CommitAccept, Kind::Accept) => Self::CommitAccept,
            (Self::ApplicationError | Self::CommitError, Kind::Application) => Self::ApplicationError,
            (Self::ApplicationError | Self::CommitError, Kind::Accept) => Self::CommitError,
            (Self::ApplicationReject | Self::CommitReject, Kind::Application) => Self::ApplicationReject,
            (Self::ApplicationReject | Self::CommitReject, Kind::Accept) => Self::CommitReject,
        }
    }
}

/// Writes the two letters.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
