//! What is wrong with a command line, in German.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The fault in German, with the usage; `None` for what is no fault (help, version) or has no German words.
pub fn german(error: &clap::Error) -> Option<String> {
    let mut text = format!("Fehler: {}\n", sentence(error)?);
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(words) = suggested.into_iter().find_map(|kind| words(error, kind)) {
        text += &format!("\n  gemeint ist vielleicht: {words}\n");
    }
    if let Some(words) = words(error, ContextKind::ValidValue) {
        text += &format!("\n  möglich sind: {words}\n");
    }
    if let Some(usage) = words(error, ContextKind::Usage) {
        text += &format!("\nAufruf: {}\n", usage.trim_start_matches("Usage:").trim());
    }
    Some(text + "\nMehr sagt --help.")
}

fn sentence(error: &clap::Error) -> Option<String> {
    let of = |kind| words(error, kind);
    let argument = of(ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("die Angabe {} gibt es hier nicht", argument?),
        ErrorKind::InvalidSubcommand => {
            format!("den Befehl {} gibt es nicht", of(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingRequiredArgument => format!("es fehlt: {}", argument?),
        ErrorKind::MissingSubcommand => "es fehlt ein Befehl".to_owned(),
        ErrorKind::ArgumentConflict if argument == of(ContextKind::PriorArg) => {
            format!("{} steht mehrmals da", argument?)
        }
        ErrorKind::ArgumentConflict => {
            format!("{} und {} gehen nicht zusammen", argument?, of(ContextKind::PriorArg)?)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => match of(ContextKind::InvalidValue) {
            None => format!("zu {} fehlt der Wert", argument?),
            Some(value) => {
                let why = error.source().map(|why| format!(" ({why})")).unwrap_or_default();
                format!("„{value}“ passt nicht zu {}{why}", argument?)
            }
        },
        _ => return None,
    })
}

fn words(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let words = match error.get(kind)? {
        ContextValue::String(word) => word.clone(),
        ContextValue::Strings(words) => words.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        _ => return None,
    };
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::cmd::Cli;

    #[test]
    fn each_usual_fault_has_german_words() {
        for (line, expected) in [
            ("check --foo", "die Angabe --foo gibt es hier nicht"),
            ("chekc", "den Befehl chekc gibt es nicht"),
            ("trace", "es fehlt: <SITE>, <ID>"),
            ("trace . 1 --limit 1 --limit 2", "--limit <LIMIT> steht mehrmals da"),
            ("trace . 1 --limit", "zu --limit <LIMIT> fehlt der Wert"),
            ("trace . 1 --limit x", "„x“ passt nicht zu --limit <LIMIT> ("),
            ("completions tcsh", "möglich sind: bash, "),
            ("messages . sho 1", "gemeint ist vielleicht: show"),
        ] {
            let words = std::iter::once("klinke").chain(line.split(' '));
            let error = Cli::command().try_get_matches_from(words).expect_err(line);
            let text = super::german(&error).unwrap_or_else(|| panic!("{line}: no words for {error}"));
            assert!(text.contains(expected), "{line}: {text}");
            assert!(!text.contains("Usage") && text.ends_with("--help."), "{text}");
        }
        let help = Cli::command().try_get_matches_from(["klinke", "--help"]).expect_err("help");
        assert_eq!(super::german(&help), None);
    }
}
