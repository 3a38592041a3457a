//! The functions of ours that `bootstrap.js` builds `ctx`, `console`, `Date` and the module `klinke` on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rquickjs::function::Opt;
use rquickjs::{Ctx, Exception, Function, IntoJs, Object, Result, TypedArray, Value as JsValue};
use sha2::{Digest, Sha256};

use super::desk::{Desk, Papers};
use super::message::refuse;
use super::{dates, desk};

/// The object that holds them all.
pub(super) fn natives<'js>(ctx: &Ctx<'js>, desk: &Desk) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    envelope(ctx, &object, desk)?;
    values(ctx, &object, desk)?;
    helpers(ctx, &object)?;
    Ok(object)
}

fn envelope<'js>(ctx: &Ctx<'js>, object: &Object<'js>, desk: &Desk) -> Result<()> {
    read(ctx, object, desk, "now", |papers| papers.received.0.div_euclid(1000) as f64)?;
    read(ctx, object, desk, "random", Papers::random)?;
    read(ctx, object, desk, "nextUuid", Papers::next_uuid)?;
    read(ctx, object, desk, "id", |papers| papers.number().to_string())?;
    read(ctx, object, desk, "channel", |papers| papers.channel.to_string())?;
    read(ctx, object, desk, "system", |papers| papers.system.to_string())?;
    read(ctx, object, desk, "peer", |papers| papers.peer.to_string())?;
    read(ctx, object, desk, "format", |papers| papers.format.to_string())?;
    let on = desk.clone();
    object.set("note", Function::new(ctx.clone(), move |text: String| on.lock().note(&text))?)
}

/// Adds a function without arguments.
fn read<'js, T: IntoJs<'js> + 'js>(
    ctx: &Ctx<'js>,
    object: &Object<'js>,
    desk: &Desk,
    name: &str,
    get: impl Fn(&mut Papers) -> T + Send + 'static,
) -> Result<()> {
    let desk = desk.clone();
    object.set(name, Function::new(ctx.clone(), move || get(&mut desk.lock()))?)
}

fn values<'js>(ctx: &Ctx<'js>, object: &Object<'js>, desk: &Desk) -> Result<()> {
    let on = desk.clone();
    let value = move |key: String| on.lock().values.get(&key).cloned();
    object.set("value", Function::new(ctx.clone(), value)?)?;
    let on = desk.clone();
    let set = move |ctx: Ctx<'js>, key: String, value: JsValue<'js>| -> Result<()> {
        if value.is_undefined() || value.is_null() {
            on.lock().delete_value(&key);
            return Ok(());
        }
        let Some(text) = value.as_string() else {
            return Err(Exception::throw_type(&ctx, "ctx.values holds text alone"));
        };
        let text = text.to_string()?;
        let done = on.lock().set_value(&key, text);
        done.map_err(|text| refuse(&ctx, &on, text, ""))
    };
    object.set("setValue", Function::new(ctx.clone(), set)?)?;
    let on = desk.clone();
    let delete = move |key: String| on.lock().delete_value(&key);
    object.set("deleteValue", Function::new(ctx.clone(), delete)?)?;
    read(ctx, object, desk, "valueKeys", |papers| papers.values.keys().cloned().collect::<Vec<_>>())?;
    let on = desk.clone();
    let lookup = move |ctx: Ctx<'js>, table: String, key: String| -> Result<Option<String>> {
        let found = on.lock().lookup(&table, &key);
        found.map_err(|text| refuse(&ctx, &on, text, &table))
    };
    object.set("lookup", Function::new(ctx.clone(), lookup)?)
}

fn helpers<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    let parse = |text: String, pattern: String| dates::parse(&text, &pattern);
    object.set("parseDate", Function::new(ctx.clone(), parse)?)?;
    let format = |parts: Vec<u32>, pattern: String| dates::format(&parts, &pattern);
    object.set("formatDate", Function::new(ctx.clone(), format)?)?;
    let base64 =
        |ctx: Ctx<'js>, data: JsValue<'js>| Ok::<_, rquickjs::Error>(STANDARD.encode(bytes(&ctx, &data)?));
    object.set("base64", Function::new(ctx.clone(), base64)?)?;
    let decode = |ctx: Ctx<'js>, text: String| TypedArray::<u8>::new(ctx.clone(), unbase64(&ctx, &text)?);
    object.set("unbase64", Function::new(ctx.clone(), decode)?)?;
    let decode_text = |ctx: Ctx<'js>, text: String| {
        String::from_utf8(unbase64(&ctx, &text)?)
            .map_err(|_| Exception::throw_range(&ctx, "the decoded bytes are not UTF-8 text"))
    };
    object.set("unbase64Text", Function::new(ctx.clone(), decode_text)?)?;
    let sha256 = |ctx: Ctx<'js>, data: JsValue<'js>| -> Result<String> {
        Ok(Sha256::digest(bytes(&ctx, &data)?).iter().map(|byte| format!("{byte:02x}")).collect())
    };
    object.set("sha256", Function::new(ctx.clone(), sha256)?)?;
    let uuid = |name: String, _: Opt<JsValue<'js>>| desk::uuid(&name);
    object.set("uuid", Function::new(ctx.clone(), uuid)?)
}

/// The bytes of text (UTF-8) or of a `Uint8Array`.
fn bytes<'js>(ctx: &Ctx<'js>, data: &JsValue<'js>) -> Result<Vec<u8>> {
    if let Some(text) = data.as_string() {
        return Ok(text.to_string()?.into_bytes());
    }
    let array = data.as_object().and_then(|object| TypedArray::<u8>::from_object(object.clone()).ok());
    let Some(array) = array else {
        return Err(Exception::throw_type(ctx, "text or a Uint8Array is needed"));
    };
    // Byte by byte: a view of the whole would be unsound if the script's code ran meanwhile.
    (0..array.len()).map(|at| array.as_object().get::<_, u8>(u32::try_from(at).unwrap_or(u32::MAX))).collect()
}

/// Decodes base64; white space between is skipped, as it is wrapped in messages.
fn unbase64(ctx: &Ctx<'_>, text: &str) -> Result<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| Exception::throw_range(ctx, "the text is not base64"))
}
