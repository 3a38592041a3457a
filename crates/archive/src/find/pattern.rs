//! Texts with wildcards (PS3.4, C.2.2.2.4): `*` stands for any characters, `?` for one.

/// A text to match, with or without wildcards.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
}

impl Pattern {
    /// The pattern of this text.
    pub fn new(text: &str) -> Self {
        Pattern { text: text.to_owned() }
    }

    /// The text with its wildcards.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has wildcards.
    pub fn is_wild(&self) -> bool {
        self.text.contains(['*', '?'])
    }

    /// What stands before the first wildcard.
    pub fn prefix(&self) -> &str {
        self.text.split(['*', '?']).next().unwrap_or_default()
    }

    /// Whether a `*` at the end is its only wildcard.
    pub fn is_prefix(&self) -> bool {
        self.text.len() == self.prefix().len() + 1 && self.text.ends_with('*')
    }

    /// Whether a text matches, character by character.
    pub fn matches(&self, value: &str) -> bool {
        if !self.is_wild() {
            return self.text == value;
        }
        wild(&self.text, value)
    }

    /// The same for SQL's LIKE with `!` as its escape.
    pub(crate) fn like(&self) -> String {
        let mut like = String::with_capacity(self.text.len() + 4);
        for character in self.text.chars() {
            match character {
                '*' => like.push('%'),
                '?' => like.push('_'),
                '%' | '_' | '!' => like.extend(['!', character]),
                other => like.push(other),
            }
        }
        like
    }
}

/// Greedy with one place to come back to: no pattern takes more than the product of both lengths.
fn wild(pattern: &str, value: &str) -> bool {
    let (mut pattern, mut value) = (pattern, value);
    let mut back: Option<(&str, &str)> = None;
    loop {
        let mut rest = pattern.chars();
        let next = rest.next();
        let mut after = value.chars();
        match (next, after.next()) {
            (Some('*'), _) => {
                pattern = rest.as_str();
                back = Some((pattern, value));
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(is)) if wanted == '?' || wanted == is => {
                (pattern, value) = (rest.as_str(), after.as_str());
                continue;
            }
            _ => {}
        }
        let Some((again, from)) = back else { return false };
        let mut from = from.chars();
        if from.next().is_none() {
            return false;
        }
        (pattern, value) = (again, from.as_str());
        back = Some((again, from.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let is = |pattern: &str, value: &str| Pattern::new(pattern).matches(value);
        assert!(
            is("M?ller*", "Müller^Hans") && is("*Hans", "Müller^Hans") && is("*", "") && is("a*b*c", "aXbYc")
        );
        assert!(
            is("*ab*ab", "aabab") && is("**", "x") && !is("?", "") && !is("a*b", "ac") && !is("ab", "abc")
        );
        let (pattern, value) = ("*a".repeat(200) + "b", "a".repeat(2000));
        assert!(!is(&pattern, &value));
        assert_eq!(Pattern::new("50%_*?!").like(), "50!%!_%_!!");
    }
}
