//! Names that are written differently and sound alike.
//!
//! Words are compared after folding (small letters, umlauts written out, accents left away) and by the *Kölner Phonetik*
//! (Hans Joachim Postel, "Die Kölner Phonetik", IBM-Nachrichten 19, 1969), which is made for German names.

/// Whether each word of a query stands in a name: as its beginning, or by its sound. The order does not matter; `*` and `?` of
/// the query are passed over.
pub(crate) fn is_like(query: &str, name: &str) -> bool {
    let has: Vec<String> = words(name).collect();
    let mut wanted = words(query).peekable();
    wanted.peek().is_some()
        && wanted.all(|word| {
            let sound = cologne(&word);
            has.iter().any(|one| one.starts_with(&word) || (!sound.is_empty() && sound == cologne(one)))
        })
}

/// The words of a name, folded.
pub(crate) fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    let parts = name.split(['^', '=', ' ', ',', '-', '*', '?', '.']);
    parts.map(folded).filter(|word| !word.is_empty())
}

/// Small letters without accents; umlauts are written out.
pub(crate) fn folded(text: &str) -> String {
    klinke_dimse::charset::transliterate(text).to_lowercase()
}

/// The code of the Kölner Phonetik of a folded word.
fn cologne(word: &str) -> String {
    let letters: Vec<u8> = word.bytes().filter(u8::is_ascii_lowercase).collect();
    let mut code: Vec<u8> = Vec::with_capacity(letters.len() + 1);
    for (place, &letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| letters[place]);
        for &digit in digits(letter, before, letters.get(place + 1).copied()) {
            if code.last() != Some(&digit) {
                code.push(digit);
            }
        }
    }
    // A vowel counts at the beginning only.
    let mut place = 0;
    code.retain(|&digit| {
        place += 1;
        digit != b'0' || place == 1
    });
    code.into_iter().map(char::from).collect()
}

fn digits(letter: u8, before: Option<u8>, after: Option<u8>) -> &'static [u8] {
    let after_is = |letters: &[u8]| after.is_some_and(|after| letters.contains(&after));
    match letter {
        b'a' | b'e' | b'i' | b'j' | b'o' | b'u' | b'y' => b"0",
        b'b' => b"1",
        b'p' if after_is(b"h") => b"3",
        b'p' => b"1",
        b'd' | b't' if after_is(b"csz") => b"8",
        b'd' | b't' => b"2",
        b'f' | b'v' | b'w' => b"3",
        b'g' | b'k' | b'q' => b"4",
        b'c' => {
            let hard = match before {
                None => after_is(b"ahkloqrux"),
                Some(before) => !matches!(before, b's' | b'z') && after_is(b"ahkoqux"),
            };
            if hard { b"4" } else { b"8" }
        }
        b'x' if matches!(before, Some(b'c' | b'k' | b'q')) => b"8",
        b'x' => b"48",
        b'l' => b"5",
        b'm' | b'n' => b"6",
        b'r' => b"7",
        b's' | b'z' => b"8",
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_known_names() {
        let codes =
            [("mueller", "657"), ("luedenscheidt", "52682"), ("wikipedia", "3412"), ("breschnew", "17863")];
        for (name, code) in codes.into_iter().chain([("meyer", "67"), ("maier", "67"), ("xaver", "4837")]) {
            assert_eq!(cologne(name), code, "{name}");
        }
    }

    #[test]
    fn words_in_any_order() {
        assert!(is_like("Hans Müller", "Mueller^Hans^Peter") && is_like("Maier", "Meyer^Anna"));
        assert!(is_like("muell*", "Müller^Hans") && !is_like("Schmidt", "Müller^Hans") && !is_like("*", "x"));
        assert!(is_like("Jose", "Pérez^José"));
    }
}
