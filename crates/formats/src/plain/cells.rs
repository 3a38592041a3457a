//! Cells of a line of CSV (RFC 4180, with the separators that spreadsheets use).

/// The separator that a line has most of.
pub(super) fn separator(line: &str) -> char {
    let count = |c: char| line.matches(c).count();
    [';', '\t'].into_iter().filter(|&c| count(c) > count(',')).max_by_key(|&c| count(c)).unwrap_or(',')
}

/// The cells of a line.
pub(super) fn split(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = line.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        let last = cells.len() - 1;
        let cell = &mut cells[last];
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            _ if letter == separator && !quoted => cells.push(String::new()),
            _ => cell.push(letter),
        }
    }
    cells
}

/// A line of cells.
pub(super) fn join(cells: &[String], separator: char) -> String {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push(separator);
        }
        if cell.contains([separator, '"', '\n', '\r']) {
            line.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            line.push_str(cell);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_as_spreadsheets_write_them() {
        assert_eq!(split("a;\"b;\"\"c\"\"\";", ';'), ["a", "b;\"c\"", ""]);
        assert_eq!(split("5\" x,b", ','), ["5\" x", "b"]);
        assert_eq!((separator("a;b,c;d"), separator("a"), separator("a\tb")), (';', ',', '\t'));
    }

    proptest! {
        #[test]
        fn cells_round_trip(cells in prop::collection::vec("[a;\",x]{0,6}", 1..5)) {
            prop_assert_eq!(split(&join(&cells, ';'), ';'), cells);
        }
    }
}
