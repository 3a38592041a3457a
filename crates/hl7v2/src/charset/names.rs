//! The names of character sets: HL7 table 0211, and the spellings of DICOM, IANA and Windows that
//! senders put into MSH-18.

use encoding_rs as rs;

use super::{Charset, Wide};

/// Look a name up: case, spaces and punctuation do not count.
pub(crate) fn by_name(name: &str) -> Option<Charset> {
    if name.len() > 64 {
        return None;
    }
    let key: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let charset = match key.as_str() {
        "ASCII" | "USASCII" | "ISOIR6" | "ISO646" | "2022IR6" | "ISO2022IR6" | "ANSIX3" => Charset::ASCII,
        "UTF8" | "UNICODEUTF8" | "ISOIR192" | "CP65001" => Charset::UTF_8,
        "UNICODE" | "UTF16" | "UNICODEUTF16" | "UTF16LE" | "UCS2" => Charset::wide(Wide::Utf16Le),
        "UTF16BE" => Charset::wide(Wide::Utf16Be),
        "UTF32" | "UNICODEUTF32" | "UTF32LE" => Charset::wide(Wide::Utf32Le),
        "UTF32BE" => Charset::wide(Wide::Utf32Be),
        "WINDOWS1252" | "CP1252" | "WIN1252" | "ANSI" => Charset::WINDOWS_1252,
        "LATIN1" | "ISOIR100" | "ISO2022IR100" => Charset::LATIN_1,
        "WINDOWS1250" | "CP1250" => Charset::other(rs::WINDOWS_1250, "Windows-1250"),
        "WINDOWS1251" | "CP1251" => Charset::other(rs::WINDOWS_1251, "Windows-1251"),
        "ISOIR14" | "ISOIR13" | "JISX0201" | "SHIFTJIS" | "SJIS" | "WINDOWS31J" => {
            Charset::other(rs::SHIFT_JIS, "ISO IR14")
        }
        "ISOIR87" | "ISOIR159" | "ISO2022JP" | "ISO2022IR87" | "ISO2022IR159" | "JISX0208" | "JISX0212" => {
            Charset::other(rs::ISO_2022_JP, "ISO IR87")
        }
        "EUCJP" => Charset::other(rs::EUC_JP, "EUC-JP"),
        "GB180302000" | "GB18030" | "GBK" | "GB2312" => Charset::other(rs::GB18030, "GB 18030-2000"),
        "KSX1001" | "EUCKR" | "KSC5601" | "ISOIR149" | "ISO2022IR149" => {
            Charset::other(rs::EUC_KR, "KS X 1001")
        }
        "BIG5" => Charset::other(rs::BIG5, "BIG-5"),
        "ISOIR101" | "LATIN2" | "ISO2022IR101" => part(2)?,
        "ISOIR109" => part(3)?,
        "ISOIR110" => part(4)?,
        "ISOIR144" => part(5)?,
        "ISOIR127" => part(6)?,
        "ISOIR126" => part(7)?,
        "ISOIR138" => part(8)?,
        "ISOIR148" | "LATIN5" => part(9)?,
        "ISOIR166" => part(11)?,
        "LATIN9" => part(15)?,
        other => return iso_8859(other),
    };
    Some(charset)
}

/// `88591`, `ISO88591`, `I88591` (a misprint that became a habit), `ISO8859P1`.
fn iso_8859(key: &str) -> Option<Charset> {
    let number = key.trim_start_matches(|c: char| c.is_ascii_alphabetic()).strip_prefix("8859")?;
    part(number.trim_start_matches('P').parse().ok()?)
}

fn part(number: u8) -> Option<Charset> {
    let charset = match number {
        1 => Charset::LATIN_1,
        2 => Charset::other(rs::ISO_8859_2, "8859/2"),
        3 => Charset::other(rs::ISO_8859_3, "8859/3"),
        4 => Charset::other(rs::ISO_8859_4, "8859/4"),
        5 => Charset::other(rs::ISO_8859_5, "8859/5"),
        6 => Charset::other(rs::ISO_8859_6, "8859/6"),
        7 => Charset::other(rs::ISO_8859_7, "8859/7"),
        8 => Charset::other(rs::ISO_8859_8, "8859/8"),
        9 => Charset::other(rs::WINDOWS_1254, "8859/9"),
        10 => Charset::other(rs::ISO_8859_10, "8859/10"),
        11 => Charset::other(rs::WINDOWS_874, "8859/11"),
        13 => Charset::other(rs::ISO_8859_13, "8859/13"),
        14 => Charset::other(rs::ISO_8859_14, "8859/14"),
        15 => Charset::other(rs::ISO_8859_15, "8859/15"),
        16 => Charset::other(rs::ISO_8859_16, "8859/16"),
        _ => return None,
    };
    Some(charset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_0211_and_its_variants() {
        for (name, expected) in [
            ("ASCII", "ASCII"),
            ("8859/1", "8859/1"),
            ("8859/9", "8859/9"),
            ("8859/15", "8859/15"),
            ("ISO IR6", "ASCII"),
            ("ISO IR14", "ISO IR14"),
            ("ISO IR87", "ISO IR87"),
            ("GB 18030-2000", "GB 18030-2000"),
            ("KS X 1001", "KS X 1001"),
            ("BIG-5", "BIG-5"),
            ("UNICODE", "UNICODE UTF-16"),
            ("UNICODE UTF-8", "UNICODE UTF-8"),
            ("UNICODE UTF-16", "UNICODE UTF-16"),
            ("UNICODE UTF-32", "UNICODE UTF-32"),
            ("UTF-8", "UNICODE UTF-8"),
            ("utf8", "UNICODE UTF-8"),
            ("ISO-8859-1", "8859/1"),
            ("8859-1", "8859/1"),
            ("ISO_IR100", "8859/1"),
            ("ISO IR100", "8859/1"),
            ("I8859/9", "8859/9"),
            ("Windows-1252", "Windows-1252"),
        ] {
            assert_eq!(by_name(name).map(|c| c.name()), Some(expected), "{name}");
        }
        for name in ["", "8859/12", "8859", "CNS 11643-1992", "DEUTSCH"] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }
}
