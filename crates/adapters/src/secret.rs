//! Secrets that site files name but do not hold, and who comes with them (basic authentication, RFC 7617).

use std::path::{Path, PathBuf};

use klinke_model::Redacted;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::string_or_table;

/// A password or a token: in a file of its own, or as the text itself where that came from an
/// environment variable. Never printed.
#[derive(Clone, Debug)]
pub struct Secret(Source);

#[derive(Clone, Debug)]
enum Source {
    Text(Redacted<String>),
    File(PathBuf),
}

/// A user to come as.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The name. Since 0.1.
    pub user: String,
    /// The password. Since 0.1.
    pub password: Secret,
}

/// A secret, as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    file: PathBuf,
    #[serde(skip)]
    text: Option<String>,
}

impl Secret {
    /// Makes the file's name relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        if let Source::File(path) = &mut self.0 {
            *path = folder.join(&*path);
        }
    }

    /// The secret itself; a file's without its last line end. The error names the file.
    pub fn read(&self) -> Result<Redacted<String>, String> {
        match &self.0 {
            Source::Text(text) => Ok(text.clone()),
            Source::File(path) => match std::fs::read_to_string(path) {
                Ok(text) if text.trim().is_empty() => Err(format!("{}: is empty", path.display())),
                Ok(text) => Ok(Redacted::new(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let of = |text: &str| match text {
            "" => Err("a secret is not empty".to_owned()),
            text => Ok(Table { file: PathBuf::new(), text: Some(text.to_owned()) }),
        };
        let table: Table = string_or_table(from, "a secret, or { file = \"…\" }", of)?;
        Ok(Secret(match table.text {
            Some(text) => Source::Text(Redacted::new(text)),
            None => Source::File(table.file),
        }))
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "minLength": 1 },
            {
                "type": "object",
                "properties": {
                    "file": { "type": "string", "description": "The file that holds it. Since 0.1." }
                },
                "required": ["file"],
                "additionalProperties": false
            }
        ] })
    }
}

/// Compares in a time that tells nothing of where two secrets differ: their digests are compared, all
/// bytes of them.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let digest = |bytes| ring::digest::digest(&ring::digest::SHA256, bytes);
    let (one, other) = (digest(one), digest(other));
    let difference = one.as_ref().iter().zip(other.as_ref()).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(difference) == 0
}

/// The header of basic authentication.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

/// RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let all = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let known = digit <= three.len();
            let digit = DIGITS[(all >> (18 - 6 * digit) & 63) as usize];
            text.push(if known { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "geheim\n").unwrap();
        let mut in_file: Secret = serde_json::from_str(r#"{ "file": "token" }"#).unwrap();
        in_file.resolve(folder.path());
        let text: Secret = serde_json::from_str(r#""geheim""#).unwrap();
        for secret in [in_file, text] {
            assert_eq!(secret.read().unwrap().expose(), "geheim");
            assert!(!format!("{secret:?} {:?}", secret.read()).contains("geheim"));
        }
        let missing: Secret = serde_json::from_str(r#"{ "file": "/no/such" }"#).unwrap();
        assert!(missing.read().unwrap_err().contains("/no/such"));
        for wrong in [r#""""#, r#"{ "env": "X" }"#, "{}", "7"] {
            assert!(serde_json::from_str::<Secret>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_the_same_only_when_they_are() {
        assert!(is_same(b"geheim", b"geheim"));
        for other in [&b"geheiM"[..], b"geheim ", b"", b"geheimgeheim"] {
            assert!(!is_same(b"geheim", other));
        }
    }

    #[test]
    fn base64_of_the_rfc() {
        for (text, digits) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), digits);
        }
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
