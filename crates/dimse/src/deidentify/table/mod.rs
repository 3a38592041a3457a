//! Table E.1-1 of PS3.15: what the Basic Profile does with an attribute, and what each option does instead.

mod rows;

use dicom_core::Tag;

use super::options::{ProfileOption, ProfileOptions};

/// A code of the basic profile (PS3.15, section E.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basic {
    /// D: a value that is a dummy.
    Dummy,
    /// Z: no value, or a dummy.
    Zero,
    /// X: removed.
    Remove,
    /// U: another UID, the same for the same.
    Uid,
    /// X/Z.
    RemoveOrZero,
    /// X/D.
    RemoveOrDummy,
    /// Z/D.
    ZeroOrDummy,
    /// X/Z/D.
    RemoveZeroOrDummy,
    /// X/Z/U*.
    RemoveZeroOrUid,
}

/// What is done with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Removed.
    Remove,
    /// Emptied; identifiers may get a pseudonym instead.
    Zero,
    /// Replaced by a dummy value; identifiers by a pseudonym.
    Dummy,
    /// Its UIDs are replaced.
    Uid,
    /// Kept; the items of a sequence are worked through.
    Keep(ProfileOption),
    /// Cleaned, in the way of the option.
    Clean(ProfileOption),
}

/// What Table E.1-1 says of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    tag: u32,
    basic: Basic,
    columns: u16,
}

/// A row for a repeating group, or for private groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pattern {
    group: Option<u16>,
    element: Option<u16>,
    row: Row,
}

pub(super) const NONE: u16 = 0;
const P: u16 = 1;
pub(super) const U: u16 = 1 << 1;
pub(super) const D: u16 = 1 << 2;
const DC: u16 = 1 << 3;
pub(super) const I: u16 = 1 << 4;
pub(super) const A: u16 = 1 << 5;
const AC: u16 = 1 << 6;
pub(super) const F: u16 = 1 << 7;
pub(super) const M: u16 = 1 << 8;
pub(super) const T: u16 = 1 << 9;
const S: u16 = 1 << 10;
const G: u16 = 1 << 11;

const REFERENCED_STUDY_SEQUENCE: u32 = 0x0008_1110;

/// Columns, their options, and whether they clean or keep. Where several options are chosen and speak of one
/// attribute, the first one here counts: what cleans goes before what keeps, dates that move before all.
const COLUMNS: [(u16, ProfileOption, bool); 12] = [
    (M, ProfileOption::RetainModifiedDates, true),
    (P, ProfileOption::RetainSafePrivate, true),
    (S, ProfileOption::CleanStructuredContent, true),
    (G, ProfileOption::CleanGraphics, true),
    (T, ProfileOption::CleanDescriptors, true),
    (DC, ProfileOption::RetainDeviceIdentity, true),
    (AC, ProfileOption::RetainPatientCharacteristics, true),
    (F, ProfileOption::RetainFullDates, false),
    (U, ProfileOption::RetainUids, false),
    (D, ProfileOption::RetainDeviceIdentity, false),
    (I, ProfileOption::RetainInstitutionIdentity, false),
    (A, ProfileOption::RetainPatientCharacteristics, false),
];

impl Basic {
    /// The code as the table has it.
    pub fn code(self) -> &'static str {
        match self {
            Basic::Dummy => "D",
            Basic::Zero => "Z",
            Basic::Remove => "X",
            Basic::Uid => "U",
            Basic::RemoveOrZero => "X/Z",
            Basic::RemoveOrDummy => "X/D",
            Basic::ZeroOrDummy => "Z/D",
            Basic::RemoveZeroOrDummy => "X/Z/D",
            Basic::RemoveZeroOrUid => "X/Z/U*",
        }
    }

    /// What is done, without looking at the type that the attribute has in its IOD: the strongest that keeps every
    /// instance valid. A dummy is valid for types 1, 2 and 3, an empty value for 2 and 3.
    fn action(self) -> Action {
        match self {
            Basic::Remove => Action::Remove,
            Basic::Zero | Basic::RemoveOrZero => Action::Zero,
            Basic::Dummy | Basic::RemoveOrDummy | Basic::ZeroOrDummy | Basic::RemoveZeroOrDummy => {
                Action::Dummy
            }
            Basic::Uid | Basic::RemoveZeroOrUid => Action::Uid,
        }
    }
}

impl Row {
    /// The tag; none for repeating and private groups.
    pub fn tag(&self) -> Option<Tag> {
        (self.tag != 0).then_some(Tag((self.tag >> 16) as u16, self.tag as u16))
    }

    /// The code of the basic profile.
    pub fn basic(&self) -> Basic {
        self.basic
    }

    /// What this option, chosen alone, does with the attribute; none where it says nothing of it.
    pub fn option(&self, option: ProfileOption) -> Option<Action> {
        self.action_by(|column| column == option)
    }

    /// What is done with the attribute: what the options say, or else the basic profile.
    pub fn action(&self, options: ProfileOptions) -> Action {
        self.action_by(|option| options.contains(option)).unwrap_or(self.basic_action())
    }

    /// What the basic profile does. Referenced Study Sequence (X/Z) is removed: in instances it is of type 3, and must not
    /// be there without items (PS3.3, section C.7.2.1).
    pub(super) fn basic_action(&self) -> Action {
        match self.tag {
            REFERENCED_STUDY_SEQUENCE => Action::Remove,
            _ => self.basic.action(),
        }
    }

    fn action_by(&self, is_chosen: impl Fn(ProfileOption) -> bool) -> Option<Action> {
        if self.columns == NONE {
            return None;
        }
        let column = COLUMNS.iter().find(|(bit, option, _)| self.columns & bit != 0 && is_chosen(*option))?;
        Some(if column.2 { Action::Clean(column.1) } else { Action::Keep(column.1) })
    }
}

/// The row of a tag; private and repeating groups among them.
pub fn row_of(tag: Tag) -> Option<&'static Row> {
    let Tag(group, element) = tag;
    if group % 2 == 1 && !is_listed_odd(tag) {
        return rows::PATTERNS.iter().find(|pattern| pattern.group.is_none()).map(|pattern| &pattern.row);
    }
    if matches!(group & 0xFF00, 0x5000 | 0x6000) && group & 0xFF <= 0x1E {
        let fits = |pattern: &&Pattern| {
            pattern.group == Some(group & 0xFF00) && pattern.element.is_none_or(|known| known == element)
        };
        return rows::PATTERNS.iter().find(fits).map(|pattern| &pattern.row);
    }
    let key = u32::from(group) << 16 | u32::from(element);
    rows::ROWS.binary_search_by_key(&key, |row| row.tag).ok().map(|place| &rows::ROWS[place])
}

/// All rows: those of one attribute in the order of their tags, then those of groups.
pub fn all() -> impl Iterator<Item = &'static Row> {
    rows::ROWS.iter().chain(rows::PATTERNS.iter().map(|pattern| &pattern.row))
}

/// No row of a standard attribute has an odd group; were one added, it would be found by its own tag.
fn is_listed_odd(Tag(group, element): Tag) -> bool {
    let key = u32::from(group) << 16 | u32::from(element);
    rows::ROWS.binary_search_by_key(&key, |row| row.tag).is_ok()
}

const fn row(tag: u32, basic: Basic, columns: u16) -> Row {
    Row { tag, basic, columns }
}

/// A row of Table E.3.4-1, whose columns are the same.
pub(super) const fn concept(basic: Basic, columns: u16) -> Row {
    row(0, basic, columns)
}

const fn group(group: u16, element: Option<u16>, basic: Basic, columns: u16) -> Pattern {
    Pattern { group: Some(group), element, row: row(0, basic, columns) }
}

const fn private(basic: Basic, columns: u16) -> Pattern {
    Pattern { group: None, element: None, row: row(0, basic, columns) }
}
