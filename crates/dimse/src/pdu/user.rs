//! The user information item (50H; PS3.8, section 9.3.2.3) and its sub-items (PS3.8, Annex D.1; PS3.7, Annex D.3.3).

use bytes::Bytes;

use super::{UnknownItem, UserIdentity};

/// Sub-items of the user information.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserInformation {
    /// 51H: the longest P-DATA-TF PDU that this side takes, without its first six bytes; 0 is without limit.
    pub maximum_length: Option<u32>,
    /// 52H: which implementation this is.
    pub implementation_class_uid: Option<String>,
    /// 55H: and which version of it.
    pub implementation_version_name: Option<String>,
    /// 53H: how many operations may be outstanding.
    pub operations_window: Option<OperationsWindow>,
    /// 54H: who may be user and provider of a SOP class.
    pub roles: Vec<RoleSelection>,
    /// 56H: what a service class negotiates besides.
    pub extended: Vec<ExtendedNegotiation>,
    /// 57H: service class and related general SOP classes of a SOP class.
    pub common_extended: Vec<CommonExtendedNegotiation>,
    /// 58H: who the requestor is.
    pub user_identity: Option<UserIdentity>,
    /// 59H: the acceptor's answer to it.
    pub user_identity_response: Option<Bytes>,
    /// Sub-items of unknown types.
    pub unknown: Vec<UnknownItem>,
}

/// Asynchronous operations window (PS3.7, Annex D.3.3.3); 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationsWindow {
    /// How many the requestor may have outstanding.
    pub invoked: u16,
    /// How many the acceptor may have outstanding.
    pub performed: u16,
}

impl OperationsWindow {
    /// One by one: what holds where nothing is negotiated.
    pub const SYNCHRONOUS: Self = Self { invoked: 1, performed: 1 };
}

/// SCP/SCU role selection (PS3.7, Annex D.3.3.4): proposed, or accepted, roles of the requestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSelection {
    /// The SOP class, that is the abstract syntax.
    pub sop_class: String,
    /// The requestor is service class user.
    pub user: bool,
    /// The requestor is service class provider.
    pub provider: bool,
}

/// SOP class extended negotiation (PS3.7, Annex D.3.3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedNegotiation {
    /// The SOP class.
    pub sop_class: String,
    /// Its meaning is the service class' own.
    pub information: Bytes,
}

/// SOP class common extended negotiation (PS3.7, Annex D.3.3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonExtendedNegotiation {
    /// Version of the sub-item, 0.
    pub version: u8,
    /// The SOP class.
    pub sop_class: String,
    /// Its service class.
    pub service_class: String,
    /// SOP classes that it may be treated as.
    pub related: Vec<String>,
}
