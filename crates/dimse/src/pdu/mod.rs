//! Protocol data units of the upper layer (PS3.8, section 9.3 and Annex D; PS3.7, Annex D.3): what goes over the
//! wire, byte for byte.
//!
//! [`Decoder`] takes them out of a buffer, [`Pdu::encode`] writes them. Presentation data values are slices of the
//! buffer; nothing is copied. Lengths are checked against limits of ours before anything is kept, never against
//! what the peer promised.

mod associate;
mod data;
mod decode;
mod encode;
mod error;
mod identity;
mod items;
mod outcome;
mod reader;
mod user;

pub use associate::{
    APPLICATION_CONTEXT, AnsweredContext, AssociateAccept, AssociateRequest, ContextResult, ProposedContext,
    UnknownItem,
};
pub use data::{Data, DataValue, DataValues, HEADER_LENGTH, data_header};
pub use decode::{Decoder, Limits};
pub use encode::EncodeError;
pub use error::Error;
pub use identity::{IdentityKind, UserIdentity};
pub use outcome::{Abort, AssociateReject};
pub use user::{
    CommonExtendedNegotiation, ExtendedNegotiation, OperationsWindow, RoleSelection, UserInformation,
};

/// One PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pdu {
    /// A-ASSOCIATE-RQ (01H).
    AssociateRequest(Box<AssociateRequest>),
    /// A-ASSOCIATE-AC (02H).
    AssociateAccept(Box<AssociateAccept>),
    /// A-ASSOCIATE-RJ (03H).
    AssociateReject(AssociateReject),
    /// P-DATA-TF (04H).
    Data(Data),
    /// A-RELEASE-RQ (05H).
    ReleaseRequest,
    /// A-RELEASE-RP (06H).
    ReleaseResponse,
    /// A-ABORT (07H).
    Abort(Abort),
}

impl Pdu {
    /// The standard's name of it.
    pub const fn name(&self) -> &'static str {
        name(self.kind())
    }

    /// The PDU type, its first byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::AssociateRequest(_) => 0x01,
            Self::AssociateAccept(_) => 0x02,
            Self::AssociateReject(_) => 0x03,
            Self::Data(_) => 0x04,
            Self::ReleaseRequest => 0x05,
            Self::ReleaseResponse => 0x06,
            Self::Abort(_) => 0x07,
        }
    }
}

/// The standard's name of a PDU type.
const fn name(kind: u8) -> &'static str {
    match kind {
        0x01 => "A-ASSOCIATE-RQ",
        0x02 => "A-ASSOCIATE-AC",
        0x03 => "A-ASSOCIATE-RJ",
        0x04 => "P-DATA-TF",
        0x05 => "A-RELEASE-RQ",
        0x06 => "A-RELEASE-RP",
        0x07 => "A-ABORT",
        _ => "PDU of unknown type",
    }
}
