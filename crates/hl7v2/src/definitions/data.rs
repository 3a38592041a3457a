//! Reads the text files of definitions: `=ID …` opens an entry, rows follow, columns are parted by tabs.

use super::composite::{Field, Optionality};
use super::german;
use super::text::Name;
use super::version::VERSIONS;

pub(super) const SEGMENTS: &str = include_str!("data/segments.txt");
pub(super) const TYPES: &str = include_str!("data/types.txt");
pub(super) const STRUCTURES: &str = include_str!("data/structures.txt");
pub(super) const EVENTS: &str = include_str!("data/events.txt");
pub(super) const TABLES: &str = include_str!("data/tables.txt");
/// Written by hand: segments outside the standard.
pub(super) const MORE_SEGMENTS: &str = include_str!("supplement/segments.txt");
/// Written by hand: texts of codes that the generated file lacks or has wrongly.
pub(super) const MORE_TEXTS: &str = include_str!("supplement/tables.txt");

/// An entry of `segments.txt` or `types.txt` as one version has it.
pub(super) struct Entry {
    pub(super) id: &'static str,
    pub(super) name: Name,
    pub(super) rows: Vec<Field>,
}

/// The lines of a file without its head and empty lines.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The columns of a line; missing ones are empty.
pub(super) fn columns<const N: usize>(line: &'static str) -> [&'static str; N] {
    let mut columns = line.splitn(N, '\t');
    std::array::from_fn(|_| columns.next().unwrap_or(""))
}

/// Where a version stands against versions such as `2.3-2.5`, `2.7+` or `2.1`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The version is older.
    Before,
    /// The version is one of them.
    Within,
    /// The version is newer.
    After,
}

/// Finds the place of the version with this index in [`VERSIONS`].
pub(super) fn place(range: &str, version: usize) -> Place {
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (index(first), index(last)),
        None => match range.strip_suffix('+') {
            Some(first) => (index(first), VERSIONS.len()),
            None => (index(range), index(range)),
        },
    };
    if version < first {
        Place::Before
    } else if version > last {
        Place::After
    } else {
        Place::Within
    }
}

/// The index of a version in [`VERSIONS`], reckoned from its digits since it is asked for twenty thousand times.
fn index(version: &str) -> usize {
    /// Where the minor versions 1 to 8 begin.
    const FIRST: [usize; 9] = [0, 0, 1, 2, 4, 5, 7, 8, 10];
    let digit =
        |at: usize| version.as_bytes().get(at).map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
    FIRST.get(digit(2)).map_or(VERSIONS.len(), |first| first + digit(4))
}

/// Reads the entries of one version.
pub(super) fn entries(text: &'static str, version: usize, german: &german::Names) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(256);
    let mut is_known = false;
    let (mut position_before, mut name_before) = ("", "");
    for line in lines(text) {
        if let Some(head) = line.strip_prefix('=') {
            let [id, ranges, name] = columns(head);
            is_known = ranges.split(',').any(|range| place(range, version) == Place::Within);
            if is_known {
                let name = Name::new(name, german.name(id, 0, version));
                entries.push(Entry { id, name, rows: Vec::new() });
            }
            position_before = "";
            continue;
        }
        let (true, Some(entry)) = (is_known, entries.last_mut()) else { continue };
        let [position, range, data_type, optionality, length, table, name] = columns(line);
        if position != position_before || !name.is_empty() {
            name_before = name;
        }
        position_before = position;
        let place = place(range, version);
        if place == Place::Before {
            continue;
        }
        let position = position.parse().unwrap_or(0);
        // Rows of one position stand oldest first: a later one that also holds replaces the one before.
        if entry.rows.last().is_some_and(|row| row.position == position) {
            entry.rows.pop();
        }
        let mut row =
            Field::new(position, Name::new(name_before, german.name(entry.id, position, version)), data_type);
        row.optionality =
            if place == Place::After { Optionality::Withdrawn } else { optionality_of(optionality) };
        row.repeats = optionality.ends_with('*');
        row.length = length.parse().ok();
        row.table = (!table.is_empty()).then_some(table.into());
        entry.rows.push(row);
    }
    entries
}

fn optionality_of(mark: &str) -> Optionality {
    match mark.as_bytes().first() {
        Some(b'R') => Optionality::Required,
        Some(b'C') => Optionality::Conditional,
        Some(b'B') => Optionality::Backward,
        Some(b'X') => Optionality::Withdrawn,
        _ => Optionality::Optional,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_reckoned_as_they_stand_in_the_list() {
        for (at, version) in VERSIONS.iter().enumerate() {
            assert_eq!(index(version), at, "{version}");
        }
    }

    #[test]
    fn a_range_has_its_ends() {
        let places =
            |range| (0..VERSIONS.len()).filter(|at| place(range, *at) == Place::Within).collect::<Vec<_>>();
        assert_eq!(places("2.3"), [2]);
        assert_eq!(places("2.3-2.4"), [2, 3, 4]);
        assert_eq!(places("2.8.1+"), [11, 12]);
        assert!(place("2.3-2.4", 1) == Place::Before && place("2.3-2.4", 5) == Place::After);
    }
}
