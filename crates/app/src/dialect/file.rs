//! `dialects/<system>.toml`: a dialect as a file of the site.
//!
//! One line for each place, in an order that stays: what has changed between two versions of the file is
//! seen at a glance. Reading it is [`crate::site::load`]'s, as for all files of a site.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use klinke_diagnosis::dialect::Dialect;
use toml::{Table, Value};

/// Where a system's dialect lies within the site.
pub fn path(system: &str) -> PathBuf {
    Path::new("dialects").join(format!("{system}.toml"))
}

/// A name that can be a file's: letters, digits, `-`, `_` and points within.
pub fn is_a_name(system: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !system.is_empty() && system.len() <= 100 && system.chars().all(plain) && !system.starts_with('.')
}

/// The text of the file.
pub fn text(dialect: &Dialect) -> Result<String> {
    let values = Table::try_from(dialect)?;
    let mut out = format!(
        "# The dialect of `{}`: what its messages are like. Written by `klinke learn`; holds no patient data.\n\
         # docs/dialects.md says what each line means, and how a change is found.\n\n",
        dialect.system
    );
    for (key, value) in values.iter().filter(|(_, value)| !value.is_table()) {
        let _ = writeln!(out, "{key} = {value}");
    }
    for (key, value) in &values {
        match value {
            Value::Table(table) if table.is_empty() => {}
            Value::Table(events) if key == "event" => {
                for (name, event) in events {
                    block(&mut out, &format!("event.{}", quoted(name)), event);
                }
            }
            Value::Table(table) => {
                let _ = writeln!(out, "\n[{key}]");
                for (name, value) in table {
                    let _ = writeln!(out, "{} = {value}", quoted(name));
                }
            }
            _ => {}
        }
    }
    Ok(out)
}

/// A table whose tables are written line by line.
fn block(out: &mut String, head: &str, value: &Value) {
    let _ = writeln!(out, "\n[{head}]");
    for (key, value) in value.as_table().into_iter().flatten() {
        match value {
            Value::Table(inner) => {
                for (name, value) in inner {
                    let _ = writeln!(out, "{key}.{} = {value}", quoted(name));
                }
            }
            value => {
                let _ = writeln!(out, "{key} = {value}");
            }
        }
    }
}

/// A key, in quotation marks where it must be.
fn quoted(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    // Places would be bare, too; quoted they stand out.
    if is_bare && !key.contains('-') { key.to_owned() } else { Value::String(key.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use klinke_diagnosis::dialect::Learner;
    use klinke_formats::hl7v2::outline::outlines;

    use super::*;

    fn learned() -> Dialect {
        let mut learner = Learner::new("kis");
        for number in 0..5 {
            let message = format!(
                "MSH|^~\\&|KIS|KH|||20260301||ADT^A01^ADT_A01|{number}|P|2.5||||||8859/1\r\
                 PID|1||47{number}^^^\"K'H\\E\\^PI||X\rZBE|1|20260301|||INSERT\r"
            );
            for outline in outlines(message.as_bytes(), None, None).expect("outlines") {
                learner.learn(&outline);
            }
        }
        learner.finish()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dialect = learned();
        let written = text(&dialect).expect("text");
        let read: Dialect = toml::from_str(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(read, dialect, "{written}");
        assert_eq!(text(&read).expect("text"), written);
        let wrong = written.replace("messages = 5", "mesages = 5");
        assert!(toml::from_str::<Dialect>(&wrong).is_err());
    }

    #[test]
    fn names_of_systems_stay_within_the_folder() {
        for name in ["kis", "KIS-2", "labor_süd", "a.b"] {
            assert!(is_a_name(name), "{name}");
        }
        for name in ["", "../x", "a/b", ".hidden", "a b"] {
            assert!(!is_a_name(name), "{name}");
        }
    }
}
