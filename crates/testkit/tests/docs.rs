//! What the documents name must be there: verbs of the command line, files, places in files, tests.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every document of the repository: its path from the root on, and its text.
fn documents() -> Vec<(PathBuf, String)> {
    let root = root();
    let mut documents = Vec::new();
    for folder in ["", "docs", "packaging"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let name = path.strip_prefix(&root).unwrap().to_owned();
                documents.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    documents.sort();
    assert!(documents.len() > 8, "the documents were not found");
    documents
}

/// One piece of code in a document.
struct Code<'a> {
    line: usize,
    text: &'a str,
    /// True for a line of a fenced block, false for code within a sentence.
    fenced: bool,
}

/// Lines of fenced blocks, and what stands between backticks elsewhere.
fn code(text: &str) -> Vec<Code<'_>> {
    let (mut pieces, mut fenced) = (Vec::new(), false);
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            pieces.push(Code { line: at + 1, text: line, fenced });
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            pieces.extend(spans.map(|text| Code { line: at + 1, text, fenced }));
        }
    }
    pieces
}

/// The variants of an `enum` in a source, as words of the command line.
fn words(source: &str, head: &str) -> Vec<String> {
    let body = source.split(head).nth(1).unwrap_or_else(|| panic!("`{head}` was not found"));
    let body = body.split("\n}").next().unwrap();
    let names = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| kebab(line.split(['(', '{', ',']).next().unwrap().trim())).collect()
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The arguments of the calls of the program in a line: what follows `klinke`, or `-- ` of `cargo run`.
fn calls<'a>(piece: &Code<'a>) -> Vec<Vec<&'a str>> {
    let mut calls = Vec::new();
    for part in piece.text.split(['|', ';', '&']) {
        // Behind `#` a block explains itself in prose.
        let part = part.split(" #").next().unwrap_or_default();
        let mut words: Vec<&str> = part.split_whitespace().collect();
        if words.starts_with(&["sudo"]) {
            words.drain(..if words.get(1) == Some(&"-u") { 3 } else { 1 });
        }
        let begin = match words.first() {
            Some(&"cargo") if words.get(1) == Some(&"run") => words.iter().position(|word| *word == "--"),
            _ => words.iter().position(|word| *word == "klinke" || word.ends_with("/klinke")),
        };
        let Some(begin) = begin else { continue };
        if words.first() == Some(&"cargo")
            || words[..begin].iter().all(|word| ["$", "time", "exec"].contains(word))
        {
            calls.push(words[begin + 1..].to_vec());
        }
    }
    calls
}

#[test]
fn every_verb_that_is_named_exists() {
    let source = |file: &str| std::fs::read_to_string(root().join("crates/app/src/cmd").join(file)).unwrap();
    let verbs = words(&source("mod.rs"), "enum Verb {");
    let (messages, queue) = (source("messages.rs"), source("queue.rs"));
    let below = [("messages", words(&messages, "enum What {")), ("queue", words(&queue, "enum What {"))];
    assert!(verbs.len() > 15 && below.iter().all(|(_, words)| words.len() > 4), "the verbs were not found");
    let (mut wrong, mut met) = (Vec::new(), 0);
    for (file, text) in documents() {
        for piece in code(&text) {
            for call in calls(&piece) {
                let plain: Vec<&str> = call.into_iter().filter(|word| !word.starts_with('-')).collect();
                let Some(verb) = plain.first() else { continue };
                // `klinke <verb>` and `klinke …` stand for any.
                if verb.starts_with(['<', '…', '(', '"']) || *verb == "help" {
                    continue;
                }
                met += 1;
                let at = format!("{}:{}: {}", file.display(), piece.line, piece.text.trim());
                if !verbs.iter().any(|known| known == verb) {
                    wrong.push(at);
                    continue;
                }
                // The site stands between the verb and what is below it.
                let lower = below.iter().find(|(name, _)| name == verb);
                if let (Some((_, known)), Some(word)) = (lower, plain.get(2))
                    && !known.iter().any(|one| one == word)
                {
                    wrong.push(at);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "the command line does not have:\n{}", wrong.join("\n"));
    assert!(met > 30, "only {met} calls were met");
}

/// The anchors that a document's headings make.
fn anchors(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if let Some(title) = line.strip_prefix('#').filter(|_| !fenced) {
            let title = title.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    anchors
}

#[test]
fn every_link_leads_somewhere() {
    let root = root();
    let (mut wrong, mut met) = (Vec::new(), 0);
    for (file, text) in documents() {
        let folder = root.join(&file).parent().unwrap().to_owned();
        for (at, line) in text.lines().enumerate() {
            for rest in line.split("](").skip(1) {
                let Some((target, _)) = rest.split_once(')') else { continue };
                if target.contains("://") || target.starts_with("mailto:") || target.contains('{') {
                    continue;
                }
                met += 1;
                let (path, anchor) =
                    target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
                let path = if path.is_empty() { root.join(&file) } else { folder.join(path) };
                let there = path.exists()
                    && anchor.is_none_or(|anchor| {
                        let target = std::fs::read_to_string(&path).unwrap_or_default();
                        anchors(&target).iter().any(|known| known == anchor)
                    });
                if !there {
                    wrong.push(format!("{}:{}: {target}", file.display(), at + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these links lead nowhere:\n{}", wrong.join("\n"));
    assert!(met > 20, "only {met} links were met");
}

#[test]
fn every_file_and_test_that_is_named_is_there() {
    let root = root();
    let (mut wrong, mut met) = (Vec::new(), 0);
    for (file, text) in documents() {
        for piece in code(&text).iter().filter(|piece| !piece.fenced) {
            let ours = ["crates/", "docs/", "packaging/"].iter().any(|start| piece.text.starts_with(start));
            // `<name>`, `{a,b}` and `*` stand for many.
            if !ours || piece.text.contains(['<', '{', '*', ' ', '…']) {
                continue;
            }
            met += 1;
            let (path, test) =
                piece.text.split_once("::").map_or((piece.text, None), |(path, test)| (path, Some(test)));
            let path = root.join(path);
            let there = path.exists()
                && test.is_none_or(|test| {
                    let source = std::fs::read_to_string(&path).unwrap_or_default();
                    source.contains(&format!("fn {test}(")) || source.contains(&format!("fn {test}<"))
                });
            if !there {
                wrong.push(format!("{}:{}: {}", file.display(), piece.line, piece.text));
            }
        }
    }
    assert!(wrong.is_empty(), "these are named and not there:\n{}", wrong.join("\n"));
    assert!(met > 20, "only {met} files were met");
}

#[test]
fn the_conformance_statement_has_every_deviation() {
    let root = root();
    let source = std::fs::read_to_string(root.join("crates/hl7v2/src/deviation/kind.rs")).unwrap();
    let kinds = source.split("\nkinds! {").nth(1).unwrap().split("\n}").next().unwrap();
    let mut wanted = Vec::new();
    for line in kinds.lines().filter(|line| line.trim_end().ends_with("\";")) {
        let parts: Vec<&str> = line.trim().trim_end_matches(';').splitn(4, '"').collect();
        let text = parts[3].trim_start().trim_matches('"').replace("\\\"", "\"");
        wanted.push(format!("| `{}` | {text} |", parts[1]));
    }
    assert!(wanted.len() > 50, "the kinds were not found");
    let page = std::fs::read_to_string(root.join("docs/conformance.md")).unwrap();
    let table =
        page.split("<!-- deviations: begin").nth(1).unwrap().split("<!-- deviations: end").next().unwrap();
    let there: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(there, wanted);
}
