//! What differs between two texts, by line.

use maud::{Markup, html};

/// Texts with more lines are not compared.
const LINES_MAX: usize = 2_000;
/// Lines shown around a difference.
const AROUND: usize = 3;

/// One line of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The differences of two texts; nothing when they are the same.
pub fn show(old: &str, new: &str) -> Option<Markup> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    if old == new {
        return None;
    }
    if old.len().max(new.len()) > LINES_MAX {
        return Some(html! { p.soft { "…" } });
    }
    let rows = compare(&old, &new);
    Some(
        html! { pre.diff tabindex="0" { @for (at, row) in rows.iter().enumerate() { (line(&rows, at, *row)) } } },
    )
}

fn line(rows: &[Row<'_>], at: usize, row: Row<'_>) -> Markup {
    match row {
        Row::Gone(text) => html! { span.minus { "− " (text) "\n" } },
        Row::New(text) => html! { span.plus { "+ " (text) "\n" } },
        Row::Same(text) => {
            let around = &rows[at.saturating_sub(AROUND)..rows.len().min(at + AROUND + 1)];
            let near = around.iter().any(|row| !matches!(row, Row::Same(_)));
            html! { @if near { "  " (text) "\n" } }
        }
    }
}

/// The longest common subsequence, what begins and ends alike taken off first.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Row<'a>> {
    let head = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail =
        old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (left, right) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut rows: Vec<Row<'a>> = old[..head].iter().map(|line| Row::Same(line)).collect();
    let width = right.len() + 1;
    let mut longest = vec![0_u32; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            longest[i * width + j] = match left[i] == right[j] {
                true => longest[(i + 1) * width + j + 1] + 1,
                false => longest[(i + 1) * width + j].max(longest[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            rows.push(Row::Same(left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len()
            || i < left.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
        {
            rows.push(Row::Gone(left[i]));
            i += 1;
        } else {
            rows.push(Row::New(right[j]));
            j += 1;
        }
    }
    rows.extend(old_rest[old_rest.len() - tail..].iter().map(|line| Row::Same(line)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_gone_and_new() {
        let rows = compare(&["a", "b", "c"], &["a", "x", "c", "d"]);
        assert_eq!(rows, [Row::Same("a"), Row::Gone("b"), Row::New("x"), Row::Same("c"), Row::New("d")]);
        assert!(show("a\nb", "a\nb\n").is_none());
    }
}
