//! Names of persons (PS3.5, section 6.2, VR PN): up to three groups of up to five components.

/// A name, as it is written in up to three ways.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PersonName {
    /// In an alphabet.
    pub alphabetic: NameGroup,
    /// In ideographs.
    pub ideographic: NameGroup,
    /// As it is spoken.
    pub phonetic: NameGroup,
}

/// The components of a name.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct NameGroup {
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Middle name.
    pub middle: String,
    /// What stands before the name: Dr., Prof.
    pub prefix: String,
    /// What stands behind the name: Jr., MD.
    pub suffix: String,
}

impl PersonName {
    /// Takes a value apart. What is beyond three groups or five components is kept in the last one.
    pub fn parse(text: &str) -> PersonName {
        let mut groups = text.splitn(3, '=').map(NameGroup::parse);
        let mut next = || groups.next().unwrap_or_default();
        PersonName { alphabetic: next(), ideographic: next(), phonetic: next() }
    }

    /// The first group that is not empty.
    pub fn preferred(&self) -> &NameGroup {
        [&self.alphabetic, &self.ideographic, &self.phonetic]
            .into_iter()
            .find(|group| !group.is_empty())
            .unwrap_or(&self.alphabetic)
    }

    /// The name as people write it: "Dr. Maria Anna Muster, MD".
    pub fn for_people(&self) -> String {
        self.preferred().for_people()
    }

    /// The value of an element: empty groups and components at the end are left out.
    pub fn to_value(&self) -> String {
        let groups = [&self.alphabetic, &self.ideographic, &self.phonetic].map(NameGroup::to_value);
        joined(&groups, '=')
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.preferred().is_empty()
    }
}

impl NameGroup {
    /// Takes a group apart. Spaces around components mean nothing.
    pub fn parse(text: &str) -> NameGroup {
        let mut components =
            text.splitn(5, '^').map(|component| component.trim_matches([' ', '\0']).to_owned());
        let mut next = || components.next().unwrap_or_default();
        NameGroup { family: next(), given: next(), middle: next(), prefix: next(), suffix: next() }
    }

    /// The group as people write it.
    pub fn for_people(&self) -> String {
        let name = [&self.prefix, &self.given, &self.middle, &self.family];
        let name: Vec<&str> = name.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        let mut text = name.join(" ");
        if !self.suffix.is_empty() {
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(&self.suffix);
        }
        text
    }

    /// The group as it stands in a value.
    pub fn to_value(&self) -> String {
        let components = [&self.family, &self.given, &self.middle, &self.prefix, &self.suffix];
        joined(&components.map(String::clone), '^')
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        [&self.family, &self.given, &self.middle, &self.prefix, &self.suffix]
            .iter()
            .all(|part| part.is_empty())
    }
}

/// Names are of patients: only how long they are is shown.
impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonName({} bytes)", self.to_value().len())
    }
}

impl std::fmt::Debug for NameGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameGroup({} bytes)", self.to_value().len())
    }
}

fn joined(parts: &[String], separator: char) -> String {
    let used = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    let mut text = String::new();
    for (at, part) in parts[..used].iter().enumerate() {
        if at > 0 {
            text.push(separator);
        }
        text.push_str(part);
    }
    text
}
