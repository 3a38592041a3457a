//! Why a script could not be made ready to run.

/// An error of a script's text, found when the site is loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {text}")]
pub struct ScriptError {
    /// The file, as the site names it.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1, in characters.
    pub column: u32,
    /// What is wrong, in a sentence.
    pub text: String,
}

impl ScriptError {
    /// An error at a byte of a source.
    pub(super) fn at(file: &str, source: &str, offset: usize, text: impl Into<String>) -> Self {
        let (line, column) = line_and_column(source, offset);
        ScriptError { file: file.to_owned(), line, column, text: text.into() }
    }
}

/// Line and column, both from 1, of a byte offset; the column counts characters.
pub(super) fn line_and_column(source: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(source.len());
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let before = &source[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
