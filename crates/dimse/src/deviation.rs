//! Deviations: what a sender does against the standard. They are noted and tolerated where that is safe.

use dicom_core::Tag;

/// Something against the standard, and where it was found. Never with the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// What it is.
    pub kind: Kind,
    /// The element, where it belongs to one.
    pub tag: Option<Tag>,
    /// The byte from the beginning of what was read; in a deflated data set, of the inflated bytes.
    pub offset: Option<u64>,
}

impl Deviation {
    /// One without a place.
    pub fn new(kind: Kind) -> Self {
        Deviation { kind, tag: None, offset: None }
    }

    /// One of an element.
    pub fn of(kind: Kind, tag: Tag) -> Self {
        Deviation { kind, tag: Some(tag), offset: None }
    }

    /// One of an element that begins at this byte.
    pub fn at(kind: Kind, tag: Option<Tag>, offset: u64) -> Self {
        Deviation { kind, tag, offset: Some(offset) }
    }
}

impl std::fmt::Display for Deviation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(tag) = self.tag {
            write!(f, "{tag}: ")?;
        }
        f.write_str(self.kind.text())?;
        if let Some(offset) = self.offset {
            write!(f, ", byte {offset}")?;
        }
        Ok(())
    }
}

macro_rules! kinds {
    ($($name:ident $code:literal $text:literal;)*) => {
        /// A kind of deviation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $(#[doc = $text] $name),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// Its stable name.
            pub fn code(self) -> &'static str {
                match self { $(Kind::$name => $code),* }
            }

            /// A sentence about it.
            pub fn text(self) -> &'static str {
                match self { $(Kind::$name => $text),* }
            }
        }
    };
}

#[rustfmt::skip]
kinds! {
    Truncated "truncated" "the bytes end within the data set; what is there was kept";
    TrailingBytes "trailing-bytes" "bytes follow the data set that belong to no element";
    OddLength "odd-length" "a value has an odd length";
    ImplicitInExplicit "implicit-in-explicit" "elements have no VR though the transfer syntax wants them";
    ExplicitInImplicit "explicit-in-implicit" "elements have a VR though the transfer syntax wants none";
    WrongByteOrder "wrong-byte-order" "the byte order is not that of the transfer syntax";
    UnknownVr "unknown-vr" "a VR is none of the standard; that of the dictionary was taken, or UN";
    ShortLengthForm "short-length-form" "a VR that wants a length of 32 bits was written with one of 16 bits";
    LengthBeyondParent "length-beyond-parent" "an item, sequence or value reaches beyond the item or sequence that it is in";
    NotAscending "not-ascending" "an element does not follow in the order of tags";
    Duplicate "duplicate" "an element occurs twice; the first was kept";
    DelimiterMisplaced "delimiter-misplaced" "an item or delimiter stands where none belongs";
    DelimiterMissing "delimiter-missing" "an item or sequence ends without its delimiter";
    DelimiterLength "delimiter-length" "a delimiter has a length that is not zero";
    NotASequence "not-a-sequence" "the value of a sequence has no items; it was kept as bytes";
    UndefinedLength "undefined-length" "a value that can have no items has an undefined length";
    NestedFragments "nested-fragments" "fragments stand within a fragment; they were taken as if they stood beside it";
    NotDeflated "not-deflated" "the data set is not deflated though the transfer syntax wants it";
    ZlibHeader "zlib-header" "the deflated data set has a zlib header, which does not belong there";
    DeflateDamaged "deflate-damaged" "the deflated data set is damaged; what could be inflated was kept";
    PreambleMissing "preamble-missing" "the file has no preamble";
    PrefixMissing "prefix-missing" "the file has no DICM prefix";
    JunkBefore "junk-before" "bytes stand before the first element";
    MetaMissing "meta-missing" "the file has no meta information";
    MetaLengthMissing "meta-length-missing" "the meta information has no group length";
    MetaLengthWrong "meta-length-wrong" "the group length of the meta information is wrong";
    MetaEncoding "meta-encoding" "the meta information is not explicit VR little endian";
    TransferSyntaxMissing "transfer-syntax-missing" "the meta information names no transfer syntax; it was guessed";
    TransferSyntaxWrong "transfer-syntax-wrong" "the data set is not written in the transfer syntax that the meta information names";
    PixelDataNotEncapsulated "pixel-data-not-encapsulated" "pixel data are native though the transfer syntax wants fragments";
    PixelDataEncapsulated "pixel-data-encapsulated" "pixel data are in fragments though the transfer syntax wants them native";
    CharsetMisspelled "charset-misspelled" "a specific character set is misspelled";
    CharsetUnknown "charset-unknown" "a specific character set is not known";
    CharsetMixed "charset-mixed" "a character set without code extensions stands among several";
    CharsetUndeclared "charset-undeclared" "there are characters beyond ASCII and no specific character set";
    CharsetIsUtf8 "charset-is-utf8" "text is UTF-8 though another character set is declared";
    CharsetWindows "charset-windows-bytes" "text has characters of windows-1252 though ISO_IR 100 is declared";
    CharsetInvalid "charset-invalid-bytes" "bytes can't be decoded in their character set; they were replaced";
    EscapeMissing "escape-missing" "no escape sequence designates the character set of a byte; the declared one was taken";
    EscapeUnknown "escape-unknown" "an escape sequence is not known, or its character set is not declared";
    UidInvalid "uid-invalid" "a UID is not well formed";
    DateInvalid "date-invalid" "a date is not well formed";
    TimeInvalid "time-invalid" "a time is not well formed";
    DateTimeInvalid "date-time-invalid" "a date time is not well formed";
    NumberInvalid "number-invalid" "a decimal or integer string is not well formed";
    AgeInvalid "age-invalid" "an age is not well formed";
    CodeInvalid "code-invalid" "a code string has characters that are not allowed in it";
    TooLong "too-long" "a value is longer than its VR allows";
    NameInvalid "name-invalid" "a person name has too many groups or components";
    LengthInvalid "length-invalid" "the length of a value is no multiple of the size of its numbers";
}
