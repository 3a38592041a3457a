//! People as they are spoken of: patients with salutation, birth and age, doctors with their titles.

use klinke_hl7v2::definitions::Language;
use klinke_hl7v2::message::{Part, Segment};
use klinke_hl7v2::time::Timestamp;

use super::date::{self, Age};
use super::reader::{Reader, component_of, first_repetition, text};

/// The case that a German sentence puts a person in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Nominative,
    Dative,
    Accusative,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sex {
    Female,
    Male,
    Unknown,
}

/// The patient of a message.
pub(super) struct Person {
    name: String,
    sex: Sex,
    birth: Option<Timestamp>,
    age: Option<Age>,
    /// PID-3 (PID-2 in old messages), first repetition.
    pub(super) number: String,
    language: Language,
}

impl Person {
    /// Reads a PID segment.
    pub(super) fn of(reader: &Reader<'_>, pid: &Segment<'_>) -> Self {
        let sex = match text(pid, 8, 1).to_ascii_uppercase().as_str() {
            "F" | "W" => Sex::Female,
            "M" => Sex::Male,
            _ => Sex::Unknown,
        };
        let birth = date::read(&text(pid, 7, 1));
        let age = birth.as_ref().and_then(|birth| Age::at(birth, reader.now.as_ref()?));
        Self {
            name: pid.field(5).map(|field| best_name(&field)).unwrap_or_default(),
            sex,
            birth: birth.map(|birth| birth.date_only()),
            age,
            number: patient_number(pid),
            language: reader.language,
        }
    }

    /// A patient of whom nothing is said.
    pub(super) fn nobody(language: Language) -> Self {
        let (name, number) = (String::new(), String::new());
        Self { name, sex: Sex::Unknown, birth: None, age: None, number, language }
    }

    /// Whether there is a name.
    pub(super) fn has_name(&self) -> bool {
        !self.name.is_empty()
    }

    /// Within a sentence that goes on behind the person: an apposition is closed by a comma.
    pub(super) fn within(&self, case: Case) -> String {
        let open = self.at_end(case);
        let has_apposition = self.language == Language::De && self.birth.is_some();
        if has_apposition { open + "," } else { open }
    }

    /// At the end of a sentence.
    pub(super) fn at_end(&self, case: Case) -> String {
        match self.language {
            Language::De => self.german(case),
            Language::En => self.english(),
        }
    }

    fn german(&self, case: Case) -> String {
        let mut phrase = if self.name.is_empty() {
            let without_name = match (self.sex, case) {
                (Sex::Female, Case::Dative) => "einer Patientin",
                (Sex::Female, _) => "eine Patientin",
                (Sex::Male, Case::Nominative) => "ein Patient",
                (Sex::Male, Case::Dative) => "einem Patienten",
                (Sex::Male, Case::Accusative) => "einen Patienten",
                (Sex::Unknown, Case::Dative) => "einer Person",
                (Sex::Unknown, _) => "eine Person",
            };
            without_name.to_owned()
        } else {
            let grown = self.age.is_none_or(Age::is_grown);
            let salutation = match (self.sex, case) {
                (Sex::Female, _) if grown => "Frau ",
                (Sex::Male, Case::Nominative) if grown => "Herr ",
                (Sex::Male, _) if grown => "Herrn ",
                _ => "",
            };
            format!("{salutation}{}", self.name)
        };
        if let Some(birth) = &self.birth {
            let preposition = if birth.day.is_some() { "" } else { "im " };
            let preposition = if birth.month.is_none() { "" } else { preposition };
            phrase += &format!(", geb. {preposition}{}", date::day(birth, Language::De));
            if let Some(age) = self.age {
                phrase += &format!(" ({})", age.words(Language::De));
            }
        }
        phrase
    }

    fn english(&self) -> String {
        let name = if self.name.is_empty() { "a patient" } else { &self.name };
        let sex = match self.sex {
            Sex::Female => "female",
            Sex::Male => "male",
            Sex::Unknown => "",
        };
        let birth = self.birth.as_ref().map(|birth| format!("born {}", date::day(birth, Language::En)));
        let age = self.age.map(|age| age.words(Language::En));
        let parts = [Some(sex.to_owned()), birth, age].into_iter().flatten();
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { name.to_owned() } else { format!("{name} ({})", parts.join(", ")) }
    }
}

/// PID-3 of the kind that patient numbers are of, else the first one, else PID-2.
pub(super) fn patient_number(pid: &Segment<'_>) -> String {
    let numbers = pid.field(3);
    let by_kind = |kinds: &[&str]| {
        let mut all = numbers.iter().flat_map(|field| field.repetitions());
        all.find(|number| kinds.contains(&component_of(number, 5).as_str()))
    };
    let number = by_kind(&["PI", "PT"]).or_else(|| by_kind(&["MR"]));
    let number = number.or_else(|| first_repetition(pid, 3));
    let number = number.map(|number| component_of(&number, 1)).unwrap_or_default();
    if number.is_empty() { text(pid, 2, 1) } else { number }
}

/// The legal name among several, else the first that is there.
pub(super) fn best_name(field: &Part<'_>) -> String {
    let legal = |part: &Part<'_>| matches!(component_of(part, 7).as_str(), "L" | "D");
    let first = field.repetitions().find(legal).or_else(|| field.repetitions().next());
    let names = first.into_iter().chain(field.repetitions()).map(|name| person_name(&name, 1));
    let mut names = names.filter(|name| !name.is_empty());
    names.next().unwrap_or_default()
}

/// A name as people write it; `first` is the component of the family name (1 in XPN, 2 in XCN and CN).
///
/// XPN and XCN keep the parts in the same order: family, given, further names, suffix, prefix, degree.
pub(super) fn person_name(part: &Part<'_>, first: usize) -> String {
    let [family, given, further, suffix, prefix, degree] =
        std::array::from_fn(|index| component_of(part, first + index));
    // A salutation is the reader's to say, and `Herr`, `Mrs` are in some senders' title fields.
    let salutations = ["Frau", "Herr", "Herrn", "Mr", "Mr.", "Mrs", "Mrs.", "Ms", "Ms.", "MR", "MRS", "MS"];
    let prefix = if salutations.contains(&prefix.as_str()) { String::new() } else { prefix };
    let leads = ["Dr", "Prof", "PD", "Priv"].iter().any(|title| degree.starts_with(title));
    let (before, after) = if leads { (degree, String::new()) } else { (String::new(), degree) };
    let before = if before == prefix { String::new() } else { before };
    if family.is_empty() && given.is_empty() {
        return String::new();
    }
    // `MD` behind `Dr.` says the same twice.
    let after = if prefix.starts_with("Dr") && after == "MD" { String::new() } else { after };
    let parts = [prefix, before, given, further, family, suffix, after];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// A doctor or other member of staff (XCN, CN, or a mere text); a number where there is no name.
pub(super) fn staff(reader: &Reader<'_>, part: &Part<'_>) -> String {
    let name = person_name(part, 2);
    if !name.is_empty() {
        return name;
    }
    let number = component_of(part, 1);
    if number.is_empty() {
        return number;
    }
    // Some senders write the name where the number belongs.
    if !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return number;
    }
    format!("{} {number}", reader.say("Nr.", "no."))
}

/// All people in a field, each once.
pub(super) fn staff_of(reader: &Reader<'_>, segment: &Segment<'_>, field: usize) -> Vec<String> {
    let mut people: Vec<String> = Vec::new();
    for part in segment.field(field).iter().flat_map(|field| field.repetitions()) {
        let person = staff(reader, &part);
        if !person.is_empty() && !people.contains(&person) {
            people.push(person);
        }
    }
    people
}
