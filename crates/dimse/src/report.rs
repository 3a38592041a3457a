//! Content trees of Structured Reports and Key Object Selections (PS3.3, section C.17.3): what is said of what, in words.
//!
//! Values are put into words here; what they are linked to by reference within the tree (C.17.3.2.5, "by-reference
//! relationships") is not followed, and coordinates are given as their kind alone.

use crate::charset::{Charset, Rules};
use crate::data::DataSet;
use crate::name::PersonName;
use crate::tags;
use crate::value::{Date, DateTime, Time};

/// The most content items of a tree; what is beyond them is left out.
pub const ITEMS_MAX: usize = 20_000;

/// A content item with those below it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Relationship Type (0040,A010) to the item above: CONTAINS, HAS PROPERTIES …; empty at the root.
    pub relationship: String,
    /// Value Type (0040,A040): CONTAINER, TEXT, NUM …
    pub kind: String,
    /// The concept's name; empty where it has none.
    pub name: String,
    /// The value in words; empty for a container, and where it has none.
    pub value: String,
    /// The instances that it refers to.
    pub references: Vec<Reference>,
    /// What is said below it.
    pub items: Vec<Item>,
}

/// An instance that an item refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// SOP Instance UID.
    pub instance: String,
    /// The frames that are meant; all where there are none.
    pub frames: Vec<u32>,
}

impl Item {
    /// The references of the item and of all below it, in the order of the tree.
    pub fn all_references(&self) -> Vec<&Reference> {
        let mut all: Vec<&Reference> = self.references.iter().collect();
        all.extend(self.items.iter().flat_map(Item::all_references));
        all
    }

    /// How many items there are, with itself.
    pub fn count(&self) -> usize {
        1 + self.items.iter().map(Item::count).sum::<usize>()
    }
}

/// What is said is of a patient: only how much is shown.
impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({}, {} items)", self.kind, self.count())
    }
}

/// The tree of a document; nothing where the data set has none.
pub fn tree(set: &DataSet, rules: &Rules) -> Option<Item> {
    set.get(tags::VALUE_TYPE)?;
    let mut left = ITEMS_MAX;
    Some(item(set, Charset::of(set, rules).0, rules, &mut left))
}

fn item(set: &DataSet, outer: Charset, rules: &Rules, left: &mut usize) -> Item {
    *left = left.saturating_sub(1);
    let charset = Charset::of_item(set, outer, rules);
    let text = |tag| set.text(tag, &charset).unwrap_or_default().into_owned();
    let kind = set.ascii(tags::VALUE_TYPE).unwrap_or_default().to_owned();
    let mut items = Vec::new();
    for below in set.items(tags::CONTENT_SEQUENCE) {
        if *left == 0 {
            break;
        }
        items.push(item(below, charset, rules, left));
    }
    Item {
        relationship: set.ascii(tags::RELATIONSHIP_TYPE).unwrap_or_default().to_owned(),
        name: meaning(set.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first(), &charset),
        value: match kind.as_str() {
            "TEXT" => text(tags::TEXT_VALUE),
            "CODE" => meaning(set.items(tags::CONCEPT_CODE_SEQUENCE).first(), &charset),
            "NUM" => number(set, &charset),
            "PNAME" => PersonName::parse(&text(tags::PERSON_NAME)).for_people(),
            "DATE" => dated(&text(tags::DATE), |text| Date::parse(text).map(|date| date.for_people())),
            "TIME" => dated(&text(tags::TIME), |text| Time::parse(text).map(|time| time.for_people())),
            "DATETIME" => dated(&text(tags::DATE_TIME), moment),
            "UIDREF" => text(tags::UID),
            "SCOORD" | "SCOORD3D" => text(tags::GRAPHIC_TYPE),
            "TCOORD" => text(tags::TEMPORAL_RANGE_TYPE),
            _ => String::new(),
        },
        references: set.items(tags::REFERENCED_SOP_SEQUENCE).iter().filter_map(reference).collect(),
        kind,
        items,
    }
}

/// Code Meaning (0008,0104), else the code itself.
fn meaning(code: Option<&DataSet>, charset: &Charset) -> String {
    let Some(code) = code else { return String::new() };
    let text = |tag| code.text(tag, charset).map(|text| text.into_owned());
    text(tags::CODE_MEANING).or_else(|| text(tags::CODE_VALUE)).unwrap_or_default()
}

/// A number with its unit, as UCUM writes it but for "1", which stands for none; or why there is none.
fn number(set: &DataSet, charset: &Charset) -> String {
    let Some(measured) = set.items(tags::MEASURED_VALUE_SEQUENCE).first() else {
        return meaning(set.items(tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE).first(), charset);
    };
    let value = measured.ascii(tags::NUMERIC_VALUE).unwrap_or_default();
    let unit = measured.items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE).first();
    let unit = unit.and_then(|code| code.text(tags::CODE_VALUE, charset)).unwrap_or_default();
    match unit.as_ref() {
        "" | "1" => value.to_owned(),
        unit if unit.starts_with('{') => format!("{value} {}", unit.trim_matches(['{', '}'])),
        unit => format!("{value} {unit}"),
    }
}

fn reference(item: &DataSet) -> Option<Reference> {
    let frames = item.get(tags::REFERENCED_FRAME_NUMBER).map(|element| element.ints()).unwrap_or_default();
    Some(Reference {
        instance: item.ascii(tags::REFERENCED_SOP_INSTANCE_UID)?.to_owned(),
        frames: frames.into_iter().filter_map(|frame| u32::try_from(frame).ok()).collect(),
    })
}

/// In words, or as it was sent where it is no date or time.
fn dated(text: &str, read: impl Fn(&str) -> Option<String>) -> String {
    read(text).unwrap_or_else(|| text.to_owned())
}

fn moment(text: &str) -> Option<String> {
    let at = DateTime::parse(text)?;
    let zone = at.offset_minutes.map(|minutes| {
        let sign = if minutes < 0 { '-' } else { '+' };
        format!(" {sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
    });
    let time = at.time.map(|time| format!(" {}", time.for_people()));
    Some(at.date.for_people() + &time.unwrap_or_default() + &zone.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tag;
    use crate::VR;

    fn code(meaning: &str, value: &str) -> DataSet {
        let mut code = DataSet::new();
        code.put_ascii(tags::CODE_VALUE, VR::SH, value);
        code.put_text(tags::CODE_MEANING, VR::LO, meaning, &Charset::LATIN_1);
        code
    }

    fn content(relationship: &str, kind: &str, name: &str) -> DataSet {
        let mut item = DataSet::new();
        item.put_ascii(tags::RELATIONSHIP_TYPE, VR::CS, relationship);
        item.put_ascii(tags::VALUE_TYPE, VR::CS, kind);
        item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code(name, "1")]);
        item
    }

    fn with(mut item: DataSet, tag: Tag, vr: VR, text: &str) -> DataSet {
        item.put_text(tag, vr, text, &Charset::LATIN_1);
        item
    }

    #[test]
    fn a_report_in_words() {
        let mut measure = content("CONTAINS", "NUM", "Länge");
        let mut value = DataSet::new();
        value.put_ascii(tags::NUMERIC_VALUE, VR::DS, "12.5");
        value.put_items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![code("Millimeter", "mm")]);
        measure.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![value]);
        let mut image = content("INFERRED FROM", "IMAGE", "");
        let mut reference = DataSet::new();
        reference.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3");
        reference.put_ascii(tags::REFERENCED_FRAME_NUMBER, VR::IS, "2\\4");
        image.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![reference]);
        measure.put_items(tags::CONTENT_SEQUENCE, vec![image]);
        let mut root = content("", "CONTAINER", "Befund");
        root.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
        root.put_items(
            tags::CONTENT_SEQUENCE,
            vec![
                with(content("CONTAINS", "TEXT", "Beurteilung"), tags::TEXT_VALUE, VR::UT, "Unauffällig."),
                with(content("HAS OBS CONTEXT", "PNAME", "Arzt"), tags::PERSON_NAME, VR::PN, "Groß^Eva^^Dr."),
                with(content("CONTAINS", "DATETIME", "Am"), tags::DATE_TIME, VR::DT, "20261129101530+0100"),
                with(content("CONTAINS", "DATE", "Am"), tags::DATE, VR::DA, "soon"),
                measure,
            ],
        );
        let tree = tree(&root, &Rules::default()).expect("a tree");
        let said: Vec<_> = tree.items.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
        assert_eq!(
            said,
            [
                ("Beurteilung", "Unauffällig."),
                ("Arzt", "Dr. Eva Groß"),
                ("Am", "2026-11-29 10:15:30 +01:00"),
                ("Am", "soon"),
                ("Länge", "12.5 mm"),
            ]
        );
        let to = tree.all_references();
        assert_eq!((to.len(), to[0].instance.as_str(), &to[0].frames[..]), (1, "1.2.3", &[2, 4][..]));
        assert_eq!((tree.count(), tree.name.as_str()), (7, "Befund"));
        assert!(!format!("{tree:?}").contains("Groß"));
    }

    #[test]
    fn what_is_no_document_has_no_tree_and_a_huge_one_is_cut() {
        assert!(tree(&DataSet::new(), &Rules::default()).is_none());
        let mut root = content("", "CONTAINER", "much");
        root.put_items(tags::CONTENT_SEQUENCE, vec![content("CONTAINS", "TEXT", "x"); ITEMS_MAX + 10]);
        assert_eq!(tree(&root, &Rules::default()).expect("a tree").count(), ITEMS_MAX);
    }
}
