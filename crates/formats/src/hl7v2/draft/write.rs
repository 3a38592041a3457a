//! Writes a draft as a channel's file, and its tables as CSV.

use std::fmt::Write as _;

use super::{Draft, Item};

/// The channel's file.
pub fn channel(items: &[Item], draft: &Draft, unexplained: &[(String, usize)]) -> String {
    let mut out = format!(
        "# Drafted from {} pairs of messages. Read every step: it holds for these examples, and only a person\n\
         # knows whether it holds for all. Behind each step stands in how many cases it gave what was wanted.\n",
        draft.pairs
    );
    if draft.reproduced > 0 || !unexplained.is_empty() {
        let _ = writeln!(out, "# {} of {} pairs come out just as wanted.", draft.reproduced, draft.pairs);
    }
    if !unexplained.is_empty() {
        out += "#\n# Not explained:\n";
        for (what, count) in unexplained {
            let _ = writeln!(out, "#   {} (in {count})", what.replace(['\r', '\n'], " "));
        }
    }
    out += "\ntitle = \"Draft\"\n\n# Name the source, as in: mllp = { listen = \"0.0.0.0:2575\", from = \"kis\" }\n# [source]\n";
    out += &steps(items);
    out += "\n# Name the destination, as in: to = \"ris\"\n[[destination]]\nname = \"draft\"\nfile = { folder = \"draft-out\" }\n";
    out
}

/// The steps alone.
pub fn steps(items: &[Item]) -> String {
    let mut out = String::new();
    for item in items {
        let (right, of) = item.right;
        let _ = write!(out, "\n[[step]] # {right} of {of}\n{}\n", item.line);
        if !item.when.is_empty() {
            let _ = writeln!(out, "when = {}", item.when);
        }
    }
    out
}

/// A look-up table.
pub fn table(rows: &[(String, String)]) -> String {
    let mut out = "from,to\n".to_owned();
    for (from, to) in rows {
        let _ = writeln!(out, "{},{}", cell(from), cell(to));
    }
    out
}

fn cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r', ';', '\t']) || text.trim() != text {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// A text of TOML.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text within a template, where braces mean places.
pub fn braced(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}
