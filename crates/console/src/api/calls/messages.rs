//! Messages: found, listed, opened, read, changed as a text.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::given::{LINES_MAX, Page, lines, time};
use super::state::Words;
use crate::api::call::{Ask, Plain};
use crate::audit::trail;
use crate::house::alter::Alteration;
use crate::house::reading::Reading;
use crate::house::request::{Find, Request};
use crate::house::view::{Message, MessageLine, Stage, together};
use crate::people::{Actor, Places};
use crate::web::{Console, Fault, Visitor};

/// How a message stands.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum State {
    Unrouted,
    Filtered,
    Failed,
    Waiting,
    Dead,
    Delivered,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Unrouted => "unrouted",
            State::Filtered => "filtered",
            State::Failed => "failed",
            State::Waiting => "waiting",
            State::Dead => "dead",
            State::Delivered => "delivered",
        }
    }
}

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Only this channel's.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
    /// Only from this system.
    #[schemars(length(min = 1, max = 100))]
    system: Option<String>,
    /// Only those that stand so.
    state: Option<State>,
    /// By what `value` is looked for: `patient`, `case`, `order`, `control`, `event`, or a path that the site
    /// keeps. `patient` when absent.
    #[schemars(length(min = 1, max = 100))]
    key: Option<String>,
    /// The value of the key; one that ends in `*` is a beginning.
    #[schemars(length(min = 1, max = 200))]
    value: Option<String>,
    /// Text within, where the site keeps it.
    #[schemars(length(min = 1, max = 200))]
    text: Option<String>,
    /// Received at or after.
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// Received before.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Only below this number: `next` of the page before.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_u64))]
    before: Option<u64>,
    /// Lines at most.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Ask for Search {
    type Answer = Page<MessageLine>;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let key = self.key.unwrap_or_else(|| "patient".to_owned());
        let find = Find {
            channel: self.channel,
            system: self.system,
            state: self.state.map(|state| state.name().to_owned()),
            keys: self.value.map(|value| (key, value)).into_iter().collect(),
            text: self.text,
            from: time(self.from.as_deref())?,
            until: time(self.until.as_deref())?,
            beyond: self.before,
            oldest_first: false,
            limit: self.limit,
        };
        let (items, last) = page(&console, &visitor, find).await?;
        Ok(json!(Page { next: last.filter(|(_, is_full)| *is_full).map(|(last, _)| last), items }))
    }
}

/// Which arrivals.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    /// Only this channel's.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
    /// Only above this number: `next` of the page before; 0 begins with the first that is kept.
    #[serde(default)]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_u64))]
    after: u64,
    /// Lines at most.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Ask for Arrivals {
    type Answer = Page<MessageLine>;

    /// Whoever asks again with `next` misses none and gets none twice, also when nothing new has come.
    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let find = Find {
            channel: self.channel,
            beyond: Some(self.after),
            oldest_first: true,
            limit: self.limit,
            ..Find::default()
        };
        let (items, last) = page(&console, &visitor, find).await?;
        Ok(json!(Page { items, next: Some(last.map_or(self.after, |(last, _)| last)) }))
    }
}

/// A page of lines; the number at its end, and whether it is full. For those who do not see all, the end is
/// that of the page as it is: else a page of which they see nothing would be the last one.
async fn page(
    console: &Console,
    visitor: &Visitor,
    find: Find,
) -> Result<(Vec<MessageLine>, Option<(u64, bool)>), Fault> {
    let (limit, oldest_first) = (find.limit.clamp(1, LINES_MAX), find.oldest_first);
    let end = |lines: &[MessageLine]| lines.last().map(|line| (line.id, lines.len() >= limit));
    let grants = &visitor.actor.grants;
    let seen = if trail::is_search(&find) { &grants.payload } else { &grants.state };
    if *seen == Places::All {
        let lines: Vec<MessageLine> = console.ask(visitor, Request::Messages(find)).await?;
        let end = end(&lines);
        return Ok((lines, end));
    }
    if let (true, Places::Named(names)) = (trail::is_search(&find), &grants.payload) {
        return searched(console, visitor, find, names).await;
    }
    // Asked first for somebody: what they may not ask at all is refused before anything is looked at.
    let mut lines: Vec<MessageLine> = console.ask(visitor, Request::Messages(find.clone())).await?;
    let nobody = Visitor { actor: Actor::program(), ..visitor.clone() };
    let whole: Vec<MessageLine> = console.ask(&nobody, Request::Messages(find)).await?;
    let end = end(&whole);
    if let Some((last, _)) = end {
        lines.retain(|line| if oldest_first { line.id <= last } else { line.id >= last });
    }
    Ok((lines, end))
}

/// A page of a search by somebody who may open messages of some places only: each place is searched by itself,
/// so that not even the end of a page tells of messages elsewhere.
async fn searched(
    console: &Console,
    visitor: &Visitor,
    find: Find,
    names: &BTreeSet<String>,
) -> Result<(Vec<MessageLine>, Option<(u64, bool)>), Fault> {
    let limit = find.limit.clamp(1, LINES_MAX);
    let mut found: BTreeMap<u64, MessageLine> = BTreeMap::new();
    for name in names {
        let system = Find { system: Some(name.clone()), ..find.clone() };
        let channel = Find { channel: Some(name.clone()), ..find.clone() };
        if find.system.is_none() || find.system.as_ref() == Some(name) {
            let lines: Vec<MessageLine> = console.ask(visitor, Request::Messages(system)).await?;
            found.extend(lines.into_iter().map(|line| (line.id, line)));
        }
        if find.channel.is_none() || find.channel.as_ref() == Some(name) {
            // A name that is no channel's is a system's.
            let lines: Result<Vec<MessageLine>, Fault> =
                console.ask(visitor, Request::Messages(channel)).await;
            found.extend(lines.unwrap_or_default().into_iter().map(|line| (line.id, line)));
        }
    }
    let mut lines: Vec<MessageLine> = match find.oldest_first {
        true => found.into_values().collect(),
        false => found.into_values().rev().collect(),
    };
    lines.truncate(limit);
    let end = lines.last().map(|line| (line.id, lines.len() >= limit));
    Ok((lines, end))
}

/// Whose case.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// A patient's, case's or order's identifier, or a control ID.
    #[schemars(length(min = 1, max = 200))]
    id: String,
    /// Lines at most.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Ask for Trace {
    type Answer = Vec<MessageLine>;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let mut found = Vec::new();
        for find in Find::trace(&self.id, self.limit) {
            found.push(console.ask(&visitor, Request::Messages(find)).await?);
        }
        Ok(json!(together(found, self.limit)))
    }
}

/// Which message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
}

impl Plain for Show {
    type Answer = Message;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Show { id: self.id })
    }
}

/// Which message, and in which language.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// The language of the words; English when absent.
    lang: Option<Words>,
}

impl Plain for Read {
    type Answer = Reading;

    fn request(self) -> Result<Request, Fault> {
        let lang = if matches!(self.lang, Some(Words::De)) { "de" } else { "en" };
        Ok(Request::Read { id: self.id, lang: lang.to_owned() })
    }
}

/// Which payloads.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The message.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// The stage's name: `received`, `step 2: set`, `part 0`.
    #[serde(default = "received")]
    #[schemars(length(min = 1, max = 200))]
    stage: String,
}

fn received() -> String {
    "received".to_owned()
}

impl Plain for Payload {
    type Answer = Stage;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Payload { id: self.id, stage: self.stage })
    }
}

/// Which message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
}

impl Plain for Text {
    type Answer = Alteration;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Alter { id: self.id, text: None })
    }
}

/// A changed text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alter {
    /// The message.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// The text, segments one a line.
    #[schemars(length(min = 1, max = 131_072))]
    text: String,
}

impl Plain for Alter {
    type Answer = Alteration;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Alter { id: self.id, text: Some(self.text) })
    }
}
