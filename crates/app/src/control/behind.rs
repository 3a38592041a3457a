//! What stands behind the door: answers, and what must be known of a message before it is opened.

use std::cell::RefCell;

use klinke_formats::SearchKeys;
use klinke_model::EnvelopeId;
use klinke_store::{KeyName, Keys};
use serde_json::Value;

use super::answer::{Counter, Progress};
use klinke_console::house::door::{About, Answers};
use klinke_console::house::request::Request;

/// A counter for one request.
pub struct Behind<'a> {
    counter: &'a Counter,
    runtime: &'a tokio::runtime::Handle,
    progress: RefCell<Progress<'a>>,
}

impl<'a> Behind<'a> {
    /// For one request.
    pub fn new(counter: &'a Counter, runtime: &'a tokio::runtime::Handle, progress: Progress<'a>) -> Self {
        Behind { counter, runtime, progress: RefCell::new(progress) }
    }
}

impl Answers for Behind<'_> {
    fn answer(&self, request: Request) -> Result<Value, String> {
        let mut progress = self.progress.borrow_mut();
        self.counter.answer(request, self.runtime, &mut **progress).map_err(|error| format!("{error:#}"))
    }

    fn systems_of(&self, channel: &str) -> Vec<String> {
        let files = self.counter.files();
        let Some(ends) = files.wiring.channels.get(channel) else { return Vec::new() };
        let to = ends.to.iter().filter_map(|(_, system)| system.clone());
        ends.from.iter().cloned().chain(to).collect()
    }

    fn systems_of_alert(&self, id: u64) -> Option<Vec<String>> {
        let state = self.counter.alerts.lock();
        let open = state.desk.open().into_iter().find(|one| one.id == id)?;
        Some(open.systems.iter().cloned().collect())
    }

    fn systems_of_mute(&self, id: u64) -> Option<Vec<String>> {
        let state = self.counter.alerts.lock();
        let mute = state.desk.mutes().iter().find(|one| one.id == id)?;
        Some(mute.systems.iter().cloned().collect())
    }

    /// Read from the message itself, not from the index, which may be behind: also of what the steps made of
    /// it, where a message may have got another patient.
    fn about(&self, envelope: u64) -> Result<Option<About>, String> {
        let told = |error: klinke_store::Error| error.to_string();
        let Some(record) = self.counter.store.envelope(EnvelopeId(envelope)).map_err(told)? else {
            return Ok(None);
        };
        let keys = SearchKeys::new();
        let format = &record.envelope.format;
        let mut patients: Vec<String> = Vec::new();
        for payload in std::iter::once(&record.envelope.payload).chain(&record.parts) {
            for (name, value) in keys.keys(format, payload) {
                if name == KeyName::Patient && !patients.contains(&value) {
                    patients.push(value);
                }
            }
        }
        let channel =
            self.counter.channel_name(record.envelope.channel).map_err(|error| error.to_string())?;
        Ok(Some(About { channel, system: record.envelope.system.to_string(), patients }))
    }
}
