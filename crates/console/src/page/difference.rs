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

/// The differences of a file's two texts as a patch that git takes; nothing when they are the same.
pub fn unified(path: &str, old: &str, new: &str) -> Option<String> {
    let whole = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (whole(old), whole(new));
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
    if before == after {
        return None;
    }
    let rows = match before.len().max(after.len()) > LINES_MAX {
        // Too long to be compared: all of it is replaced.
        true => {
            before.iter().map(|one| Row::Gone(one)).chain(after.iter().map(|one| Row::New(one))).collect()
        }
        false => compare(&before, &after),
    };
    let mut out = format!("--- a/{path}\n+++ b/{path}\n");
    let changed: Vec<usize> = (0..rows.len()).filter(|at| !matches!(rows[*at], Row::Same(_))).collect();
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for at in changed {
        let (from, to) = (at.saturating_sub(AROUND), rows.len().min(at + AROUND + 1));
        match hunks.last_mut().filter(|last| last.1 >= from) {
            Some(last) => last.1 = to,
            None => hunks.push((from, to)),
        }
    }
    hunks.iter().for_each(|(from, to)| hunk(&mut out, &rows, *from, *to));
    Some(out)
}

/// One part of a patch: where it is, and its lines.
fn hunk(out: &mut String, rows: &[Row<'_>], from: usize, to: usize) {
    let count = |rows: &[Row<'_>]| {
        let old = rows.iter().filter(|row| !matches!(row, Row::New(_))).count();
        let new = rows.iter().filter(|row| !matches!(row, Row::Gone(_))).count();
        (old, new)
    };
    let ((old_before, new_before), (old, new)) = (count(&rows[..from]), count(&rows[from..to]));
    // A part without lines of its own stands behind the line before it.
    let start = |before: usize, own: usize| if own == 0 { before } else { before + 1 };
    out.push_str(&format!("@@ -{},{old} +{},{new} @@\n", start(old_before, old), start(new_before, new)));
    for row in &rows[from..to] {
        let (sign, text) = match row {
            Row::Same(text) => (' ', text),
            Row::Gone(text) => ('-', text),
            Row::New(text) => ('+', text),
        };
        out.push(sign);
        out.push_str(text);
        if !text.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
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

    #[test]
    fn a_patch_names_its_place_and_the_missing_end_of_a_line() {
        let old: String = (1..=20).map(|at| format!("{at}\n")).collect();
        let new = old.replace("\n5\n", "\nfive\n").replace("\n19\n", "\n");
        assert_eq!(
            unified("a.toml", &old, &new).unwrap(),
            "--- a/a.toml\n+++ b/a.toml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
             @@ -16,5 +16,4 @@\n 16\n 17\n 18\n-19\n 20\n"
        );
        assert!(unified("a", &old, &old).is_none());
        assert_eq!(
            unified("a", "x", "x\n").unwrap(),
            "--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+x\n"
        );
        assert_eq!(unified("a", "", "x\n").unwrap(), "--- a/a\n+++ b/a\n@@ -0,0 +1,1 @@\n+x\n");
    }
}
