//! Conditions over a document, as `only`, `except` and `when` have them.
//!
//! | written | holds when |
//! |---|---|
//! | `"MSH-9.1" = "ADT"`, `["ADT", "ORU"]` | the value is that, or one of these; `""` is no value |
//! | `"P" = { not = ["A", "B"] }` | it is none of these |
//! | `"P" = { in = "wards" }` | the table has a row for it |
//! | `"P" = { matches = "^7[0-9]+$" }` | the regular expression matches somewhere in it |
//! | `"P" = { starts = "7" }`, `contains`, `ends` | it does so; a list: one of them |
//! | `"P" = { exists = true }` | there is something: a value, a null, or the whole part |
//! | `"P" = { empty = true }` | there is no value (absent, empty or null) |
//! | `"P" = { null = true }` | it is said that there is no value |
//! | `"$name" = …`, `"{PID-5|upper}" = …` | the same of a kept value, of a template |
//! | `any = [{ … }, { … }]`, `all = [ … ]`, `not = { … }` | one of them, each of them, none of it |
//!
//! All lines of a table must hold, and all tests of one line. A path with `[*]` names several values: a
//! test holds when it holds for one of them, its negation (`not`, `exists = false`, …) when for none.

use std::fmt;
use std::sync::Arc;

use regex::Regex;

use super::spec::{self, Spec, SpecError};
use crate::document::{Document, Path, Value};
use crate::step::{Context, StepError};
use crate::table::Table;
use crate::template::{Surroundings, Template, names_many};

/// A compiled condition.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Each must hold.
    All(Vec<Condition>),
    /// One must hold.
    Any(Vec<Condition>),
    /// It must not hold.
    Not(Box<Condition>),
    /// A test of values.
    Test(Box<Subject>, Test),
}

/// What a test looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// What stands at a path; several when true.
    Path(Path, bool),
    /// A value that an earlier step left.
    Kept(String),
    /// A template's text.
    Template(Template),
}

/// A test of one value.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Test {
    OneOf(Vec<String>),
    In(Arc<Table>, String),
    Matches(Regex),
    Contains(Vec<String>),
    Starts(Vec<String>),
    Ends(Vec<String>),
    Exists,
    Empty,
    Null,
}

impl Condition {
    /// Compiles a condition's table.
    pub fn compile(spec: &Spec, surroundings: &Surroundings<'_>) -> Result<Condition, SpecError> {
        Self::nested(spec, surroundings, 0)
    }

    fn nested(spec: &Spec, surroundings: &Surroundings<'_>, depth: u8) -> Result<Condition, SpecError> {
        if depth > 16 {
            return Err(SpecError::here("conditions are nested too deeply"));
        }
        let several =
            |value: &Spec| spec::one_or_list(value, |one| Self::nested(one, surroundings, depth + 1));
        let mut all = spec::entries(spec, |key, value| {
            Ok(match key {
                "any" => Condition::Any(several(value)?),
                "all" => Condition::All(several(value)?),
                "not" => Condition::Not(Box::new(Self::nested(value, surroundings, depth + 1)?)),
                _ => Self::line(key, value, surroundings)?,
            })
        })?;
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    fn line(key: &str, value: &Spec, surroundings: &Surroundings<'_>) -> Result<Condition, SpecError> {
        let subject = Subject::compile(key, surroundings)?;
        let toml::Value::Table(_) = value else {
            return Ok(Condition::Test(
                Box::new(subject),
                Test::OneOf(spec::one_or_list(value, spec::text)?),
            ));
        };
        let mut all = spec::entries(value, |name, value| {
            let (test, wanted) = Test::compile(name, value, surroundings)?;
            let condition = Condition::Test(Box::new(subject.clone()), test);
            Ok(if wanted { condition } else { Condition::Not(Box::new(condition)) })
        })?;
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    /// True when it holds for the document.
    pub fn holds(&self, context: &mut Context<'_>, document: &dyn Document) -> Result<bool, StepError> {
        Ok(match self {
            Condition::All(all) => {
                for one in all {
                    if !one.holds(context, document)? {
                        return Ok(false);
                    }
                }
                true
            }
            Condition::Any(any) => {
                for one in any {
                    if one.holds(context, document)? {
                        return Ok(true);
                    }
                }
                false
            }
            Condition::Not(inner) => !inner.holds(context, document)?,
            Condition::Test(subject, test) => subject.any(context, document, test)?,
        })
    }
}

/// As a sentence's part, without values of the document: `MSH-9.1 is ADT`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, all: &[Condition], word: &str| {
            for (at, one) in all.iter().enumerate() {
                if at > 0 {
                    write!(f, " {word} ")?;
                }
                match one {
                    Condition::All(_) | Condition::Any(_) => write!(f, "({one})")?,
                    _ => write!(f, "{one}")?,
                }
            }
            Ok(())
        };
        match self {
            Condition::All(all) => join(f, all, "and"),
            Condition::Any(any) => join(f, any, "or"),
            Condition::Not(inner) => write!(f, "not ({inner})"),
            Condition::Test(subject, test) => write!(f, "{subject} {test}"),
        }
    }
}

impl Subject {
    fn compile(key: &str, surroundings: &Surroundings<'_>) -> Result<Subject, SpecError> {
        if let Some(name) = key.strip_prefix('$') {
            return Ok(Subject::Kept(name.to_owned()));
        }
        if key.contains('{') {
            let template = Template::compile(key, surroundings);
            return template.map(Subject::Template).map_err(|error| SpecError::here(error.to_string()));
        }
        Ok(Subject::Path(spec::path_of(key, surroundings)?, names_many(key)))
    }

    fn any(
        &self,
        context: &mut Context<'_>,
        document: &dyn Document,
        test: &Test,
    ) -> Result<bool, StepError> {
        Ok(match self {
            Subject::Path(path, false) => test.holds(&document.value(path)?),
            Subject::Path(path, true) => {
                let values = document.values(path)?;
                // Nothing at all is empty too, and is "no value".
                if values.is_empty() {
                    test.holds(&Value::Absent)
                } else {
                    values.iter().any(|v| test.holds(v))
                }
            }
            Subject::Kept(name) => {
                test.holds(&Value::from(context.values.get(name).map_or("", String::as_str)))
            }
            Subject::Template(template) => test.holds(&Value::from(template.render(context, document)?)),
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Path(path, _) => f.write_str(path.text()),
            Subject::Kept(name) => write!(f, "${name}"),
            Subject::Template(template) => f.write_str(template.text()),
        }
    }
}

impl Test {
    /// Compiles one test; false with it when its negation is meant.
    fn compile(name: &str, value: &Spec, surroundings: &Surroundings<'_>) -> Result<(Test, bool), SpecError> {
        let texts = || {
            let texts = spec::one_or_list(value, spec::text)?;
            if texts.iter().any(String::is_empty) {
                return Err(SpecError::here("an empty text is part of every text"));
            }
            Ok(texts)
        };
        Ok(match name {
            "is" => (Test::OneOf(spec::one_or_list(value, spec::text)?), true),
            "not" => (Test::OneOf(spec::one_or_list(value, spec::text)?), false),
            "in" | "not-in" => {
                let table = spec::text(value)?;
                let (found, _) =
                    spec::find_table(surroundings.tables, &table, None).map_err(SpecError::here)?;
                (Test::In(found, table), name == "in")
            }
            "matches" => {
                let pattern = spec::text(value)?;
                let regex = crate::template::compile_regex(&pattern).map_err(SpecError::here)?;
                (Test::Matches(regex), true)
            }
            "contains" => (Test::Contains(texts()?), true),
            "starts" => (Test::Starts(texts()?), true),
            "ends" => (Test::Ends(texts()?), true),
            "exists" => (Test::Exists, spec::flag(value)?),
            "empty" => (Test::Empty, spec::flag(value)?),
            "null" => (Test::Null, spec::flag(value)?),
            _ => {
                const TESTS: [&str; 11] = [
                    "is", "not", "in", "not-in", "matches", "contains", "starts", "ends", "exists", "empty",
                    "null",
                ];
                let hint = match spec::nearest(name, TESTS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", TESTS.join(", ")),
                };
                return Err(SpecError::here(format!("this test does not exist; {hint}")));
            }
        })
    }

    fn holds(&self, value: &Value<'_>) -> bool {
        let text = value.text();
        match self {
            Test::OneOf(texts) => texts.iter().any(|one| one == text),
            Test::In(table, _) => table.contains(text),
            Test::Matches(regex) => regex.is_match(text),
            Test::Contains(texts) => texts.iter().any(|one| text.contains(one.as_str())),
            Test::Starts(texts) => texts.iter().any(|one| text.starts_with(one.as_str())),
            Test::Ends(texts) => texts.iter().any(|one| text.ends_with(one.as_str())),
            Test::Exists => matches!(value, Value::Text(_) | Value::Null),
            Test::Empty => !value.is_text(),
            Test::Null => matches!(value, Value::Null),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |texts: &[String]| match texts {
            [one] if one.is_empty() => "empty".to_owned(),
            texts => texts.join(" or "),
        };
        match self {
            Test::OneOf(texts) => write!(f, "is {}", list(texts)),
            Test::In(_, table) => write!(f, "is in table {table}"),
            Test::Matches(regex) => write!(f, "matches {}", regex.as_str()),
            Test::Contains(texts) => write!(f, "contains {}", list(texts)),
            Test::Starts(texts) => write!(f, "starts with {}", list(texts)),
            Test::Ends(texts) => write!(f, "ends with {}", list(texts)),
            Test::Exists => f.write_str("exists"),
            Test::Empty => f.write_str("is empty"),
            Test::Null => f.write_str("is null"),
        }
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
