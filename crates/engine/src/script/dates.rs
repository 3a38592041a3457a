//! Dates by pattern, of every precision: what is not there is not made up.
//!
//! A pattern is made of `yyyy`, `yy`, `MM`, `dd`, `HH`, `mm`, `ss`, `SSS` and text between them. Reading
//! stops where the text ends, so `yyyyMMddHHmmss` reads `1980` and `19800301` as well. Writing leaves out
//! what is missing, with the text that would have joined it.

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'p> {
    /// Field 0 (year) to 6 (millisecond), with so many digits.
    Part(usize, usize),
    Text(&'p str),
}

const PARTS: [(&str, usize); 8] =
    [("yyyy", 0), ("yy", 0), ("MM", 1), ("dd", 2), ("HH", 3), ("mm", 4), ("ss", 5), ("SSS", 6)];

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text = 0;
    let mut at = 0;
    while let Some(next) = pattern[at..].chars().next() {
        match PARTS.iter().find(|(name, _)| pattern[at..].starts_with(name)) {
            Some((name, part)) => {
                if text < at {
                    pieces.push(Piece::Text(&pattern[text..at]));
                }
                pieces.push(Piece::Part(*part, name.len()));
                at += name.len();
                text = at;
            }
            None => at += next.len_utf8(),
        }
    }
    if text < at {
        pieces.push(Piece::Text(&pattern[text..at]));
    }
    pieces
}

/// Reads a date: year, month, day, hour, minute, second, millisecond, as far as they are there without a
/// gap. `None` when the text is not of the pattern or names no day of the calendar.
pub(super) fn parse(text: &str, pattern: &str) -> Option<Vec<u32>> {
    let mut rest = text.trim();
    let mut fields = [None; 7];
    for piece in pieces(pattern) {
        if rest.is_empty() {
            break;
        }
        match piece {
            Piece::Text(literal) => rest = rest.strip_prefix(literal)?,
            Piece::Part(part, width) => {
                let digits = rest.get(..width)?;
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                let number: u32 = digits.parse().ok()?;
                // Two digits of a year: 1930 to 2029.
                let century = if number < 30 { 2000 } else { 1900 };
                fields[part] = Some(if part == 0 && width == 2 { century + number } else { number });
                rest = &rest[width..];
            }
        }
    }
    let count = fields.iter().take_while(|field| field.is_some()).count();
    let fields: Vec<u32> = if fields[count..].iter().any(Option::is_some) || !rest.is_empty() {
        return None;
    } else {
        fields.into_iter().flatten().collect()
    };
    is_day(&fields).then_some(fields)
}

fn is_day(fields: &[u32]) -> bool {
    let field = |at: usize, otherwise: u32| fields.get(at).copied().unwrap_or(otherwise);
    let (year, month, day) = (field(0, 2000), field(1, 1), field(2, 1));
    let time = klinke_model::Timestamp::from_parts(
        i64::from(year),
        month,
        day,
        field(3, 0),
        field(4, 0),
        field(5, 0),
    );
    !fields.is_empty() && time.is_some() && field(6, 0) < 1000
}

/// Writes a date; parts beyond the end of `fields` are left out.
pub(super) fn format(fields: &[u32], pattern: &str) -> String {
    let mut out = String::new();
    let mut between = String::new();
    let mut whole = true;
    for piece in pieces(pattern) {
        match piece {
            Piece::Text(text) => between.push_str(text),
            Piece::Part(part, width) => match fields.get(part) {
                Some(value) => {
                    if whole || !out.is_empty() {
                        out.push_str(&between);
                    }
                    let value = if part == 0 && width == 2 { value % 100 } else { *value };
                    out.push_str(&format!("{value:0width$}"));
                    between.clear();
                }
                None => {
                    between.clear();
                    whole = false;
                }
            },
        }
    }
    if whole {
        out.push_str(&between);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_is_read_and_nothing_is_made_up() {
        let pattern = "yyyyMMddHHmmss.SSS";
        assert_eq!(parse("1980", pattern), Some(vec![1980]));
        assert_eq!(parse("198003", pattern), Some(vec![1980, 3]));
        assert_eq!(parse("19800301081530", pattern), Some(vec![1980, 3, 1, 8, 15, 30]));
        assert_eq!(parse("19800301081530.250", pattern), Some(vec![1980, 3, 1, 8, 15, 30, 250]));
        for bad in ["", "198", "1980030", "19800230", "1980x301", "19801301", "19800301081530.250+", "ä980"]
        {
            assert_eq!(parse(bad, pattern), None, "{bad}");
        }
    }

    #[test]
    fn missing_parts_are_left_out_with_their_joints() {
        assert_eq!(format(&[1980, 3, 1], "dd.MM.yyyy HH:mm"), "01.03.1980");
        assert_eq!(format(&[1980, 3], "dd.MM.yyyy"), "03.1980");
        assert_eq!(format(&[1980], "dd.MM.yyyy"), "1980");
        assert_eq!(format(&[1980, 3, 1, 8, 5], "dd.MM.yy 'um' HH:mm Uhr"), "01.03.80 'um' 08:05 Uhr");
        assert_eq!(format(&[], "dd.MM.yyyy"), "");
    }

    #[test]
    fn two_digit_years() {
        assert_eq!(parse("010329", "ddMMyy"), Some(vec![2029, 3, 1]));
        assert_eq!(parse("010330", "ddMMyy"), Some(vec![1930, 3, 1]));
    }
}
