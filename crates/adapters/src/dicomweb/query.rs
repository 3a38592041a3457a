//! The query of a URL (RFC 3986, section 3.4), as forms write it.

use super::fault::{Fault, Result};

/// More parameters are none that anybody needs.
const PARAMETERS_MAX: usize = 1_000;

/// Names and values in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads them.
    pub fn read(query: Option<&str>) -> Result<Self> {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let mut all = Vec::new();
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| decoded(&text.replace('+', " "));
            let name = plain(name).ok_or_else(|| Fault::bad("a parameter's name is no UTF-8"))?;
            let value = plain(value)
                .ok_or_else(|| Fault::bad(format!("the value of {} is no UTF-8", shown(&name))))?;
            all.push((name, value));
        }
        match all.len() <= PARAMETERS_MAX {
            true => Ok(Parameters(all)),
            false => Err(Fault::bad(format!("more than {PARAMETERS_MAX} parameters"))),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(one, _)| *one == name).map(|(_, value)| value)
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(one, _)| *one == name).map(|(_, value)| value)
    }
}

/// A name as it may be shown: it may have been anything.
pub(super) fn shown(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | '-' | '_'))
        .take(64)
        .collect()
}

/// Percent-encoded text; nothing where that is no UTF-8 or broken.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_and_plus() {
        let all = Parameters::read(Some("PatientName=M%C3%BCller%5E*+x&&limit=5&a")).expect("parameters");
        assert_eq!(
            all.iter().collect::<Vec<_>>(),
            [("PatientName", "Müller^* x"), ("limit", "5"), ("a", "")]
        );
        for odd in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff"] {
            assert!(Parameters::read(Some(odd)).is_err(), "{odd}");
        }
    }
}
