//! A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8, sections 9.3.2 and 9.3.3).

use std::fmt;

use bytes::Bytes;

use super::UserInformation;

/// The application context of DICOM (PS3.7, Annex A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";

/// What a requestor wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociateRequest {
    /// Bit 0 stands for version 1, the only one there is.
    pub protocol_version: u16,
    /// Who is called, without padding.
    pub called_ae_title: String,
    /// Who calls, without padding.
    pub calling_ae_title: String,
    /// [`APPLICATION_CONTEXT`], if the peer is honest.
    pub application_context: String,
    /// What it proposes, in its order; IDs may be repeated.
    pub contexts: Vec<ProposedContext>,
    /// Everything else.
    pub user: UserInformation,
    /// Items of unknown types.
    pub unknown: Vec<UnknownItem>,
}

impl AssociateRequest {
    /// A request without contexts.
    pub fn new(called_ae_title: impl Into<String>, calling_ae_title: impl Into<String>) -> Self {
        Self {
            protocol_version: 1,
            called_ae_title: called_ae_title.into(),
            calling_ae_title: calling_ae_title.into(),
            application_context: APPLICATION_CONTEXT.into(),
            contexts: Vec::new(),
            user: UserInformation::default(),
            unknown: Vec::new(),
        }
    }

    /// Proposes one more context and gives its ID; `None` if there are 128 already.
    pub fn propose(&mut self, abstract_syntax: &str, transfer_syntaxes: &[&str]) -> Option<u8> {
        let last = self.contexts.iter().map(|context| context.id).max();
        let id = last.map_or(Some(1), |last| last.checked_add(2))?;
        self.contexts.push(ProposedContext {
            id,
            abstract_syntax: abstract_syntax.to_owned(),
            transfer_syntaxes: transfer_syntaxes.iter().map(|one| (*one).to_owned()).collect(),
        });
        Some(id)
    }
}

/// One presentation context as it is proposed (20H; PS3.8, section 9.3.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProposedContext {
    /// Odd, from 1 to 255.
    pub id: u8,
    /// What is to be spoken about; empty if the peer did not say.
    pub abstract_syntax: String,
    /// How data sets may be encoded.
    pub transfer_syntaxes: Vec<String>,
}

/// What an acceptor agrees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociateAccept {
    /// Bit 0 stands for version 1.
    pub protocol_version: u16,
    /// Sent back as it came; not to be tested.
    pub called_ae_title: String,
    /// Sent back as it came; not to be tested.
    pub calling_ae_title: String,
    /// [`APPLICATION_CONTEXT`].
    pub application_context: String,
    /// One answer for each proposed context.
    pub contexts: Vec<AnsweredContext>,
    /// Everything else.
    pub user: UserInformation,
    /// Items of unknown types.
    pub unknown: Vec<UnknownItem>,
}

/// One presentation context as it is answered (21H; PS3.8, section 9.3.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredContext {
    /// That of the proposal.
    pub id: u8,
    /// Accepted, or why not.
    pub result: ContextResult,
    /// One where it is accepted; without a meaning otherwise. Peers send none or several.
    pub transfer_syntaxes: Vec<String>,
}

/// Result of a presentation context (PS3.8, Table 9-18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextResult {
    /// 0.
    Acceptance,
    /// 1: the user does not want it.
    UserRejection,
    /// 2: the provider gives no reason.
    NoReason,
    /// 3: the abstract syntax is not supported.
    AbstractSyntaxNotSupported,
    /// 4: none of the transfer syntaxes is supported.
    TransferSyntaxesNotSupported,
    /// A code that the standard does not know.
    Other(u8),
}

impl ContextResult {
    /// The code of it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Acceptance => 0,
            Self::UserRejection => 1,
            Self::NoReason => 2,
            Self::AbstractSyntaxNotSupported => 3,
            Self::TransferSyntaxesNotSupported => 4,
            Self::Other(code) => code,
        }
    }

    /// That of a code.
    pub const fn of_code(code: u8) -> Self {
        match code {
            0 => Self::Acceptance,
            1 => Self::UserRejection,
            2 => Self::NoReason,
            3 => Self::AbstractSyntaxNotSupported,
            4 => Self::TransferSyntaxesNotSupported,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for ContextResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acceptance => "accepted",
            Self::UserRejection => "rejected by the user",
            Self::NoReason => "rejected by the provider without a reason",
            Self::AbstractSyntaxNotSupported => "abstract syntax not supported",
            Self::TransferSyntaxesNotSupported => "transfer syntaxes not supported",
            Self::Other(code) => return write!(f, "refused with the reserved code {code}"),
        })
    }
}

/// An item of a type that the standard does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownItem {
    /// Its type.
    pub kind: u8,
    /// Its bytes.
    pub data: Bytes,
}
