//! What a service says of itself in its first bytes.
//!
//! | who | first bytes | standard |
//! |---|---|---|
//! | MLLP | `0B`, or an HL7 header without it | HL7 v2.5.1 appendix C |
//! | HTTP | `HTTP/1.`, or a request line | RFC 9112, section 4 |
//! | SSH | `SSH-` | RFC 4253, section 4.2 |
//! | SMTP, FTP | `220 ` and what follows | RFC 5321, RFC 959 |
//! | TLS | record `14`-`17`, `03`, `00`-`04` | RFC 8446, section 5.1 |
//! | DICOM | PDU `02`, `03` or `07`, `00`, length | DICOM PS3.8, section 9.3 |

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A protocol that can be told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Speech {
    /// HL7 v2 over MLLP.
    Mllp,
    /// HTTP.
    Http,
    /// SSH.
    Ssh,
    /// FTP.
    Ftp,
    /// SMTP.
    Smtp,
    /// TLS, whatever is inside.
    Tls,
    /// DICOM's upper layer.
    Dicom,
    /// It said something that is none of these.
    Other,
}

impl Speech {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Speech::Mllp => "MLLP",
            Speech::Http => "HTTP",
            Speech::Ssh => "SSH",
            Speech::Ftp => "FTP",
            Speech::Smtp => "SMTP",
            Speech::Tls => "TLS",
            Speech::Dicom => "DICOM",
            Speech::Other => "?",
        }
    }
}

/// Methods with which an HTTP request begins.
const METHODS: [&[u8]; 7] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ", b"CONNECT "];

/// What speaks so; `None` for no bytes at all.
pub fn recognise(bytes: &[u8]) -> Option<Speech> {
    let upper = |part: &[u8]| part.to_ascii_uppercase();
    Some(match bytes {
        [] => return None,
        [0x0B, ..] | [0x06 | 0x15, 0x1C, ..] => Speech::Mllp,
        _ if bytes.starts_with(b"MSH|") || bytes.starts_with(b"FHS|") => Speech::Mllp,
        _ if bytes.starts_with(b"HTTP/") || METHODS.iter().any(|method| bytes.starts_with(method)) => {
            Speech::Http
        }
        _ if bytes.starts_with(b"SSH-") => Speech::Ssh,
        [0x14..=0x17, 0x03, 0x00..=0x04, ..] => Speech::Tls,
        // An association's acceptance, rejection or abortion, or its request, and a length of four bytes.
        [0x01..=0x03 | 0x07, 0x00, 0x00, 0x00, ..] => Speech::Dicom,
        [b'2' | b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', rest @ ..] => {
            let text = upper(rest);
            let says = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
            match says(b"SMTP") || says(b"MAIL") {
                true => Speech::Smtp,
                // FTP's greeting need not name it: it is the other service that greets with 220.
                false if bytes.starts_with(b"220") || says(b"FTP") => Speech::Ftp,
                false => Speech::Other,
            }
        }
        _ => Speech::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_who_speaks() {
        for (bytes, speech) in [
            (&b"\x0bMSH|^~\\&|RIS"[..], Speech::Mllp),
            (b"MSH|^~\\&|RIS", Speech::Mllp),
            (b"HTTP/1.1 400 Bad Request\r\n", Speech::Http),
            (b"POST /hl7 HTTP/1.1\r\n", Speech::Http),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Speech::Ssh),
            (b"220 mail.example ESMTP Postfix\r\n", Speech::Smtp),
            (b"220 (vsFTPd 3.0.3)\r\n", Speech::Ftp),
            (b"\x15\x03\x01\x00\x02\x02\x0a", Speech::Tls),
            (b"\x16\x03\x03\x00\x5a", Speech::Tls),
            (b"\x07\x00\x00\x00\x00\x04", Speech::Dicom),
            (b"\x02\x00\x00\x00\x00\xb8", Speech::Dicom),
            (b"Welcome!", Speech::Other),
        ] {
            assert_eq!(recognise(bytes), Some(speech), "{bytes:?}");
        }
        assert_eq!(recognise(b""), None);
    }
}
