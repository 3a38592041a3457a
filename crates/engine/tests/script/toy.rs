//! A format for tests: lines `key=value`; a key may come several times; `key=""` says there is no value.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use klinke_engine::document::{Document, DocumentError, Path, Value};
use klinke_engine::script::{Limits, Lookup, ScriptError, ScriptHost, ScriptStep, Sources};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};

#[derive(Clone, Debug)]
pub struct Toy(Vec<(String, String)>);

impl Toy {
    pub fn new(text: &str) -> Self {
        Toy(text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect())
    }
}

fn value(text: &str) -> Value<'_> {
    if text == "\"\"" { Value::Null } else { Value::from(text) }
}

impl Document for Toy {
    fn format(&self) -> &'static str {
        "toy"
    }
    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        if text.is_empty() || text.contains(' ') {
            return Err(DocumentError::new(format!("{text} is no path")));
        }
        Ok(Path::new(text, text.to_owned()))
    }
    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        let key: &String = path.compiled()?;
        Ok(self.0.iter().find(|(k, _)| k == key).map_or(Value::Absent, |(_, v)| value(v)))
    }
    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        let key: &String = path.compiled()?;
        Ok(self.0.iter().filter(|(k, _)| k == key).map(|(_, v)| value(v)).collect())
    }
    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let key: &String = path.compiled()?;
        if key == "fixed" {
            return Err(DocumentError::new("fixed cannot be set"));
        }
        let text = if value == Value::Null { "\"\"" } else { value.text() }.to_owned();
        match self.0.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = text,
            None => self.0.push((key.clone(), text)),
        }
        Ok(())
    }
    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        let key: &String = path.compiled()?;
        let before = self.0.len();
        self.0.retain(|(k, _)| k != key);
        Ok(before - self.0.len())
    }
    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        self.values(path).map(|values| values.len())
    }
    fn operate(
        &mut self,
        operation: &str,
        arguments: &[Cow<'_, str>],
    ) -> Result<Option<String>, DocumentError> {
        match (operation, arguments) {
            ("append", [key, value]) => {
                self.0.push((key.to_string(), value.to_string()));
                Ok(None)
            }
            ("join" | "insert" | "move" | "renumber", _) => {
                Ok(Some(format!("{operation}:{}", arguments.join("+"))))
            }
            _ => Err(DocumentError::new(format!("no operation {operation}; there are append, join"))),
        }
    }
    fn payload(&mut self) -> Result<Payload, DocumentError> {
        let text: String = self.0.iter().map(|(k, v)| format!("{k}={v}\n")).collect();
        Ok(Payload::new(text.into_bytes()))
    }
    fn fork(&self) -> Box<dyn Document> {
        Box::new(self.clone())
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The wards' table.
pub struct Wards;

impl Lookup for Wards {
    fn lookup(&self, table: &str, key: &str) -> Result<Option<String>, String> {
        if table != "wards" {
            return Err(format!("there is no table {table}"));
        }
        Ok((key == "3A").then(|| "RAD".to_owned()))
    }
}

pub fn envelope(id: u64) -> Envelope {
    Envelope {
        id: EnvelopeId(id),
        channel: ChannelId(1),
        version: VersionId(1),
        // 2026-03-01T08:15:00.250Z
        received: Timestamp(1_772_352_900_250_000),
        system: "kis".into(),
        peer: "127.0.0.1:4711".into(),
        format: "toy".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::default(),
    }
}

/// What a call gave, readable.
#[derive(Debug, PartialEq)]
pub enum Gave {
    One(String),
    Many(Vec<String>),
    End(String),
}

impl Gave {
    pub fn one(self) -> String {
        match self {
            Gave::One(text) => text,
            other => panic!("not one message: {other:?}"),
        }
    }
}

pub struct Call {
    pub gave: Result<Gave, StepError>,
    pub trace: Vec<String>,
    pub values: BTreeMap<String, String>,
}

pub fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

pub fn host() -> ScriptHost {
    ScriptHost::with_lookup(Limits::default(), Arc::new(Wards))
}

/// Compiles one file.
pub fn compile(text: &str) -> Result<ScriptStep, ScriptError> {
    host().compile(&sources(&[("channels/a.ts", text)]), "channels/a.ts")
}

/// Compiles one file that is right.
pub fn script(text: &str) -> ScriptStep {
    compile(text).unwrap_or_else(|error| panic!("{error}"))
}

pub fn call(step: &ScriptStep, id: u64, message: &str) -> Call {
    call_with(step, id, message, BTreeMap::new())
}

pub fn call_with(step: &ScriptStep, id: u64, message: &str, values: BTreeMap<String, String>) -> Call {
    let envelope = envelope(id);
    let mut context = Context::new(&envelope, "adt");
    context.values = values;
    let text =
        |mut document: Box<dyn Document>| String::from_utf8(document.payload().unwrap().to_vec()).unwrap();
    let gave = step.apply(&mut context, Box::new(Toy::new(message))).map(|gave| match gave {
        Yield::One(document) => Gave::One(text(document)),
        Yield::Many(documents) => Gave::Many(documents.into_iter().map(text).collect()),
        Yield::End(reason) => Gave::End(reason),
    });
    Call { gave, trace: context.trace, values: context.values }
}

/// Runs a script on a message and gives what it set at `out`.
pub fn eval(expression: &str) -> String {
    let text =
        format!("export default (msg, ctx) => {{ msg.set(\"out\", String({expression})); return msg; }};");
    let call = call(&script(&text), 7, "a=1\nb=2\nb=3\nn=\"\"\ne=\n");
    let message = call.gave.unwrap_or_else(|error| panic!("{error}; {:?}", call.trace)).one();
    message.lines().find_map(|line| line.strip_prefix("out=")).unwrap_or("").to_owned()
}

pub fn error(text: &str) -> (StepError, Vec<String>) {
    let call = call(&script(text), 7, "name=Mustermann\n");
    (call.gave.expect_err("an error"), call.trace)
}
