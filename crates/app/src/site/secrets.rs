//! `${NAME}` from the environment and `${file:PATH}` from a file, put into a site's values.
//!
//! So no secret needs to stand in a file that git keeps. The values are never printed: a fault names the
//! variable, not what it holds.

use std::path::Path;

/// The largest secret file read.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Puts all references into a table's texts, and adds what was put in to `hidden`. Gives the way to the
/// first one that can't be resolved, and why.
pub fn expand(
    table: &mut toml::Table,
    folder: &Path,
    hidden: &mut Vec<String>,
) -> Result<(), (Vec<String>, String)> {
    for (key, value) in table.iter_mut() {
        expand_value(value, folder, hidden).map_err(|(mut path, text)| {
            path.insert(0, key.clone());
            (path, text)
        })?;
    }
    Ok(())
}

fn expand_value(
    value: &mut toml::Value,
    folder: &Path,
    hidden: &mut Vec<String>,
) -> Result<(), (Vec<String>, String)> {
    match value {
        toml::Value::String(text) if text.contains("${") => {
            *text = expand_text(text, folder, hidden).map_err(|text| (Vec::new(), text))?;
            Ok(())
        }
        toml::Value::Table(table) => expand(table, folder, hidden),
        toml::Value::Array(list) => list.iter_mut().enumerate().try_for_each(|(index, value)| {
            expand_value(value, folder, hidden).map_err(|(mut path, text)| {
                path.insert(0, format!("[{index}]"));
                (path, text)
            })
        }),
        _ => Ok(()),
    }
}

/// A text without what was put in for references: the longest first, so that no short one breaks a longer one
/// before it is found.
pub fn without(hidden: &[String], mut text: String) -> String {
    // Words about a value quote it as Rust does, with some characters escaped.
    let quoted = |secret: &String| {
        let quoted = format!("{secret:?}");
        quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
    };
    let forms = |secret: &String| [secret.clone(), quoted(secret), secret.escape_debug().to_string()];
    let mut all: Vec<String> = hidden.iter().flat_map(forms).filter(|form| !form.is_empty()).collect();
    all.sort_by_key(|form| std::cmp::Reverse(form.len()));
    for form in &all {
        text = text.replace(form.as_str(), "…");
    }
    text
}

/// The references of a file's values: names of `${…}`, and files of `{ file = "…" }`.
pub fn references(value: &toml::Value) -> Vec<String> {
    let below = |values: &mut dyn Iterator<Item = &toml::Value>| values.flat_map(references).collect();
    match value {
        toml::Value::String(text) => {
            let parts = text.split("${").skip(1);
            parts.map(|part| part.split('}').next().unwrap_or_default().to_owned()).collect()
        }
        toml::Value::Array(list) => below(&mut list.iter()),
        toml::Value::Table(table) => {
            let mut all: Vec<String> = below(&mut table.iter().map(|(_, value)| value));
            let named = ["file", "key", "certificate", "authorities", "clients"];
            let files = named.iter().filter_map(|key| table.get(*key)?.as_str());
            all.extend(files.map(|file| format!("file:{file}")));
            all
        }
        _ => Vec::new(),
    }
}

/// `$${` stands for `${` itself.
fn expand_text(text: &str, folder: &Path, hidden: &mut Vec<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at]);
            out.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let Some((name, after)) = rest[at + 2..].split_once('}') else {
            return Err("`${` is not closed by `}`".to_owned());
        };
        let value = resolve(name, folder)?;
        out.push_str(&value);
        hidden.push(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn resolve(name: &str, folder: &Path) -> Result<String, String> {
    let Some(file) = name.strip_prefix("file:") else {
        return std::env::var(name).map_err(|_| format!("the environment has no `{name}`"));
    };
    let path = folder.join(file);
    let size = std::fs::metadata(&path).map_err(|error| format!("{file}: {error}"))?.len();
    if size > SECRET_BYTES_MAX {
        return Err(format!("{file} has {size} bytes, at most {SECRET_BYTES_MAX} are read"));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_in_files_and_variables_and_names_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pw"), "se\"cret\n").expect("written");
        let mut table: toml::Table =
            toml::from_str("a = { b = ['x', 'p:${file:pw}:q'] }\nc = '$${file:pw}'\n").expect("parses");
        let mut hidden = Vec::new();
        expand(&mut table, folder.path(), &mut hidden).expect("expands");
        assert_eq!(table["a"]["b"][1].as_str(), Some("p:se\"cret:q"));
        assert_eq!(table["c"].as_str(), Some("${file:pw}"));
        assert_eq!(without(&hidden, format!("{:?} is se\"cret", "se\"cret")), "\"…\" is …");
        let mut table: toml::Table = toml::from_str("a = { b = ['${KLINKE_NOT_THERE}'] }").expect("parses");
        let (path, text) = expand(&mut table, folder.path(), &mut hidden).expect_err("missing");
        assert_eq!(path, ["a", "b", "[0]"]);
        assert!(text.contains("KLINKE_NOT_THERE"));
    }

    #[test]
    fn a_short_secret_does_not_lay_a_longer_one_bare() {
        let hidden = ["2", "hunter2Zx", "it's \"quoted\"\n"].map(str::to_owned);
        for text in ["invalid: hunter2Zx", &format!("invalid: {:?}", hidden[2]), "unknown 2, `hunter2Zx`"] {
            let shown = without(&hidden, text.to_owned());
            assert!(
                !shown.contains("hunter") && !shown.contains("quoted") && !shown.contains('2'),
                "{shown}"
            );
        }
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        let text = "a = \"x ${A} ${file:/b}\"\n[c]\nd = [{ file = \"/e\" }]\ntls = { key = \"k.pem\" }";
        let table: toml::Table = text.parse().expect(text);
        let found = references(&toml::Value::Table(table));
        assert_eq!(found, ["A", "file:/b", "file:/e", "file:k.pem"]);
    }
}
