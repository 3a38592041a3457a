//! A page as text, Markdown or HTML. HTML is one file that loads nothing, for the screen and for paper.

use std::fmt::Write as _;

use super::page::{Page, Section};
use crate::html::escaped;
use crate::lang::Pick;

/// The widest column of the text form.
const WIDTH_MAX: usize = 60;

/// As text for a terminal.
pub fn text(page: &Page) -> String {
    let mut out = format!("{}\n", page.title);
    for lead in &page.lead {
        let _ = write!(out, "\n{}\n", wrapped(lead, 100));
    }
    for section in &page.sections {
        let _ = write!(out, "\n{}\n", section.title.to_uppercase());
        if !section.note.is_empty() {
            let _ = writeln!(out, "{}", wrapped(&section.note, 100));
        }
        let rows: Vec<&Vec<String>> = std::iter::once(&section.head).chain(&section.rows).collect();
        let width = |column: usize| {
            let widths = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            widths.max().unwrap_or(0).min(WIDTH_MAX)
        };
        let widths: Vec<usize> = (0..section.head.len()).map(width).collect();
        for row in rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if column + 1 < row.len() {
                    let missing = widths[column].saturating_sub(cell.chars().count());
                    line.extend(std::iter::repeat_n(' ', missing + 2));
                }
            }
            let _ = writeln!(out, "  {}", line.trim_end());
        }
    }
    out
}

fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// As Markdown.
pub fn markdown(page: &Page) -> String {
    let cell = |text: &str| {
        let mut out = String::new();
        for c in text.chars() {
            if matches!(c, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '\\') {
                out.push('\\');
            }
            out.push(if c.is_control() { ' ' } else { c });
        }
        out
    };
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = format!("# {}\n", cell(&page.title));
    for lead in &page.lead {
        let _ = write!(out, "\n{}\n", cell(lead));
    }
    for section in &page.sections {
        let _ = write!(out, "\n## {}\n\n", cell(&section.title));
        if !section.note.is_empty() {
            let _ = write!(out, "{}\n\n", cell(&section.note));
        }
        out += &row(&section.head);
        out += &format!("|{}\n", "---|".repeat(section.head.len()));
        section.rows.iter().for_each(|cells| out += &row(cells));
    }
    out
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6570;--line:#d5dae0;--paper:#fff;--band:#f4f6f8;--mark:#0b5a8a}\
@media (prefers-color-scheme:dark){:root{--ink:#e8ebee;--dim:#9aa5b1;--line:#39424d;--paper:#14181d;--band:#1c2229;--mark:#7cc4f0}}\
*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);\
font:16px/1.5 system-ui,'Segoe UI',Roboto,sans-serif}h1{font-size:1.9rem;line-height:1.2;margin:0 0 .75rem}\
h2{font-size:1.25rem;margin:2.5rem 0 .5rem;padding-top:.5rem;border-top:2px solid var(--mark)}p{max-width:50rem}.note{color:var(--dim)}\
nav{margin:1rem 0}nav a{color:var(--mark);margin-right:1rem;white-space:nowrap}.wide{overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}\
th{color:var(--dim);font-weight:600;white-space:nowrap}tr:nth-child(even) td{background:var(--band)}\
table.places td:first-child{font-family:ui-monospace,Consolas,monospace;white-space:nowrap}\
@media print{:root{--ink:#000;--dim:#444;--paper:#fff;--band:#fff;--line:#bbb;--mark:#000}body{max-width:none;padding:0;font-size:10pt}\
nav{display:none}table{font-size:8pt}thead{display:table-header-group}tr{break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}\
@page{size:A4 landscape;margin:14mm}}";

/// As HTML: one file, which loads nothing.
pub fn html(page: &Page) -> String {
    let language = page.language.pick("en", "de");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{title}</h1>\n",
        title = escaped(&page.title)
    );
    for lead in &page.lead {
        let _ = writeln!(out, "<p>{}</p>", escaped(lead));
    }
    let _ = write!(out, "</header>\n<nav aria-label=\"{}\">", page.language.pick("Sections", "Abschnitte"));
    for (at, section) in page.sections.iter().enumerate() {
        let _ = write!(out, "<a href=\"#s{at}\">{}</a>", escaped(&section.title));
    }
    out += "</nav>\n<main>\n";
    for (at, section) in page.sections.iter().enumerate() {
        html_section(at, section, &mut out);
    }
    out += "</main>\n</body>\n</html>\n";
    out
}

fn html_section(at: usize, section: &Section, out: &mut String) {
    let _ = writeln!(out, "<section>\n<h2 id=\"s{at}\">{}</h2>", escaped(&section.title));
    if !section.note.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escaped(&section.note));
    }
    // Places and codes stand out; sentences do not.
    let has_places = section.rows.iter().all(|row| row.first().is_none_or(|cell| !cell.contains(' ')));
    let class = if has_places { " class=\"places\"" } else { "" };
    let _ = write!(out, "<div class=\"wide\"><table{class}>\n<thead><tr>");
    for cell in &section.head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    *out += "</tr></thead>\n<tbody>\n";
    for row in &section.rows {
        *out += "<tr>";
        for cell in row {
            let _ = write!(out, "<td>{}</td>", escaped(cell));
        }
        *out += "</tr>\n";
    }
    *out += "</tbody></table></div>\n</section>\n";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Language;

    fn page() -> Page {
        let mut section = Section::new("A", "", &["a", "b"]);
        section.row(["<script>alert(1)</script>", "x|y*\u{1b}"]);
        Page { title: "T & U".to_owned(), lead: vec![], sections: vec![section], language: Language::En }
    }

    #[test]
    fn nothing_of_a_partner_is_read_as_markup() {
        let html = html(&page());
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"),
            "{html}"
        );
        assert!(html.contains("T &amp; U") && !html.contains('\u{1b}'));
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("src="));
        let markdown = markdown(&page());
        assert!(markdown.contains("| \\<script>alert(1)\\</script> | x\\|y\\*  |"), "{markdown}");
    }
}
