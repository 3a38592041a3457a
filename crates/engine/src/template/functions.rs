//! The functions of templates: one line each in [`FUNCTIONS`].

use std::sync::Arc;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::date::{Pattern, Zone};
use super::{Surroundings, Template, text};
use crate::document::Document;
use crate::step::{Context, StepError};

/// A function as templates name it.
pub struct FunctionKind {
    /// Its name.
    pub name: &'static str,
    /// How it is written with its arguments.
    pub usage: &'static str,
    /// What it does.
    pub about: &'static str,
    pub(super) build: fn(&[String], &Surroundings<'_>) -> Result<Function, String>,
}

impl std::fmt::Debug for FunctionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.usage)
    }
}

pub(super) type Function = Arc<dyn Fn(&mut Flow<'_, '_>) -> Result<(), StepError> + Send + Sync>;

/// What flows through functions.
pub(super) struct Flow<'f, 'c> {
    pub(super) values: Vec<String>,
    pub(super) context: &'f mut Context<'c>,
    pub(super) document: &'f dyn Document,
}

/// Most characters that padding makes.
const PAD_MAX: usize = 10_000;

macro_rules! functions {
    ($($name:literal $usage:literal $about:literal $build:expr;)*) => {
        /// All functions.
        pub const FUNCTIONS: &[FunctionKind] =
            &[$(FunctionKind { name: $name, usage: $usage, about: $about, build: $build }),*];
    };
}

functions! {
    "upper" "upper" "in capital letters" |a, _| plain(a, |text| text.to_uppercase());
    "lower" "lower" "in small letters" |a, _| plain(a, |text| text.to_lowercase());
    "trim" "trim" "without blanks at both ends" |a, _| plain(a, |text| text.trim().to_owned());
    "squeeze" "squeeze" "every run of white space as one blank" |a, _| plain(a, squeeze);
    "ascii" "ascii" "in ASCII: ä as ae, é as e, what has no form as ?" |a, _| plain(a, |t| text::to_ascii(&t));
    "digits" "digits" "its digits only" |a, _| plain(a, |t| t.chars().filter(char::is_ascii_digit).collect());
    "letters" "letters" "its letters and digits only"
        |a, _| plain(a, |text| text.chars().filter(|c| c.is_alphanumeric()).collect());
    "remove" "remove:CHARACTERS" "without these characters" remove;
    "keep" "keep:CHARACTERS" "these characters only" keep;
    "pad-left" "pad-left:LENGTH[:CHARACTER]" "filled up in front" |a, _| pad(a, true);
    "pad-right" "pad-right:LENGTH[:CHARACTER]" "filled up behind" |a, _| pad(a, false);
    "sub" "sub:START[:LENGTH]" "a piece; START counts from 0, a negative one from the end" sub;
    "replace" "replace:WHAT[:WITH]" "every WHAT replaced" replace;
    "regex" "regex:PATTERN[:WITH]" "every match replaced; $1 in WITH is the first group" regex;
    "split" "split:SEPARATOR:NUMBER" "the piece of this number, from 1; -1 is the last" split;
    "prefix" "prefix:TEXT" "TEXT in front, if there is a value" |a, _| around(a, true);
    "suffix" "suffix:TEXT" "TEXT behind, if there is a value" |a, _| around(a, false);
    "default" "default:TEMPLATE" "TEMPLATE where there is no value" default;
    "map" "map:FROM=TO:…[:*=OTHER]" "a small table within the template" map;
    "lookup" "lookup:TABLE[:COLUMN]" "what the table has for it, or nothing" lookup;
    "date" "date:IN:OUT[:from=ZONE][:to=ZONE][:else=keep|empty|fail]" "a date written otherwise" date;
    "number" "number[:DECIMALS]" "a number with a point, rounded to so many decimals; else unchanged" number;
    "hash" "hash[:LENGTH]" "the first hexadecimal digits of its SHA-256 (16 unless said); who knows the values can find them" hash;
    "json" "json" "escaped for a JSON string" |a, _| plain(a, |text| json(&text));
    "xml" "xml" "escaped for XML" |a, _| plain(a, |text| xml(&text));
    "csv" "csv" "quoted for CSV where it must be" |a, _| plain(a, |text| csv(&text));
    "url" "url" "escaped for a URL" |a, _| plain(a, |text| url(&text));
    "join" "join:SEPARATOR" "all values as one text" join;
    "first" "first" "the first value that is not empty" |a, _| pick(a, false);
    "last" "last" "the last value that is not empty" |a, _| pick(a, true);
    "count" "count" "how many values there are" count;
}

/// A function of each value alone.
fn each(function: impl Fn(String) -> String + Send + Sync + 'static) -> Result<Function, String> {
    Ok(Arc::new(move |flow| {
        for value in &mut flow.values {
            *value = function(std::mem::take(value));
        }
        Ok(())
    }))
}

fn plain(
    arguments: &[String],
    function: impl Fn(String) -> String + Send + Sync + 'static,
) -> Result<Function, String> {
    some(arguments, 0, 0)?;
    each(function)
}

/// Checks how many arguments there are.
fn some(arguments: &[String], least: usize, most: usize) -> Result<(), String> {
    if (least..=most).contains(&arguments.len()) {
        return Ok(());
    }
    Err(match (arguments.len(), most) {
        (_, 0) => "takes no arguments".to_owned(),
        (given, _) if given < least => "an argument is missing".to_owned(),
        _ => format!("takes no more than {most} arguments"),
    })
}

fn whole<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a whole number"))
}

fn squeeze(text: String) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn remove(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 1)?;
    let unwanted = arguments[0].clone();
    each(move |text| text.chars().filter(|&c| !unwanted.contains(c)).collect())
}

fn keep(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 1)?;
    let wanted = arguments[0].clone();
    each(move |text| text.chars().filter(|&c| wanted.contains(c)).collect())
}

fn pad(arguments: &[String], left: bool) -> Result<Function, String> {
    some(arguments, 1, 2)?;
    let length: usize = whole(&arguments[0])?;
    if length > PAD_MAX {
        return Err(format!("pads to {PAD_MAX} characters at most"));
    }
    let mut letters = arguments.get(1).map_or(" ", String::as_str).chars();
    let (Some(fill), None) = (letters.next(), letters.next()) else {
        return Err("fills with one character".to_owned());
    };
    each(move |text| {
        let missing = length.saturating_sub(text.chars().count());
        let filling: String = std::iter::repeat_n(fill, missing).collect();
        if left { filling + &text } else { text + &filling }
    })
}

fn sub(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 2)?;
    let start: i64 = whole(&arguments[0])?;
    let length: usize = arguments.get(1).map_or(Ok(usize::MAX), |text| whole(text))?;
    let distance = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    each(move |text| {
        let skip = if start < 0 { text.chars().count().saturating_sub(distance) } else { distance };
        text.chars().skip(skip).take(length).collect()
    })
}

fn replace(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 2)?;
    let what = arguments[0].clone();
    if what.is_empty() {
        return Err("what is to be replaced is empty".to_owned());
    }
    let with = arguments.get(1).cloned().unwrap_or_default();
    each(move |text| text.replace(&what, &with))
}

fn regex(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 2)?;
    let pattern = compile_regex(&arguments[0])?;
    let with = arguments.get(1).cloned().unwrap_or_default();
    each(move |text| pattern.replace_all(&text, with.as_str()).into_owned())
}

/// Compiles a regular expression within a limit of memory.
pub(crate) fn compile_regex(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(pattern).size_limit(4 * 1024 * 1024).build().map_err(|error| {
        // The crate draws the place with a caret over several lines; the last line says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
        format!("`{pattern}` is no regular expression: {last}")
    })
}

fn split(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 2, 2)?;
    let separator = arguments[0].clone();
    if separator.is_empty() {
        return Err("the separator is empty".to_owned());
    }
    let number: i32 = whole(&arguments[1])?;
    let Some(skip) = usize::try_from(number.unsigned_abs()).ok().and_then(|number| number.checked_sub(1))
    else {
        return Err("pieces are counted from 1".to_owned());
    };
    each(move |text| {
        let piece =
            if number > 0 { text.split(&separator).nth(skip) } else { text.rsplit(&separator).nth(skip) };
        piece.unwrap_or("").to_owned()
    })
}

fn around(arguments: &[String], front: bool) -> Result<Function, String> {
    some(arguments, 1, 1)?;
    let with = arguments[0].clone();
    each(move |text| match (text.is_empty(), front) {
        (true, _) => text,
        (false, true) => format!("{with}{text}"),
        (false, false) => text + &with,
    })
}

fn default(arguments: &[String], surroundings: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 1)?;
    let template = Template::compile(&arguments[0], surroundings).map_err(|error| error.text)?;
    Ok(Arc::new(move |flow| {
        if flow.values.iter().all(String::is_empty) {
            flow.values = vec![template.render(flow.context, flow.document)?];
        }
        Ok(())
    }))
}

fn map(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 1_000)?;
    let mut pairs = Vec::new();
    let mut other = None;
    for argument in arguments {
        let (from, to) =
            argument.split_once('=').ok_or_else(|| format!("`{argument}` is not written FROM=TO"))?;
        if from == "*" {
            other = Some(to.to_owned());
        } else {
            pairs.push((from.to_owned(), to.to_owned()));
        }
    }
    each(move |text| match pairs.iter().find(|(from, _)| *from == text) {
        Some((_, to)) => to.clone(),
        None => other.clone().unwrap_or(text),
    })
}

fn lookup(arguments: &[String], surroundings: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 2)?;
    let (table, column) =
        crate::steps::find_table(surroundings.tables, &arguments[0], arguments.get(1).map(String::as_str))?;
    each(move |text| table.get(&text, column).unwrap_or("").to_owned())
}

/// What becomes of a date that is not written as expected.
#[derive(Clone, Copy)]
enum Otherwise {
    Keep,
    Empty,
    Fail,
}

fn date(arguments: &[String], surroundings: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 2, 5)?;
    let inputs = Pattern::input(&arguments[0])?;
    let output = Pattern::output(&arguments[1])?;
    let (mut from, mut to, mut otherwise) = (None, None, Otherwise::Keep);
    for argument in &arguments[2..] {
        let zone = |name: &str| Zone::named(name).ok_or_else(|| format!("there is no time zone `{name}`"));
        match argument.split_once('=') {
            Some(("from", name)) => from = Some(zone(name)?),
            Some(("to", name)) => to = Some(zone(name)?),
            Some(("else", "keep")) => otherwise = Otherwise::Keep,
            Some(("else", "empty")) => otherwise = Otherwise::Empty,
            Some(("else", "fail")) => otherwise = Otherwise::Fail,
            _ => return Err(format!("`{argument}` is not known")),
        }
    }
    let from = from.unwrap_or_else(|| surroundings.zone.clone());
    let shown = to.clone().unwrap_or_else(|| from.clone());
    Ok(Arc::new(move |flow| {
        for value in flow.values.iter_mut().filter(|value| !value.is_empty()) {
            let moment = inputs.iter().find_map(|pattern| pattern.read(value.trim()));
            let moved = moment.map(|moment| to.as_ref().map_or(moment, |to| moment.moved(&from, to)));
            match (moved.and_then(|moment| output.write(&moment, &shown)), otherwise) {
                (Some(text), _) => *value = text,
                (None, Otherwise::Keep) => {
                    flow.context.note("a date is not written as expected; it was kept")
                }
                (None, Otherwise::Empty) => value.clear(),
                (None, Otherwise::Fail) => return Err(StepError::new("a date is not written as expected")),
            }
        }
        Ok(())
    }))
}

fn number(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 0, 1)?;
    let decimals: Option<usize> = arguments.first().map(|text| whole(text)).transpose()?;
    if decimals.is_some_and(|decimals| decimals > 15) {
        return Err("rounds to 15 decimals at most".to_owned());
    }
    each(move |text| {
        let point = text.trim().replace(',', ".");
        let sound = point.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
        match (point.parse::<f64>(), decimals) {
            (Ok(_), None) if sound => point,
            (Ok(value), Some(decimals)) if sound => format!("{value:.decimals$}"),
            _ => text,
        }
    })
}

fn hash(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 0, 1)?;
    let length: usize = arguments.first().map_or(Ok(16), |text| whole(text))?;
    if !(1..=64).contains(&length) {
        return Err("has 1 to 64 digits".to_owned());
    }
    each(move |text| {
        if text.is_empty() {
            return text;
        }
        let mut hex: String =
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        hex.truncate(length);
        hex
    })
}

fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if letter < ' ' => out.push_str(&format!("\\u{:04x}", letter as u32)),
            _ => out.push(letter),
        }
    }
    out
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // XML 1.0 has no place for other control characters.
            _ if letter < ' ' && !matches!(letter, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

fn csv(text: &str) -> String {
    if text.contains([',', ';', '\t', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

fn url(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn join(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 1, 1)?;
    let separator = arguments[0].replace("\\n", "\n");
    Ok(Arc::new(move |flow| {
        flow.values = vec![flow.values.join(&separator)];
        Ok(())
    }))
}

fn pick(arguments: &[String], last: bool) -> Result<Function, String> {
    some(arguments, 0, 0)?;
    Ok(Arc::new(move |flow| {
        let mut full = std::mem::take(&mut flow.values).into_iter().filter(|value| !value.is_empty());
        flow.values = if last { full.next_back() } else { full.next() }.into_iter().collect();
        Ok(())
    }))
}

fn count(arguments: &[String], _: &Surroundings<'_>) -> Result<Function, String> {
    some(arguments, 0, 0)?;
    Ok(Arc::new(|flow| {
        flow.values = vec![flow.values.len().to_string()];
        Ok(())
    }))
}
