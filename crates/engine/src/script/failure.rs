//! From a JavaScript exception to an error that may be logged.
//!
//! What a script throws may hold patient data (`throw new Error(msg.get(…))`). So an error's text holds
//! the exception's class and, only when that is safe, its message: a sentence that stands as a constant
//! in the script, an error of ours, or one of the engine's own sentences whose names stand in the
//! script. The whole message goes into the envelope's trace, which is shown and never logged.

use rquickjs::{Ctx, Value};

use super::desk::{Desk, Refused};
use super::error::ScriptError;
use super::program::Program;

/// An exception, taken apart.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub(super) name: String,
    pub(super) message: String,
    pub(super) stack: String,
    is_error: bool,
    is_null: bool,
}

/// The engine's sentences: what stands before and after a name of the script.
const SENTENCES: [(&str, &str); 11] = [
    ("cannot read property '", "' of undefined"),
    ("cannot read property '", "' of null"),
    ("cannot set property '", "' of undefined"),
    ("cannot set property '", "' of null"),
    ("'", "' is read-only"),
    ("", " is not defined"),
    ("", " is not initialized"),
    ("", " is not a function"),
    ("", " is not a constructor"),
    ("private class field '", "' does not exist"),
    ("", " is not iterable"),
];

/// The engine's sentences and ours without any name in them.
const FIXED: [&str; 21] = [
    "not a function",
    "not a constructor",
    "not an object",
    "not iterable",
    "out of memory",
    "stack overflow",
    "Maximum call stack size exceeded",
    "interrupted",
    "invalid array length",
    "invalid string length",
    "string too long",
    "object is not extensible",
    "cannot convert to object",
    "cannot convert symbol to string",
    "value is not iterable",
    "Date value is NaN",
    "this message was already handed on",
    "a message is made with msg.copy()",
    "a value must be text, a number or a truth value",
    "code cannot be made from text",
    "built-in objects cannot be changed",
];

const CLASSES: [&str; 9] = [
    "Error",
    "TypeError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "EvalError",
    "URIError",
    "InternalError",
    "AggregateError",
];

impl Failure {
    /// Takes the pending exception out of the context.
    pub(super) fn catch(ctx: &Ctx<'_>, error: &rquickjs::Error) -> Failure {
        if !error.is_exception() {
            return Failure {
                name: "TypeError".to_owned(),
                message: error.to_string(),
                ..Failure::default()
            };
        }
        Failure::of(&ctx.catch())
    }

    /// Takes a thrown value apart. Getters of the script may run; what they throw is dropped.
    pub(super) fn of(value: &Value<'_>) -> Failure {
        let ctx = value.ctx();
        if value.is_null() {
            let message = "null".to_owned();
            return Failure { message, is_null: true, ..Failure::default() };
        }
        let Some(object) = value.as_object().filter(|object| object.is_error()) else {
            let message = value.as_string().and_then(|text| text.to_string().ok()).unwrap_or_default();
            return Failure { message, ..Failure::default() };
        };
        let text = |key: &str| {
            let got: rquickjs::Result<Option<rquickjs::String<'_>>> = object.get(key);
            let text = got.and_then(|text| text.map(|text| text.to_string()).transpose());
            text.unwrap_or_else(|_| {
                ctx.catch();
                None
            })
        };
        Failure {
            name: text("name").unwrap_or_default(),
            message: text("message").unwrap_or_default(),
            stack: text("stack").unwrap_or_default(),
            is_error: true,
            is_null: false,
        }
    }

    /// True when the memory was used up.
    pub(super) fn is_exhaustion(&self) -> bool {
        self.is_error && self.message == "out of memory"
    }

    /// True when the runtime is not to be used again: the engine throws null when it has no memory even
    /// for an error.
    pub(super) fn is_unsound(&self) -> bool {
        self.is_exhaustion() || self.is_null
    }

    /// The text that may be logged.
    pub(super) fn safe_text(&self, program: &Program, desk: &Desk) -> String {
        if self.is_null {
            return "the script threw null, or had no memory left".to_owned();
        }
        if !self.is_error {
            if !self.message.is_empty() && program.throws(&self.message) {
                return self.message.clone();
            }
            return "the script threw a value that is no Error (the trace shows it)".to_owned();
        }
        let named = CLASSES.contains(&self.name.as_str()) || is_word_of(program, &self.name);
        let class = if named { self.name.as_str() } else { "Error" };
        let refused = desk.lock().refused.clone();
        match refused.filter(|refused| refused.text == self.message) {
            Some(Refused { text, given }) => {
                let known = given.lines().all(|part| program.contains(part));
                if known {
                    text
                } else {
                    format!("{class} about a path or value that the script made (the trace shows it)")
                }
            }
            None if self.is_safe(program) => format!("{class}: {}", self.message),
            None => format!("{class} (the trace shows its message)"),
        }
    }

    fn is_safe(&self, program: &Program) -> bool {
        let message = self.message.as_str();
        FIXED.contains(&message)
            || program.throws(message)
            || SENTENCES.iter().any(|(before, after)| {
                let name = message.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                name.is_some_and(|name| is_word_of(program, name))
            })
    }

    /// The whole, for the trace.
    pub(super) fn whole_text(&self) -> String {
        let stack = self.stack.trim_end();
        let name = if self.name.is_empty() { "" } else { &format!("{}: ", self.name) };
        let joint = if stack.is_empty() { "" } else { "\n" };
        format!("{name}{}{joint}{stack}", self.message)
    }

    /// The innermost place of the script that the stack names.
    pub(super) fn place(&self, program: &Program) -> Option<String> {
        self.stack.lines().find_map(|frame| {
            let (file, line, column) = frame_place(frame)?;
            program.place(file, line, column)
        })
    }

    /// The same as an error of the script's text.
    pub(super) fn script_error(&self, program: &Program, desk: &Desk) -> ScriptError {
        let place = self.place(program).unwrap_or_else(|| format!("{}:1:1", program.entry));
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next().and_then(|text| text.parse().ok()).unwrap_or(1);
        let line = parts.next().and_then(|text| text.parse().ok()).unwrap_or(1);
        let file = parts.next().unwrap_or(&program.entry).to_owned();
        // A file's own syntax error holds its own words alone.
        let syntax = self.name == "SyntaxError";
        let text = if syntax { self.message.clone() } else { self.safe_text(program, desk) };
        ScriptError { file, line, column, text }
    }
}

/// True when the name is a word of the script.
fn is_word_of(program: &Program, name: &str) -> bool {
    !name.is_empty() && program.has_word(name)
}

/// File, line and column of a stack's frame: `    at name (file:line:column)` or `    at file:line:column`.
fn frame_place(frame: &str) -> Option<(&str, u32, u32)> {
    let frame = frame.trim().strip_suffix(')').unwrap_or(frame.trim());
    let (rest, column) = frame.rsplit_once(':')?;
    let (rest, line) = rest.rsplit_once(':')?;
    let file = rest.rsplit_once('(').map_or_else(|| rest.trim_start_matches("at "), |(_, file)| file);
    Some((file.trim(), line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read() {
        assert_eq!(frame_place("    at f (channels/a.ts:3:14)"), Some(("channels/a.ts", 3, 14)));
        assert_eq!(frame_place("    at channels/a.ts:3:14"), Some(("channels/a.ts", 3, 14)));
        assert_eq!(frame_place("    at get (native)"), None);
        assert_eq!(frame_place(""), None);
    }
}
