//! All kinds of deviations: code and sentence. One line each; codes never change.

/// A kind of deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Stable name.
    pub code: &'static str,
    /// A sentence about it.
    pub text: &'static str,
}

macro_rules! kinds {
    ($($name:ident $code:literal $text:literal;)*) => {
        $(
            #[doc = $text]
            pub(crate) const $name: Kind = Kind { code: $code, text: $text };
        )*
        /// Every kind.
        pub const ALL: &[Kind] = &[$($name),*];
    };
}

#[rustfmt::skip]
kinds! {
    LINE_ENDS_LF "line-ends-lf" "segments end with LF instead of CR";
    LINE_ENDS_CRLF "line-ends-crlf" "segments end with CR LF instead of CR";
    LINE_ENDS_MIXED "line-ends-mixed" "segments end in different ways";
    LAST_SEGMENT_OPEN "last-segment-open" "the last segment has no CR";
    BLANK_LINES "blank-lines" "blank lines stand between segments";
    SPACES_BEFORE_SEGMENT "spaces-before-segment" "white space stands before a segment name";
    CONTROL_BETWEEN "control-characters-between" "control characters stand between segments";
    LINE_BREAK_IN_FIELD "line-break-in-field" "a line break stands in a field; what follows was read as its continuation";
    SEGMENT_NAME_CASE "segment-name-case" "a segment name is in lower case; it was read as if in upper case";
    JUNK_BEFORE_HEADER "junk-before-header" "bytes stand before the header segment";
    BYTE_ORDER_MARK "byte-order-mark" "the message begins with a byte order mark";
    HEADER_NAME_DAMAGED "header-name-damaged" "the name of the header segment is damaged or in lower case";
    HEADER_SHORT "header-short" "the header segment ends before its required fields";
    ENCODING_CHARACTERS_MISSING "encoding-characters-missing" "MSH-2 is empty; the usual delimiters were used";
    ENCODING_CHARACTERS_SHORT "encoding-characters-short" "MSH-2 has fewer than four characters";
    ENCODING_CHARACTERS_ODD "encoding-characters-odd" "MSH-2 can't serve as delimiters; the usual ones were used";
    TRUNCATION_TOO_EARLY "truncation-character-too-early" "MSH-2 has a truncation character, which the version does not know";
    MESSAGE_TYPE_MISSING "message-type-missing" "MSH-9 is empty";
    CONTROL_ID_MISSING "control-id-missing" "MSH-10 is empty; the message can't be acknowledged by it";
    CONTROL_ID_LONG "control-id-long" "MSH-10 is longer than the version allows";
    PROCESSING_ID_MISSING "processing-id-missing" "MSH-11 is empty";
    VERSION_MISSING "version-missing" "MSH-12 is empty";
    VERSION_UNKNOWN "version-unknown" "MSH-12 is no version of the standard";
    VERSION_TOO_OLD "version-too-old-for-content" "the message has what its version does not have yet";
    ACK_CONDITION_UNKNOWN "ack-condition-unknown" "MSH-15 or MSH-16 is none of AL, NE, ER, SU";
    EVENT_MISMATCH "event-mismatch" "EVN-1 and MSH-9 name different events";
    CHARSET_UNKNOWN "charset-unknown" "MSH-18 names no known character set";
    CHARSET_UNDECLARED "charset-undeclared" "there are characters above ASCII, and MSH-18 does not say which set they are of";
    CHARSET_IS_UTF8 "charset-is-utf8" "MSH-18 names another character set, but the message is UTF-8";
    CHARSET_NOT_UTF8 "charset-not-utf8" "MSH-18 says UTF-8, but the message is not; read as Windows-1252";
    CHARSET_MIXED "charset-mixed" "MSH-18 says UTF-8, but only parts of the message are";
    CHARSET_WINDOWS "charset-windows-bytes" "MSH-18 says 8859/1, but there are characters that only Windows-1252 has";
    CHARSET_NOT_WIDE "charset-not-wide" "MSH-18 says UTF-16 or UTF-32, but the message is not";
    CHARSET_WIDE_UNDECLARED "charset-wide-undeclared" "the message is UTF-16 or UTF-32, and MSH-18 says something else";
    CHARSET_INVALID "charset-invalid-bytes" "bytes are not valid in the message's character set; the message can be read but not edited";
    CHARACTERS_LOST "characters-lost" "characters that the message's character set does not have were written as `?`";
    NUL_BYTES "nul-bytes" "there are NUL bytes";
    CONTROL_CHARACTERS "control-characters" "there are control characters in a field";
    ESCAPE_UNKNOWN "escape-unknown" "an escape sequence is not known; it was left as it is";
    ESCAPE_OPEN "escape-open" "an escape character stands alone; it was left as it is";
    ESCAPE_DOUBLE "escape-double" "an escape sequence seems to have been escaped twice";
    SEPARATOR_SUSPECT "separator-suspect" "a separator in a text seems not to have been escaped";
    FIELDS_SUSPECT "field-count-suspect" "there are more fields than any version has; a separator seems not to have been escaped";
    NULL_OVERUSED "null-overused" "`\"\"` stands in most fields of a segment, where nothing seems to be meant";
    QUADRUPLE_QUOTES "quadruple-quotes" "four quotation marks stand where nothing or `\"\"` seems to be meant";
    OBX_TYPE_MISSING "obx-type-missing" "OBX-2 is empty, and there is a value in OBX-5";
    OBX_TYPE_UNKNOWN "obx-type-unknown" "OBX-2 names no data type";
    OBX_TYPE_CASE "obx-type-case" "OBX-2 is in lower case";
    OBX_TEXT_LONG "obx-text-long" "OBX-5 of type ST is longer than 199 characters";
    OBX_NUMBER_ODD "obx-number-odd" "OBX-5 of type NM is no number";
    OBX_FLAG_UNKNOWN "obx-flag-unknown" "OBX-8 is no value of table 0078";
    OBX_WITHOUT_ORDER "obx-without-order" "OBX stands before any OBR";
    PID_REPEATED "pid-repeated" "PID stands more than once in a message about one patient";
    SEVERAL_MESSAGES "several-messages" "there are several messages without a batch header";
    DATE_ZEROS "date-zeros" "a date consists of zeros";
    DATE_ZERO_PARTS "date-zero-parts" "parts of a date are zero; they were read as not known";
    DATE_ISO "date-iso" "a date is written in ISO 8601";
    DATE_SEPARATORS "date-separators" "a date is written with separators";
    DATE_HOUR_24 "date-hour-24" "a time is 24:00; it was read as the next day's 00:00";
    DATE_SPACES "date-spaces" "there is white space around a date";
    DATE_ZONE "date-zone-form" "a time zone is not written as +ZZZZ";
    DATE_FRACTION "date-fraction-long" "a fraction of a second has more than four digits";
    DATE_INVALID "date-invalid" "this is no date";
    BIRTH_WITH_TIME "birth-date-with-time" "a date of birth has a time of 00:00";
    BATCH_COUNT "batch-count-wrong" "BTS-1 is not the number of messages";
    FILE_COUNT "file-count-wrong" "FTS-1 is not the number of batches";
    BATCH_OPEN "batch-open" "a batch header or trailer has no counterpart";
    BATCH_STRAY "batch-stray-segment" "a segment of a batch belongs to no message";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut codes: Vec<_> = ALL.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
        assert!(
            codes
                .iter()
                .all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
        );
    }
}
