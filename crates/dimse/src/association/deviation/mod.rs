//! Deviations of the upper layer: what a peer does against PS3.7 and PS3.8 and what is tolerated. They are noted
//! for the caller to count; nothing is refused because of them.

use std::fmt;

/// One thing that a peer did against the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deviation {
    /// What it did.
    pub kind: Kind,
    /// Where, in bytes from the first byte of the PDU or of the command set; 0 where there is no such place.
    pub offset: usize,
}

impl Deviation {
    /// A deviation of this kind at this offset.
    pub fn new(kind: Kind, offset: usize) -> Self {
        Self { kind, offset }
    }
}

impl From<Kind> for Deviation {
    fn from(kind: Kind) -> Self {
        Self { kind, offset: 0 }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.text())?;
        if self.offset > 0 {
            write!(f, " (byte {})", self.offset)?;
        }
        write!(f, " [{}]", self.kind.code())
    }
}

macro_rules! kinds {
    ($($name:ident, $code:literal, $text:literal;)*) => {
        /// The kinds of deviations.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $(#[doc = $text] $name,)*
        }

        /// All kinds.
        pub const ALL: &[Kind] = &[$(Kind::$name),*];

        impl Kind {
            /// Stable name, such as `pdu-too-long`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One sentence.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    PduTooLong, "pdu-too-long", "A P-DATA-TF PDU is longer than the maximum that was announced.";
    PduLength, "pdu-length", "A PDU of fixed length has another length.";
    PduEmpty, "pdu-empty", "A P-DATA-TF PDU carries no presentation data value.";
    ControlHeaderBits, "control-header-bits", "Reserved bits of a message control header are set.";
    FragmentOdd, "fragment-odd", "A fragment that is not the last has an odd length.";
    TrailingBytes, "trailing-bytes", "Bytes that are no item stand at the end of an item or PDU.";
    ProtocolVersion, "protocol-version", "The protocol version is not 1.";
    UidPadded, "uid-padded", "A UID of an association item is padded.";
    TextPadded, "text-padded", "A text of an association item is padded.";
    AeTitlePadding, "ae-title-padding", "An AE title is padded with something else than spaces behind it.";
    AeTitleCharacters, "ae-title-characters", "An AE title has characters that it must not have, or is empty.";
    ApplicationContext, "application-context", "The application context is missing, repeated, or not that of DICOM.";
    ItemRepeated, "item-repeated", "An item that may stand once stands again; the first counts.";
    ItemUnknown, "item-unknown", "An item has a type that the standard does not know.";
    UserInformationMissing, "user-information-missing", "There is no user information item.";
    MaximumLengthMissing, "maximum-length-missing", "No maximum length is announced.";
    MaximumLengthTiny, "maximum-length-tiny", "The maximum length leaves no room for data.";
    ImplementationMissing, "implementation-missing", "No implementation class UID is given.";
    ContextIdEven, "context-id-even", "A presentation context ID is even.";
    ContextIdRepeated, "context-id-repeated", "A presentation context ID stands twice.";
    ContextWithoutSyntax, "context-without-syntax", "A presentation context lacks its abstract or transfer syntax.";
    ContextUnknown, "context-unknown", "A presentation context was answered that was never proposed.";
    ContextUnanswered, "context-unanswered", "A proposed presentation context was not answered.";
    ContextSyntaxes, "context-syntaxes", "An accepted presentation context has several transfer syntaxes.";
    ContextSyntaxForeign, "context-syntax-foreign", "A transfer syntax was accepted that was never proposed.";
    RoleUnasked, "role-unasked", "A role was answered that was never proposed.";
    WindowUnasked, "window-unasked", "A wider asynchronous operations window was answered than proposed.";
    WindowExceeded, "window-exceeded", "More operations are outstanding than the asynchronous operations window allows.";
    GroupLengthMissing, "group-length-missing", "A command set has no group length.";
    GroupLengthWrong, "group-length-wrong", "The group length of a command set is wrong.";
    ElementOrder, "element-order", "The elements of a command set are not in ascending order.";
    ElementRepeated, "element-repeated", "An element of a command set stands twice; the first counts.";
    ElementLength, "element-length", "An element of a command set has a length that its VR does not allow.";
    ElementExplicit, "element-explicit", "An element of a command set has an explicit VR.";
    ElementForeign, "element-foreign", "A command set has an element of another group than 0000.";
    MessageIdMissing, "message-id-missing", "A command has no message ID, or a response does not say to what.";
    DataSetTypeMissing, "data-set-type-missing", "A command does not say whether a data set follows.";
    StatusMissing, "status-missing", "A response has no status.";
    MessageIdReused, "message-id-reused", "A message ID is used again while its first operation is outstanding.";
    ResponseToNothing, "response-to-nothing", "A response answers no outstanding operation.";
    ResponseOther, "response-other", "A response has another kind or presentation context than its request.";
    CancelOfNothing, "cancel-of-nothing", "A C-CANCEL names no outstanding operation.";
    RoleExceeded, "role-exceeded", "A request comes from a side that has not the role for it.";
    ReleaseWhileBusy, "release-while-busy", "Release was requested while operations are outstanding.";
    ClosedWithoutRelease, "closed-without-release", "The transport was closed without release or abort.";
}
