//! One call: what describes it, and how it is read and answered.
//!
//! A call takes one object, whose fields come from the path, the query (GET and DELETE) and the body (POST and
//! PUT), and which is known by one type with one schema. Fields that the schema does not know are refused
//! (mass assignment), as is whatever breaks its limits.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::check;
use super::problem::Problem;
use crate::house::request::Request as House;
use crate::people::Right;
use crate::web::{Console, Fault, Visitor};

/// The longest body: a changed message in base64 fits in.
pub const BODY_BYTES_MAX: usize = 512 << 10;
/// How long its bytes may take to come.
const BODY_LIMIT: Duration = Duration::from_secs(10);
/// The most parameters of an address.
const PARAMETERS_MAX: usize = 50;
/// Calls that are worked on at a time.
const CALLS_MAX: usize = 16;
/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

static ROOM: Semaphore = Semaphore::const_new(CALLS_MAX);

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Looks.
    Get,
    /// Does something.
    Post,
    /// Sets something.
    Put,
    /// Takes something away.
    Delete,
}

impl Method {
    /// As OpenAPI writes it.
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Delete => "delete",
        }
    }

    /// As the router takes it.
    pub fn filter(self) -> MethodFilter {
        match self {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Delete => MethodFilter::DELETE,
        }
    }

    /// True when its fields come in a body.
    pub fn has_body(self) -> bool {
        matches!(self, Method::Post | Method::Put)
    }
}

/// What a call takes, and what it answers.
pub trait Ask: DeserializeOwned + JsonSchema + Send + 'static {
    /// The answer's shape.
    type Answer: JsonSchema;

    /// Asks the house.
    fn run(
        self,
        console: Console,
        visitor: Visitor,
    ) -> impl Future<Output = Result<Value, Fault>> + Send + 'static;
}

/// The usual one: one request of the house, and its answer as it is.
pub trait Plain: DeserializeOwned + JsonSchema + Send + 'static {
    /// The answer's shape.
    type Answer: JsonSchema;

    /// What the house is asked.
    fn request(self) -> Result<House, Fault>;
}

impl<T: Plain> Ask for T {
    type Answer = <T as Plain>::Answer;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        console.ask(&visitor, self.request()?).await
    }
}

type Work = Pin<Box<dyn Future<Output = Result<Value, Fault>> + Send>>;

/// One call.
pub struct Call {
    /// Its name, for programs that are generated from the description.
    pub name: &'static str,
    /// How it goes.
    pub method: Method,
    /// Its path below the API's.
    pub path: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The right that it asks for.
    pub right: Right,
    /// The schema of what it takes.
    pub input: Value,
    /// The schema of its answer.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    work: fn(Value, Console, Visitor) -> Work,
}

/// Describes a call.
pub fn call<A: Ask>(
    name: &'static str,
    method: Method,
    path: &'static str,
    right: Right,
    about: &'static str,
) -> Call {
    Call {
        name,
        method,
        path,
        about,
        right,
        input: input::<A>(),
        answer: |generator| generator.subschema_for::<A::Answer>(),
        work: |value, console, visitor| match serde_json::from_value::<A>(value) {
            Ok(asked) => Box::pin(asked.run(console, visitor)),
            // What the schema lets through and the type does not; its own words would repeat values.
            Err(_) => Box::pin(async { Err(Fault::wrong("what was sent is not as it is described")) }),
        },
    }
}

/// The schema of a type that is read, whole in itself. What may be absent is absent, never null.
fn input<A: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = Contract::Deserialize;
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<A>().to_value();
    without_null(&mut schema);
    schema
}

fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(without_null),
        Value::Object(object) => {
            if let Some(Value::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [one] = kinds.as_slice() {
                    let one = one.clone();
                    object.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(all)) = object.get_mut("enum") {
                all.retain(|one| !one.is_null());
            }
            if let Some(Value::Array(all)) = object.get_mut("anyOf") {
                all.retain(|one| one["type"] != "null");
                if let [Value::Object(one)] = all.as_slice() {
                    let one = one.clone();
                    object.remove("anyOf");
                    object.extend(one);
                }
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            object.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

impl Call {
    /// The names of the fields that stand in its path.
    pub fn in_path(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('{').skip(1).filter_map(|part| part.split('}').next())
    }

    /// The fields that it takes, each with its schema.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.input["properties"].as_object().into_iter().flatten()
    }

    /// The names of those that come in the body.
    pub fn in_body(&self) -> Vec<&str> {
        let in_path: Vec<&str> = self.in_path().collect();
        let all = self.fields().map(|(name, _)| name.as_str());
        if self.method.has_body() { all.filter(|name| !in_path.contains(name)).collect() } else { Vec::new() }
    }
}

/// What is sent, before anything of its body is read.
pub struct Raw {
    path: Result<Vec<(String, String)>, ()>,
    request: Request,
}

impl FromRequest<Console> for Raw {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, console: &Console) -> Result<Raw, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let path = RawPathParams::from_request_parts(&mut parts, console).await;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let path = path.map(|path| path.iter().map(owned).collect()).map_err(|_| ());
        Ok(Raw { path, request: Request::from_parts(parts, body) })
    }
}

/// Answers a call.
pub async fn answer(call: &'static Call, console: Console, visitor: Visitor, raw: Raw) -> Response {
    match worked(call, console, visitor, raw).await {
        Ok(value) => ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn worked(call: &'static Call, console: Console, visitor: Visitor, raw: Raw) -> Result<Value, Problem> {
    // A cookie goes along whoever made a browser send something; a token does not.
    if call.method != Method::Get && visitor.session.is_some() {
        return Err(Problem::new(StatusCode::FORBIDDEN, "a session may only look: come with a token"));
    }
    let turn = tokio::time::timeout(PATIENCE, ROOM.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many calls at once: come again"));
    };
    let value = given(call, raw).await?;
    check::check(&call.input, &value)
        .map_err(|wrong| Problem::new(StatusCode::BAD_REQUEST, wrong.to_string()))?;
    (call.work)(value, console, visitor).await.map_err(Problem::from)
}

/// All that was given, as one object.
async fn given(call: &'static Call, raw: Raw) -> Result<Value, Problem> {
    let wrong = |text: &str| Problem::new(StatusCode::BAD_REQUEST, text);
    let path = raw.path.map_err(|()| wrong("the path is no text"))?;
    let query = raw.request.uri().query().unwrap_or_default().to_owned();
    let mut object = match call.in_body().is_empty() {
        true => Map::new(),
        false => body(raw.request).await?,
    };
    let named: Vec<&str> = call.in_path().collect();
    if object.keys().any(|name| named.contains(&name.as_str())) {
        return Err(wrong("what was sent: has a field that stands in the path"));
    }
    for (name, text) in path {
        let value = typed(call, &name, text)?;
        object.insert(name, value);
    }
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).take(PARAMETERS_MAX + 1).collect();
    if pairs.len() > PARAMETERS_MAX || (call.method.has_body() && !pairs.is_empty()) {
        return Err(wrong("the address has parameters that are not known"));
    }
    for (name, text) in pairs {
        let value = typed(call, &name, text.into_owned())?;
        if object.insert(name.into_owned(), value).is_some() {
            return Err(wrong("the address has a parameter twice"));
        }
    }
    let mut value = Value::Object(object);
    whole_numbers(&mut value);
    Ok(value)
}

/// A text of the address in the type of its field.
fn typed(call: &Call, name: &str, text: String) -> Result<Value, Problem> {
    let schema = &call.input["properties"][name];
    let found = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        Some(_) => Some(Value::String(text)),
        None if schema.is_object() => Some(Value::String(text)),
        None => None,
    };
    found.ok_or_else(|| {
        // A name that is not known is what somebody sent, and is not repeated.
        let detail = match schema.is_object() {
            true => format!("/{name}: must be {}", schema["type"].as_str().unwrap_or("something else")),
            false => "the address has a parameter that is not known".to_owned(),
        };
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

async fn body(request: Request) -> Result<Map<String, Value>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json"));
    }
    let bytes = tokio::time::timeout(BODY_LIMIT, to_bytes(request.into_body(), BODY_BYTES_MAX)).await;
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let long = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
    let bytes = bytes.map_err(late)?.map_err(long)?;
    // Nesting is bounded by the reader (128 levels); its own words would repeat what was sent.
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "what was sent: must be object")),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body is no JSON at {place}")))
        }
    }
}

/// `1.0` is a whole number to JSON, and none to types.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(whole_numbers),
        Value::Object(object) => object.values_mut().for_each(whole_numbers),
        Value::Number(number) if number.is_f64() => {
            // All that 64 bits hold: beyond 2^53 every such number is whole.
            match number.as_f64().filter(|one| one.fract() == 0.0) {
                Some(whole) if (0.0..2f64.powi(64)).contains(&whole) => *value = Value::from(whole as u64),
                Some(whole) if (-(2f64.powi(63))..0.0).contains(&whole) => *value = Value::from(whole as i64),
                _ => {}
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_without_a_fraction_are_whole_whatever_their_size() {
        let mut value = json!([1.0, { "a": 9007199254740990.0 }, 1e18, -7.0, -1e18, 1.5, 1e20, -1e19, "1.0"]);
        whole_numbers(&mut value);
        let whole = json!([
            1, { "a": 9_007_199_254_740_990_u64 }, 1_000_000_000_000_000_000_u64, -7, -1_000_000_000_000_000_000_i64,
            1.5, 1e20, -1e19, "1.0"
        ]);
        assert_eq!(value, whole);
    }
}
