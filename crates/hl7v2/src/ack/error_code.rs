//! Message error conditions, table 0357, and the content of ERR.

use std::fmt;

use crate::place::Place;

/// A condition of table 0357.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 0
    MessageAccepted,
    /// 100
    SegmentSequence,
    /// 101
    RequiredFieldMissing,
    /// 102
    DataType,
    /// 103
    TableValueNotFound,
    /// 200
    UnsupportedMessageType,
    /// 201
    UnsupportedEventCode,
    /// 202
    UnsupportedProcessingId,
    /// 203
    UnsupportedVersion,
    /// 204
    UnknownKey,
    /// 205
    DuplicateKey,
    /// 206
    RecordLocked,
    /// 207
    ApplicationInternal,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::MessageAccepted,
        Self::SegmentSequence,
        Self::RequiredFieldMissing,
        Self::DataType,
        Self::TableValueNotFound,
        Self::UnsupportedMessageType,
        Self::UnsupportedEventCode,
        Self::UnsupportedProcessingId,
        Self::UnsupportedVersion,
        Self::UnknownKey,
        Self::DuplicateKey,
        Self::RecordLocked,
        Self::ApplicationInternal,
    ];

    /// The number.
    pub fn number(self) -> u16 {
        match self {
            Self::MessageAccepted => 0,
            Self::SegmentSequence => 100,
            Self::RequiredFieldMissing => 101,
            Self::DataType => 102,
            Self::TableValueNotFound => 103,
            Self::UnsupportedMessageType => 200,
            Self::UnsupportedEventCode => 201,
            Self::UnsupportedProcessingId => 202,
            Self::UnsupportedVersion => 203,
            Self::UnknownKey => 204,
            Self::DuplicateKey => 205,
            Self::RecordLocked => 206,
            Self::ApplicationInternal => 207,
        }
    }

    /// The condition of a number.
    pub fn of_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The text that goes with the number.
    pub fn text(self) -> &'static str {
        match self {
            Self::MessageAccepted => "Message accepted",
            Self::SegmentSequence => "Segment sequence error",
            Self::RequiredFieldMissing => "Required field missing",
            Self::DataType => "Data type error",
            Self::TableValueNotFound => "Table value not found",
            Self::UnsupportedMessageType => "Unsupported message type",
            Self::UnsupportedEventCode => "Unsupported event code",
            Self::UnsupportedProcessingId => "Unsupported processing id",
            Self::UnsupportedVersion => "Unsupported version id",
            Self::UnknownKey => "Unknown key identifier",
            Self::DuplicateKey => "Duplicate key identifier",
            Self::RecordLocked => "Application record locked",
            Self::ApplicationInternal => "Application internal error",
        }
    }
}

/// ERR-4, table 0516.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Severity {
    /// E
    #[default]
    Error,
    /// W
    Warning,
    /// I
    Information,
}

impl Severity {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "E",
            Self::Warning => "W",
            Self::Information => "I",
        }
    }

    pub(super) fn read(text: &str) -> Self {
        match text.trim() {
            "W" | "w" => Self::Warning,
            "I" | "i" => Self::Information,
            _ => Self::Error,
        }
    }
}

/// One error, as ERR carries it. `Debug` does not show the texts: partners put patient data there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ErrorDetail {
    /// Number of table 0357, or of the partner's own table.
    pub code: String,
    /// Text that goes with the number.
    pub code_text: String,
    /// The place, when the error has one.
    pub place: Option<Place>,
    /// ERR-4.
    pub severity: Severity,
    /// ERR-7, for the technician.
    pub diagnostic: String,
    /// ERR-8, for the user.
    pub user_message: String,
}

impl ErrorDetail {
    /// An error of table 0357 at a place.
    pub fn new(code: ErrorCode, place: Option<Place>) -> Self {
        Self { code: code.number().to_string(), code_text: code.text().to_owned(), place, ..Self::default() }
    }

    /// The condition of table 0357, if the number is one.
    pub fn error_code(&self) -> Option<ErrorCode> {
        ErrorCode::of_number(self.code.trim().parse().ok()?)
    }
}

impl fmt::Debug for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorDetail")
            .field("code", &self.error_code().map(ErrorCode::number))
            .field("place", &self.place.map(|place| place.to_string()))
            .field("severity", &self.severity)
            .finish_non_exhaustive()
    }
}
