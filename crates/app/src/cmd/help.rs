//! The command line in the language that is asked for. The English help texts stand beside each argument;
//! German ones are put in their place from [`super::german`]. What the command line means stays the same.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::german::{AFTER, TEXTS, VALUES};
use super::german_images;
use super::{complain, refusal};
use crate::lang::{self, Language};

/// Parses a command line; answers with help or what is wrong, in the language that the arguments or the
/// environment ask for.
pub fn parse<T: CommandFactory + FromArgMatches>(arguments: Vec<OsString>) -> Result<T, ExitCode> {
    let language = lang::asked(wished(&arguments).as_deref());
    let command = match language {
        Language::En => T::command(),
        Language::De => german(T::command()),
    };
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| T::from_arg_matches(&matches));
    parsed.map_err(|error| {
        match refusal::german(&error).filter(|_| language == Language::De) {
            Some(text) => complain(&text),
            // Nobody is left to tell when not even that can be printed.
            None => drop(error.print()),
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// What follows `--lang`. It is looked for before anything is parsed: also a command line with a fault in it
/// is answered in the language asked for.
fn wished(arguments: &[OsString]) -> Option<String> {
    let words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    let mut words = words.take_while(|word| word != "--");
    while let Some(word) = words.next() {
        if word == "--lang" {
            return words.next().map(Into::into);
        }
        if let Some(language) = word.strip_prefix("--lang=") {
            return Some(language.to_owned());
        }
    }
    None
}

fn german(mut command: Command) -> Command {
    // Only then the arguments of all commands, and those for help and version, are there.
    command.build();
    translate(command, "")
}

/// The German texts of what each command and argument does.
fn texts() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    TEXTS.iter().chain(german_images::TEXTS)
}

/// The German texts that stand below a command's help.
fn after() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    AFTER.iter().chain(german_images::AFTER)
}

/// The German text of a key of [`TEXTS`], or of its last word when that means the same everywhere.
fn text(path: &str, word: &str) -> Option<&'static str> {
    let of = |key: &str| texts().find(|(known, _)| *known == key).map(|(_, text)| *text);
    of(join(path, word).as_str()).or_else(|| of(word))
}

fn join(path: &str, word: &str) -> String {
    format!("{path} {word}").trim().to_owned()
}

fn translate(command: Command, path: &str) -> Command {
    let styles = command.get_styles().clone();
    let title = styles.get_usage();
    let (outer, name) = path.rsplit_once(' ').unwrap_or(("", path));
    // `help` holds the names of its neighbours once more.
    let inside = if name == "help" { outer } else { path };
    let mut command = command
        .mut_args(|arg| argument(arg, path))
        .mut_subcommands(|inner| {
            let path = join(inside, inner.get_name());
            translate(inner, &path)
        })
        .subcommand_help_heading("Befehle")
        .subcommand_value_name("BEFEHL")
        .help_template(format!(
            "{{before-help}}{{about-with-newline}}\n{title}Aufruf:{title:#} {{usage}}\n\n{{all-args}}{{after-help}}"
        ));
    if let Some(about) = text(outer, name) {
        command = command.about(about).long_about(None::<&str>);
    }
    if let Some((_, after)) = after().find(|(key, _)| *key == path) {
        command = command.after_help(*after);
    }
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().replace("[OPTIONS]", "[OPTIONEN]");
    command.override_usage(usage)
}

/// How an argument is called in [`TEXTS`].
fn word_of(arg: &Arg) -> String {
    match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => format!("<{}>", value_name(arg)),
    }
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().and_then(|names| names.first());
    names.map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string)
}

fn argument(arg: Arg, path: &str) -> Arg {
    let heading = if arg.is_positional() { "Angaben" } else { "Optionen" };
    let takes_values = arg.get_action().takes_values();
    let mut help = text(path, &word_of(&arg)).unwrap_or_default().to_owned();
    let values = || arg.get_default_values().iter().map(|value| value.to_string_lossy());
    if takes_values && values().next().is_some() {
        help += &format!(" [Vorgabe: {}]", values().collect::<Vec<_>>().join(" "));
    }
    if let Some(variable) = arg.get_env() {
        help += &format!(" [Umgebungsvariable: {}]", variable.to_string_lossy());
    }
    if takes_values {
        let possible = arg.get_possible_values();
        let possible: Vec<&str> = possible.iter().map(|value| value.get_name()).collect();
        if !possible.is_empty() {
            help += &format!(" [möglich: {}]", possible.join(", "));
        }
    }
    let name = value_name(&arg);
    let arg = arg.help(help).long_help(None::<&str>).help_heading(heading).hide_env(true);
    let arg = arg.hide_default_value(true).hide_possible_values(true);
    match VALUES.iter().find(|(english, _)| *english == name) {
        Some((_, german)) if takes_values => arg.value_name(*german),
        _ => arg,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cmd::Cli;

    fn built() -> Command {
        let mut command = Cli::command();
        command.build();
        command
    }

    /// Every command, `help` apart, with its path.
    fn walk(command: &Command, path: &str, visit: &mut dyn FnMut(&Command, &str)) {
        visit(command, path);
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            walk(inner, &join(path, inner.get_name()), visit);
        }
    }

    #[test]
    fn each_command_and_argument_has_a_german_text_and_no_text_is_left_over() {
        let (mut missing, mut used) = (Vec::new(), BTreeSet::from(["help"]));
        walk(&built(), "", &mut |command, path| {
            match texts().find(|(key, _)| *key == path) {
                Some((key, _)) => drop(used.insert(*key)),
                None => missing.push(path.to_owned()),
            }
            for arg in command.get_arguments() {
                let word = word_of(arg);
                let whole = join(path, &word);
                match texts().find(|(key, _)| *key == whole || *key == word) {
                    Some((key, _)) => drop(used.insert(*key)),
                    None => missing.push(whole),
                }
            }
        });
        assert!(missing.is_empty(), "without a German text: {missing:?}");
        let left: Vec<_> = texts().filter(|(key, _)| !used.contains(key)).collect();
        assert!(left.is_empty(), "texts of nothing: {left:?}");
    }

    #[test]
    fn what_stands_below_is_there_in_both_languages() {
        let (mut english, mut names) = (BTreeSet::new(), BTreeSet::new());
        walk(&built(), "", &mut |command, path| {
            if command.get_after_help().is_some() {
                english.insert(path.to_owned());
            }
            names.extend(command.get_arguments().map(value_name));
        });
        let german: BTreeSet<_> = after().map(|(key, _)| (*key).to_owned()).collect();
        assert_eq!(english, german);
        for (name, _) in VALUES {
            assert!(names.contains(*name), "{name} is the name of no value");
        }
    }

    #[test]
    fn the_german_command_line_means_the_same() {
        german(Cli::command()).debug_assert();
        let same = |command: Command, words: &[&str]| {
            command.try_get_matches_from(words).map_err(|error| error.kind()).map(|matches| {
                let (verb, inner) = matches.subcommand().expect("a verb");
                let deeper = inner.subcommand().map(|(name, inner)| format!("{name} {:?}", inner.ids()));
                (verb.to_owned(), format!("{:?} {deeper:?}", inner.ids()))
            })
        };
        for words in [
            &["klinke", "messages", "x", "search", "--patient", "4711", "--json"][..],
            &["klinke", "queue", ".", "skip", "a/b", "1", "2", "--reason", "r"],
            &["klinke", "queue", ".", "skip", "a/b"],
            &["klinke", "completions", "bash"],
            &["klinke", "completions", "tcsh"],
            &["klinke", "check"],
            &["klinke", "--lang", "de", "help", "messages", "search"],
            &["klinke", "-V"],
            &["klinke", "nothing"],
        ] {
            assert_eq!(same(Cli::command(), words), same(german(Cli::command()), words), "{words:?}");
        }
    }

    #[test]
    fn the_language_is_found_anywhere_before_two_dashes() {
        let wished = |words: &[&str]| super::wished(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(wished(&["klinke", "help", "--lang", "de"]).as_deref(), Some("de"));
        assert_eq!(wished(&["klinke", "--lang=en", "nothing"]).as_deref(), Some("en"));
        assert_eq!(wished(&["klinke", "send", "--", "--lang=en"]), None);
        assert_eq!(wished(&["klinke", "--lang"]), None);
    }
}
