//! Letters compared without case and diacritics.

/// A letter of a text: as it is compared, and where it ends in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    /// In lower case, without diacritics.
    pub folded: char,
    /// Where its character begins.
    pub begin: usize,
    /// Where its character ends.
    pub end: usize,
}

/// The letters and digits of a text, in one of two ways to write umlauts. Other signs are passed over.
pub(super) fn letters(text: &str, wide: bool) -> Vec<Letter> {
    let mut out = Vec::with_capacity(text.len());
    for (begin, c) in text.char_indices() {
        if c.is_alphanumeric() {
            let end = begin + c.len_utf8();
            fold(c, wide, |folded| out.push(Letter { folded, begin, end }));
        }
    }
    out
}

/// A word as it is compared.
pub(super) fn folded(text: &str, wide: bool) -> String {
    letters(text, wide).iter().map(|letter| letter.folded).collect()
}

/// `wide`: ä as ae, else as a.
fn fold(c: char, wide: bool, mut push: impl FnMut(char)) {
    for c in c.to_lowercase() {
        match c {
            'ä' if wide => "ae".chars().for_each(&mut push),
            'ö' | 'ø' if wide => "oe".chars().for_each(&mut push),
            'ü' if wide => "ue".chars().for_each(&mut push),
            'å' if wide => "aa".chars().for_each(&mut push),
            'ß' => "ss".chars().for_each(&mut push),
            'æ' => "ae".chars().for_each(&mut push),
            'œ' => "oe".chars().for_each(&mut push),
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => push('a'),
            'ç' | 'ć' | 'č' => push('c'),
            'ď' | 'đ' | 'ð' => push('d'),
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => push('e'),
            'ğ' | 'ģ' => push('g'),
            'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => push('i'),
            'ł' | 'ľ' | 'ĺ' | 'ļ' => push('l'),
            'ñ' | 'ń' | 'ň' | 'ņ' => push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => push('o'),
            'ř' | 'ŕ' => push('r'),
            'ś' | 'š' | 'ş' | 'ș' => push('s'),
            'ť' | 'ţ' | 'ț' => push('t'),
            'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => push('u'),
            'ý' | 'ÿ' => push('y'),
            'ź' | 'ż' | 'ž' => push('z'),
            c if c.is_alphanumeric() => push(c),
            _ => {}
        }
    }
}
