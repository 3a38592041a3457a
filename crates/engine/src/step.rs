//! Steps: one after another, without side effects.
//!
//! A step is given documents and gives documents. The same envelope and the same version of the channel
//! give the same result, whenever they run: a step reads no clock (time comes from the envelope), no
//! file, no network. That is why replaying is safe.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use klinke_model::{Envelope, EnvelopeId, Payload, Timestamp};

use crate::document::Document;

/// One step of a channel.
pub trait Step: Send + Sync + fmt::Debug {
    /// Its kind, as the site writes it: `only`, `set`, `script`, …
    fn kind(&self) -> &'static str;
    /// What the site calls it, where it gives it a title.
    fn title(&self) -> Option<&str> {
        None
    }
    /// The format of the documents that it gives, where that is another than it is given. Steps after it
    /// are compiled for that one.
    fn gives(&self) -> Option<&'static str> {
        None
    }
    /// Does its work on one document.
    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError>;
    /// Does its work on all documents that earlier steps made of the envelope. Only a step that joins
    /// several into one needs its own.
    fn apply_all(
        &self,
        context: &mut Context<'_>,
        documents: Vec<Box<dyn Document>>,
    ) -> Result<Yield, StepError> {
        let mut all = Vec::with_capacity(documents.len());
        let mut ended = None;
        for (part, document) in documents.into_iter().enumerate() {
            context.count(part);
            match self.apply(context, document)? {
                Yield::One(document) => all.push(document),
                Yield::Many(documents) => all.extend(documents),
                Yield::End(reason) => ended = Some(reason),
            }
        }
        match (all.len(), ended) {
            (0, Some(reason)) => Ok(Yield::End(reason)),
            (1, _) => Ok(all.pop().map_or_else(|| Yield::Many(Vec::new()), Yield::One)),
            _ => Ok(Yield::Many(all)),
        }
    }
}

/// What a step gives.
#[derive(Debug)]
pub enum Yield {
    /// One document, changed or not.
    One(Box<dyn Document>),
    /// Several, in their order; none filters the envelope.
    Many(Vec<Box<dyn Document>>),
    /// The envelope ends here on purpose, for this reason (without patient data).
    End(String),
}

/// What a step may see besides the document.
#[derive(Debug)]
pub struct Context<'a> {
    envelope: &'a Envelope,
    /// True when a step asked for the envelope's number.
    asked: Cell<bool>,
    /// What a script may take, where that is less than its own limit.
    pub(crate) script_time_max: Option<Duration>,
    /// The channel's name.
    pub channel: &'a str,
    /// Which of the documents that came of the envelope this one is, from 0.
    pub part: u16,
    /// The number of the first document that a step is given: not 0 where documents are handled one by
    /// one, as destinations do.
    pub first: u16,
    /// Values that earlier steps left for later ones.
    pub values: BTreeMap<String, String>,
    /// Lines for the envelope's own trace; may hold patient data, shown but never logged.
    pub trace: Vec<String>,
}

impl<'a> Context<'a> {
    /// Most lines that one envelope's trace keeps.
    pub const TRACE_LINES_MAX: usize = 200;
    /// Most bytes of one line of the trace.
    pub const TRACE_LINE_BYTES_MAX: usize = 2_000;

    /// A context without values.
    pub fn new(envelope: &'a Envelope, channel: &'a str) -> Self {
        Context {
            envelope,
            asked: Cell::new(false),
            script_time_max: None,
            channel,
            part: 0,
            first: 0,
            values: BTreeMap::new(),
            trace: Vec::new(),
        }
    }

    /// The envelope's number. The store gives it when it keeps the envelope; what asks for it before then is
    /// noted, and what was made of the answer is not used.
    pub fn number(&self) -> EnvelopeId {
        self.asked.set(true);
        self.envelope.id
    }

    /// The number, for one who says himself when it is asked for.
    pub(crate) fn unasked_number(&self) -> EnvelopeId {
        self.envelope.id
    }

    /// True when a step asked for the number.
    pub(crate) fn has_asked(&self) -> bool {
        self.asked.get()
    }

    /// When the envelope arrived: the only clock a step has.
    pub fn received(&self) -> Timestamp {
        self.envelope.received
    }

    /// The system that sent it, or empty.
    pub fn system(&self) -> &'a Arc<str> {
        &self.envelope.system
    }

    /// The peer's address or the file's name.
    pub fn peer(&self) -> &'a Arc<str> {
        &self.envelope.peer
    }

    /// The format of what arrived.
    pub fn format(&self) -> &'a Arc<str> {
        &self.envelope.format
    }

    /// The bytes that arrived.
    pub fn payload(&self) -> &'a Payload {
        &self.envelope.payload
    }

    /// The document at this place of those that a step is given is the one at hand now.
    pub fn count(&mut self, place: usize) {
        self.part = self.first.saturating_add(u16::try_from(place).unwrap_or(u16::MAX));
    }

    /// Adds a line to the trace, within its limits.
    pub fn note(&mut self, line: impl Into<String>) {
        if self.trace.len() == Self::TRACE_LINES_MAX {
            self.trace.push("(more lines were left out)".to_owned());
        }
        if self.trace.len() > Self::TRACE_LINES_MAX {
            return;
        }
        let mut line = line.into();
        if line.len() > Self::TRACE_LINE_BYTES_MAX {
            let cut = (0..=Self::TRACE_LINE_BYTES_MAX).rev().find(|&at| line.is_char_boundary(at));
            line.truncate(cut.unwrap_or(0));
            line.push('…');
        }
        self.trace.push(line);
    }
}

/// Why a step could not do its work. Neither text nor place holds patient data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{text}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct StepError {
    /// What went wrong.
    pub text: String,
    /// File, line and column of the script, or the path or table that it was about.
    pub place: Option<String>,
}

impl StepError {
    /// An error without a place.
    pub fn new(text: impl Into<String>) -> Self {
        StepError { text: text.into(), place: None }
    }

    /// An error at a place.
    pub fn at(place: impl Into<String>, text: impl Into<String>) -> Self {
        StepError { text: text.into(), place: Some(place.into()) }
    }

    /// The same error, at this place unless it knows one already.
    #[must_use]
    pub fn or_at(mut self, place: &str) -> Self {
        self.place.get_or_insert_with(|| place.to_owned());
        self
    }
}

impl From<crate::document::DocumentError> for StepError {
    fn from(error: crate::document::DocumentError) -> Self {
        StepError::new(error.to_string())
    }
}
