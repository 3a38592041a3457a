//! `msg`: a document as a script's object. Reading and setting go straight to the document.

use std::borrow::Cow;

use rquickjs::class::Trace;
use rquickjs::function::{Opt, Rest};
use rquickjs::{
    Class, Coerced, Ctx, Exception, FromJs, JsLifetime, Result, String as JsString, Value as JsValue,
};

use super::desk::{Desk, Refused};
use crate::document::{Document, DocumentError, Path, Value};

/// Most arguments of an operation.
const ARGUMENTS_MAX: usize = 32;

/// The class of `msg`.
#[derive(Trace, JsLifetime)]
#[rquickjs::class(rename = "Message")]
pub(super) struct Message {
    #[qjs(skip_trace)]
    document: Option<Box<dyn Document>>,
    #[qjs(skip_trace)]
    desk: Desk,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

impl Message {
    pub(super) fn new(document: Box<dyn Document>, desk: Desk) -> Self {
        Message { document: Some(document), desk }
    }

    /// Takes the document out; the script's object is empty from then on.
    pub(super) fn take(&mut self) -> Option<Box<dyn Document>> {
        self.document.take()
    }

    fn document(&mut self, ctx: &Ctx<'_>) -> Result<&mut dyn Document> {
        match &mut self.document {
            Some(document) => Ok(document.as_mut()),
            None => Err(Exception::throw_type(ctx, "this message was already handed on")),
        }
    }

    /// The document and a compiled path.
    fn at(&mut self, ctx: &Ctx<'_>, path: &str) -> Result<(&mut dyn Document, Path)> {
        let desk = self.desk.clone();
        let document = self.document(ctx)?;
        let compiled = desk.lock().path(document, path);
        match compiled {
            Ok(compiled) => Ok((document, compiled)),
            Err(error) => Err(refuse(ctx, &desk, error.to_string(), path)),
        }
    }

    fn run<'js>(&mut self, ctx: &Ctx<'js>, name: &str, arguments: &[JsValue<'js>]) -> Result<Option<String>> {
        if arguments.len() > ARGUMENTS_MAX {
            return Err(Exception::throw_range(ctx, "too many arguments"));
        }
        let arguments = arguments.iter().map(|value| text_of(ctx, value)).collect::<Result<Vec<_>>>()?;
        let desk = self.desk.clone();
        let document = self.document(ctx)?;
        document.operate(name, &arguments).map_err(|error| {
            let given = arguments.iter().map(Cow::as_ref).chain([name]).collect::<Vec<_>>().join("\n");
            refuse(ctx, &desk, error.to_string(), &given)
        })
    }
}

/// Throws an error of ours into the script, and remembers that it is ours.
pub(super) fn refuse(ctx: &Ctx<'_>, desk: &Desk, text: String, given: &str) -> rquickjs::Error {
    let error = Exception::throw_message(ctx, &text);
    desk.lock().refused = Some(Refused { text, given: given.to_owned() });
    error
}

fn refused<'a>(
    ctx: &'a Ctx<'_>,
    desk: &'a Desk,
    path: &'a str,
) -> impl Fn(DocumentError) -> rquickjs::Error + 'a {
    move |error| refuse(ctx, desk, error.to_string(), path)
}

/// A string, number or truth value as text. Objects are refused, so that no code of the script runs here.
fn text_of<'js>(ctx: &Ctx<'js>, value: &JsValue<'js>) -> Result<Cow<'static, str>> {
    if let Some(text) = value.as_string() {
        return Ok(Cow::Owned(text.to_string()?));
    }
    if let Some(truth) = value.as_bool() {
        return Ok(Cow::Borrowed(if truth { "true" } else { "false" }));
    }
    if value.is_number() || value.is_big_int() {
        return Ok(Cow::Owned(Coerced::<String>::from_js(ctx, value.clone())?.0));
    }
    if value.is_undefined() || value.is_null() {
        return Ok(Cow::Borrowed(""));
    }
    Err(Exception::throw_type(ctx, "a value must be text, a number or a truth value"))
}

#[rquickjs::methods]
impl Message {
    /// Scripts make no messages of their own; the constructor exists so that `instanceof` works.
    #[qjs(constructor)]
    fn construct(ctx: Ctx<'_>) -> Result<Self> {
        Err(Exception::throw_type(&ctx, "a message is made with msg.copy()"))
    }

    #[qjs(get)]
    fn format(&mut self, ctx: Ctx<'_>) -> Result<&'static str> {
        Ok(self.document(&ctx)?.format())
    }

    fn get<'js>(
        &mut self,
        ctx: Ctx<'js>,
        path: JsString<'js>,
        otherwise: Opt<JsValue<'js>>,
    ) -> Result<JsValue<'js>> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        let value = document.value(&compiled).map_err(refused(&ctx, &desk, path.as_str()))?;
        match otherwise.0 {
            Some(otherwise) if !value.is_text() && !otherwise.is_undefined() => Ok(otherwise),
            _ => Ok(JsString::from_str(ctx.clone(), value.text())?.into_value()),
        }
    }

    fn has<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>) -> Result<bool> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        Ok(document.value(&compiled).map_err(refused(&ctx, &desk, path.as_str()))?.is_text())
    }

    #[qjs(rename = "isNull")]
    fn is_null<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>) -> Result<bool> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        Ok(document.value(&compiled).map_err(refused(&ctx, &desk, path.as_str()))? == Value::Null)
    }

    fn all<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>) -> Result<Vec<String>> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        let values = document.values(&compiled).map_err(refused(&ctx, &desk, path.as_str()))?;
        Ok(values.iter().map(|value| value.text().to_owned()).collect())
    }

    fn set<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>, value: Opt<JsValue<'js>>) -> Result<()> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        let failed = refused(&ctx, &desk, path.as_str());
        let Some(value) = value.0 else { return document.set(&compiled, Value::Empty).map_err(failed) };
        if value.is_null() {
            return document.set(&compiled, Value::Null).map_err(failed);
        }
        if let Some(text) = value.as_string() {
            let text = text.clone().to_cstring()?;
            return document.set(&compiled, Value::from(text.as_str())).map_err(failed);
        }
        let text = text_of(&ctx, &value)?;
        document.set(&compiled, Value::from(&*text)).map_err(failed)
    }

    fn clear<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>) -> Result<()> {
        self.set(ctx, path, Opt(None))
    }

    #[qjs(rename = "delete")]
    fn delete<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>) -> Result<usize> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        document.delete(&compiled).map_err(refused(&ctx, &desk, path.as_str()))
    }

    fn count<'js>(&mut self, ctx: Ctx<'js>, path: JsString<'js>) -> Result<usize> {
        let path = path.to_cstring()?;
        let desk = self.desk.clone();
        let (document, compiled) = self.at(&ctx, path.as_str())?;
        document.count(&compiled).map_err(refused(&ctx, &desk, path.as_str()))
    }

    fn copy<'js>(&mut self, ctx: Ctx<'js>) -> Result<Class<'js, Message>> {
        let desk = self.desk.clone();
        let counted = desk.lock().count_copy();
        counted.map_err(|text| refuse(&ctx, &desk, text, ""))?;
        let copy = self.document(&ctx)?.fork();
        Class::instance(ctx, Message::new(copy, desk))
    }

    /// The payload as text: as the format decodes it when it can, else as UTF-8, else byte by byte.
    fn text(&mut self, ctx: Ctx<'_>) -> Result<String> {
        let desk = self.desk.clone();
        let document = self.document(&ctx)?;
        if let Ok(Some(text)) = document.operate("text", &[]) {
            return Ok(text);
        }
        let payload = document.payload().map_err(refused(&ctx, &desk, ""))?;
        Ok(match std::str::from_utf8(&payload) {
            Ok(text) => text.to_owned(),
            Err(_) => payload.iter().map(|&byte| char::from(byte)).collect(),
        })
    }

    fn operate<'js>(
        &mut self,
        ctx: Ctx<'js>,
        name: String,
        arguments: Rest<JsValue<'js>>,
    ) -> Result<Option<String>> {
        self.run(&ctx, &name, &arguments.0)
    }

    fn insert<'js>(&mut self, ctx: Ctx<'js>, arguments: Rest<JsValue<'js>>) -> Result<Option<String>> {
        self.run(&ctx, "insert", &arguments.0)
    }

    #[qjs(rename = "move")]
    fn move_<'js>(&mut self, ctx: Ctx<'js>, arguments: Rest<JsValue<'js>>) -> Result<Option<String>> {
        self.run(&ctx, "move", &arguments.0)
    }

    fn append<'js>(&mut self, ctx: Ctx<'js>, arguments: Rest<JsValue<'js>>) -> Result<Option<String>> {
        self.run(&ctx, "append", &arguments.0)
    }

    fn renumber<'js>(&mut self, ctx: Ctx<'js>, arguments: Rest<JsValue<'js>>) -> Result<Option<String>> {
        self.run(&ctx, "renumber", &arguments.0)
    }
}
