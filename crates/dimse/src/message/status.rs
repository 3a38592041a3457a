//! Status codes (PS3.7, Annex C; PS3.4, Annexes B, C, F, J, CC).

use std::fmt;

use super::Kind;

/// The status of a response.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(u16);

/// Classes of statuses (PS3.7, Annex C).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// It was done.
    Success,
    /// It goes on; more responses follow.
    Pending,
    /// It was cancelled.
    Cancel,
    /// It was done, but not just so.
    Warning,
    /// It was not done.
    Failure,
}

macro_rules! statuses {
    ($($name:ident, $code:literal, $text:literal;)*) => {
        impl Status {
            $(#[doc = $text] pub const $name: Self = Self($code);)*

            /// All codes that are known, each with its meaning.
            pub const fn all() -> &'static [(Self, &'static str)] {
                &[$((Self($code), $text),)*]
            }

            const fn known(self) -> Option<&'static str> {
                match self.0 { $($code => Some($text),)* _ => None }
            }
        }
    };
}

statuses! {
    SUCCESS, 0x0000, "Done.";
    CANCEL, 0xFE00, "Cancelled.";
    PENDING, 0xFF00, "More follows.";
    PENDING_WARNING, 0xFF01, "More follows; some optional keys are not supported.";
    ATTRIBUTE_LIST_WARNING, 0x0107, "Done, but some attributes were not recognized.";
    ATTRIBUTE_OUT_OF_RANGE, 0x0116, "Done, but an attribute value was out of range.";
    REQUESTED_OPTIONAL_ATTRIBUTES, 0x0001, "Done, but requested optional attributes are not supported.";
    ATTRIBUTE_LIST_ERROR, 0x0105, "An attribute was not specified, or has to be.";
    INVALID_ATTRIBUTE_VALUE, 0x0106, "An attribute value is out of range or not appropriate.";
    PROCESSING_FAILURE, 0x0110, "Processing failed.";
    DUPLICATE_SOP_INSTANCE, 0x0111, "The SOP instance UID is allotted already.";
    NO_SUCH_SOP_INSTANCE, 0x0112, "There is no such SOP instance.";
    NO_SUCH_EVENT_TYPE, 0x0113, "There is no such event type.";
    NO_SUCH_ARGUMENT, 0x0114, "The argument is not known.";
    INVALID_ARGUMENT_VALUE, 0x0115, "The argument value is not permitted.";
    INVALID_SOP_INSTANCE, 0x0117, "The SOP instance UID breaks the rules for UIDs.";
    NO_SUCH_SOP_CLASS, 0x0118, "There is no such SOP class.";
    CLASS_INSTANCE_CONFLICT, 0x0119, "The SOP instance is not of that SOP class.";
    MISSING_ATTRIBUTE, 0x0120, "A required attribute is missing.";
    MISSING_ATTRIBUTE_VALUE, 0x0121, "A required attribute value is missing.";
    SOP_CLASS_NOT_SUPPORTED, 0x0122, "The SOP class is not supported.";
    NO_SUCH_ACTION_TYPE, 0x0123, "The action type is not known.";
    NOT_AUTHORIZED, 0x0124, "Not authorized.";
    DUPLICATE_INVOCATION, 0x0210, "The message ID is used by another outstanding operation.";
    UNRECOGNIZED_OPERATION, 0x0211, "The operation is not known.";
    MISTYPED_ARGUMENT, 0x0212, "A parameter is not one that was agreed to.";
    RESOURCE_LIMITATION, 0x0213, "Not enough resources.";
    OUT_OF_RESOURCES, 0xA700, "Out of resources.";
    OUT_OF_RESOURCES_MATCHES, 0xA701, "Out of resources: the number of matches can't be found out.";
    OUT_OF_RESOURCES_SUB_OPERATIONS, 0xA702, "Out of resources: sub-operations can't be performed.";
    MOVE_DESTINATION_UNKNOWN, 0xA801, "The move destination is not known.";
    DATA_SET_NOT_OF_SOP_CLASS, 0xA900, "The data set or identifier does not match the SOP class.";
    SUB_OPERATIONS_TERMINATED, 0xB000, "Done with warnings: elements were coerced, or one or more sub-operations failed.";
    ELEMENTS_DISCARDED, 0xB006, "Done, but elements were discarded.";
    DATA_SET_NOT_OF_SOP_CLASS_WARNING, 0xB007, "Done, but the data set does not match the SOP class.";
    CANNOT_UNDERSTAND, 0xC000, "Can't be understood or processed.";
}

impl Status {
    /// The status of this code.
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// Its code.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Its class (PS3.7, Annex C). Codes that the standard does not know count as failures.
    pub const fn class(self) -> Class {
        match self.0 {
            0x0000 => Class::Success,
            0xFF00 | 0xFF01 => Class::Pending,
            0xFE00 => Class::Cancel,
            0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => Class::Warning,
            _ => Class::Failure,
        }
    }

    /// True if more responses follow.
    pub const fn is_pending(self) -> bool {
        matches!(self.class(), Class::Pending)
    }

    /// True if it was done, with warnings or without.
    pub const fn is_done(self) -> bool {
        matches!(self.class(), Class::Success | Class::Warning)
    }

    /// What it means, in one sentence. The kind of the response makes it more precise where codes are shared.
    pub const fn text(self, kind: Option<Kind>) -> &'static str {
        let precise = match (kind, self.0) {
            (Some(Kind::CStoreResponse), 0xB000) => Some("Stored, but elements were coerced."),
            (Some(Kind::CStoreResponse), 0xB006) => Some("Stored, but elements were discarded."),
            (Some(Kind::CStoreResponse), 0xB007) => {
                Some("Stored, but the data set does not match the SOP class.")
            }
            (Some(Kind::CMoveResponse | Kind::CGetResponse), 0xB000) => {
                Some("Sub-operations are complete, but some failed or gave warnings.")
            }
            (Some(Kind::CFindResponse), 0xA700) => Some("Out of resources for the query."),
            (Some(Kind::CStoreResponse), 0xA700..=0xA7FF) => Some("Out of resources: not stored."),
            (Some(Kind::CStoreResponse), 0xA900..=0xA9FF) => {
                Some("The data set does not match the SOP class.")
            }
            (Some(Kind::CStoreResponse), 0xC000..=0xCFFF) => Some("The data set can't be understood."),
            (Some(Kind::CFindResponse), 0xC000..=0xCFFF) => Some("The query can't be processed."),
            (Some(Kind::CMoveResponse | Kind::CGetResponse), 0xC000..=0xCFFF) => {
                Some("The retrieval can't be processed.")
            }
            _ => None,
        };
        match (precise, self.known()) {
            (Some(text), _) | (None, Some(text)) => text,
            (None, None) => self.range(),
        }
    }

    const fn range(self) -> &'static str {
        match self.0 {
            0xA700..=0xA7FF => "Out of resources.",
            0xA900..=0xA9FF => "The data set does not match the SOP class.",
            0xB000..=0xBFFF => "Done with a warning of the service class.",
            0xC000..=0xCFFF => "Can't be understood or processed.",
            0xA000..=0xAFFF => "A failure of the service class.",
            0x0100..=0x02FF => "A general failure.",
            _ => "A status that the standard does not know.",
        }
    }
}

impl From<u16> for Status {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}H: {}", self.0, self.text(None))
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({:04X}H)", self.0)
    }
}
