//! Texts without names, identifiers and dates: what is known of persons in the same data set is taken out, and what
//! looks as if it identified somebody.
//!
//! | what is taken out | how it is found |
//! |---|---|
//! | names of all persons in the data set | word by word, in any order and case, with and without diacritics (ü as u and ue); also inside of longer words, from five letters on |
//! | identifiers, addresses, telephone numbers, institutions of the data set | whatever signs stand between their letters and digits |
//! | dates | 8 digits, three numbers with points, strokes or slashes, months by their names in English and German |
//! | long numbers, telephone numbers | from 6 digits on |
//! | addresses of e-mail and web pages | by @, `http`, `www.` |
//! | ages | 55F, 55y, 55-year-old, unless patient characteristics are kept |
//! | names behind titles | Dr., Prof., Herr, Frau, Mr, Mrs and others, with up to three words in capitals |
//!
//! A name that nobody told of and that stands without a title is not found.

mod fold;
mod known;
mod patterns;

pub(super) use known::Known;

/// How far a text is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Names and identifiers that are known.
    Known,
    /// Also what looks as if it identified somebody; ages are kept where `ages` is false.
    Patterns {
        /// Whether ages are taken out.
        ages: bool,
    },
}

/// The text without what was found; none where nothing was.
pub(super) fn cleaned(text: &str, known: &Known, depth: Depth) -> Option<String> {
    let mut found = known.find(text);
    if let Depth::Patterns { ages } = depth {
        found.extend(patterns::find(text, ages));
    }
    if found.is_empty() {
        return None;
    }
    found.sort_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        if range.start > at {
            out.push_str(&text[at..range.start]);
        }
        at = at.max(range.end);
    }
    out.push_str(&text[at..]);
    Some(tidied(&out))
}

/// Without the spaces and signs that stood between what is gone. Lines stay lines.
fn tidied(text: &str) -> String {
    let is_rest =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '-' | '^' | '=' | '/' | ':' | '(' | '_');
    let line = |line: &str| {
        let words = line.split(' ').filter(|word| !word.is_empty() && !word.chars().all(is_orphan));
        let joined = words.collect::<Vec<_>>().join(" ");
        joined.trim_end_matches(is_rest).trim_start_matches([' ', ',', ';', '^', '=', ')', '_']).to_owned()
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Signs that mean nothing by themselves.
fn is_orphan(c: char) -> bool {
    matches!(c, ',' | ';' | '.' | '^' | '(' | ')' | '=' | '/' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        let mut known = Known::default();
        known.add_name("Müller-Lüdenscheidt^Erika Maria^^Dr.");
        known.add_identifier("PAT-1234567");
        known.add_identifier("4711");
        cleaned(text, &known, Depth::Patterns { ages: true }).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn names_go_in_every_form() {
        for text in [
            "CT Abdomen ERIKA MUELLER-LUEDENSCHEIDT",
            "CT Abdomen Mullerludenscheidt, Erika",
            "CT Abdomen müller_lüdenscheidt^erika",
            "Lüdenscheidt CT Abdomen",
            "CT Abdomen ErikaMüller",
        ] {
            assert_eq!(clean(text), "CT Abdomen", "{text}");
        }
    }

    #[test]
    fn identifiers_dates_and_numbers_go() {
        for text in [
            "CT PAT 1234567",
            "CT pat1234567",
            "CT 4711",
            "CT 19570301",
            "CT 01.03.1957",
            "CT 1957-03-01",
            "CT 3/1/57",
            "CT 1. März 1957",
            "CT March 1, 1957",
            "CT +49 (30) 1234-567",
            "CT 030/1234567",
            "CT erika@example.org",
            "CT 55F",
            "CT 55-year-old",
            "CT Dr. Schmidt",
            "CT Frau Prof. Dr. Anna Schmidt",
        ] {
            assert_eq!(clean(text), "CT", "{text}");
        }
    }

    #[test]
    fn what_identifies_nobody_stays() {
        for text in [
            "CT Thorax 1.5mm B70f",
            "t2_tse_tra_320_p2",
            "Knie rechts, 3 Ebenen",
            "SE/GE 47110",
            "L4/5, 120 kV, 3.0 mm",
            "Hand a.p.",
        ] {
            assert_eq!(clean(text), text);
        }
    }
}
