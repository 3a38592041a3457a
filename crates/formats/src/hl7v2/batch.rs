//! `unbatch` and `batch`: files and batches of messages (HL7 v2.5.1 chapter 2, 2.10.3).
//!
//! ```text
//! [FHS] { [BHS] { MSH … } [BTS] } [FTS]
//! ```

use klinke_engine::document::{Document, DocumentError};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, StepKind, spec};
use klinke_engine::template::Template;
use klinke_hl7v2::Path;

use super::document::Hl7v2Document;
use super::{charset, pieces};

pub(super) const UNBATCH: StepKind = StepKind {
    name: "unbatch",
    about: "Makes a document of every message in a batch or file; counts that don't agree are noted.",
    example: r#"unbatch = { counts = "note" }"#,
    build: |spec, _| {
        let mut reader = Reader::new(spec)?;
        let counts = reader.word("counts", &["note", "fail", "ignore"], "note")?;
        reader.end()?;
        Ok(Box::new(Unbatch { counts }))
    },
    keys: &[("counts", "when a trailer's count is wrong: `note`, `fail`, `ignore`")],
    any_format: false,
};

pub(super) const BATCH: StepKind = StepKind {
    name: "batch",
    about: "Makes one batch of all messages that came of the envelope; with `file` in a file's header.",
    example: "batch = { file = true }",
    build: |spec, workshop| {
        let mut reader = Reader::new(spec)?;
        let file = reader.flag("file")?;
        reader.end()?;
        let time = spec::template(&"{@received:yyyyMMddHHmmss}".into(), &workshop.surroundings()?)?;
        Ok(Box::new(Batch { file, time }))
    },
    keys: &[("file", "with a file's header and trailer around")],
    any_format: false,
};

/// Most messages of one batch.
const MESSAGES_MAX: usize = 65_535;

#[derive(Debug)]
struct Unbatch {
    /// What is done when a trailer's count is wrong.
    counts: &'static str,
}

#[derive(Debug)]
struct Batch {
    file: bool,
    time: Template,
}

/// What a batch holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Contents {
    /// Each message's segments: first, and behind the last.
    messages: Vec<std::ops::Range<usize>>,
    /// True when there is a segment that only batches have.
    is_batch: bool,
    /// Sentences about trailers whose counts are wrong.
    wrong: Vec<String>,
}

/// Finds the messages and checks the trailers. `count` reads field 1 of a trailer.
fn contents(names: &[&str], count: impl Fn(usize) -> Option<usize>) -> Contents {
    let mut found = Contents::default();
    let (mut in_batch, mut batches, mut open) = (0, 0, None);
    for (at, name) in names.iter().enumerate() {
        if !matches!(*name, "MSH" | "FHS" | "BHS" | "BTS" | "FTS") {
            continue;
        }
        if let Some(start) = open.take() {
            found.messages.push(start..at);
            in_batch += 1;
        }
        found.is_batch |= *name != "MSH";
        match *name {
            "MSH" => open = Some(at),
            "BHS" => in_batch = 0,
            "BTS" => {
                batches += 1;
                if count(at).is_some_and(|said| said != in_batch) {
                    found.wrong.push(format!("batch {batches} says another number of messages than it has"));
                }
                in_batch = 0;
            }
            "FTS" if count(at).is_some_and(|said| said != batches) => {
                found.wrong.push("the file says another number of batches than it has".to_owned());
            }
            _ => {}
        }
    }
    found.messages.extend(open.map(|start| start..names.len()));
    found
}

impl Step for Unbatch {
    fn kind(&self) -> &'static str {
        UNBATCH.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(whole) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let message = whole.message();
        let names: Vec<&str> = message.segments().map(|segment| segment.name()).collect();
        let found = contents(&names, |at| message.segment(at)?.field(1)?.text().trim().parse().ok());
        if !found.is_batch && found.messages.len() < 2 {
            return Ok(Yield::One(document));
        }
        if found.messages.len() > MESSAGES_MAX {
            return Err(StepError::new(format!("the batch has more than {MESSAGES_MAX} messages")));
        }
        match (found.wrong.first(), self.counts) {
            (Some(wrong), "fail") => return Err(StepError::new(wrong.clone())),
            (Some(_), "note") => found.wrong.iter().for_each(|wrong| context.note(wrong.clone())),
            _ => {}
        }
        if found.messages.is_empty() {
            return Ok(Yield::End("the batch holds no messages".to_owned()));
        }
        let end = pieces::usual_end(whole);
        let mut made: Vec<Box<dyn Document>> = Vec::with_capacity(found.messages.len());
        for range in found.messages {
            made.push(Box::new(pieces::message_of(whole, range, end)?));
        }
        Ok(match made.len() {
            1 => made.pop().map_or_else(|| Yield::Many(Vec::new()), Yield::One),
            _ => Yield::Many(made),
        })
    }
}

impl Batch {
    /// The bytes of a batch around messages, in the first one's delimiters and character set.
    fn join(
        &self,
        context: &mut Context<'_>,
        messages: &mut [Box<dyn Document>],
    ) -> Result<Hl7v2Document, StepError> {
        let count = messages.len();
        let mut bodies = Vec::with_capacity(count);
        let mut first: Option<Hl7v2Document> = None;
        for message in messages.iter_mut() {
            let Some(message) = Hl7v2Document::of(message.as_mut()) else { continue };
            if let Some(first) = &first {
                if first.message().delimiters() != message.message().delimiters() {
                    return Err(StepError::new("the messages are written with different delimiters"));
                }
                if first.message().charset().charset != message.message().charset().charset {
                    charset::convert(message, first.message().charset().charset.name(), false)?;
                }
            } else {
                first = Some(message.clone());
            }
            let all = 0..message.message().segment_count();
            let end = pieces::usual_end(message);
            bodies.push(pieces::message_of(message, all, end)?.message().to_bytes());
        }
        let Some(first) = first else { return Err(StepError::new("there is no message to batch")) };
        if !first.message().charset().charset.is_ascii_safe() {
            return Err(StepError::new(
                "messages in this character set can't be batched; convert them before",
            ));
        }
        let time = self.time.render(context, &first)?;
        let mut bytes = Vec::new();
        let end = pieces::usual_end(&first);
        let separator = char::from(first.message().delimiters().field);
        if self.file {
            bytes.extend(header("FHS", &first, &time, context)?);
            bytes.extend_from_slice(end);
        }
        bytes.extend(header("BHS", &first, &time, context)?);
        bytes.extend_from_slice(end);
        bodies.iter().for_each(|body| bytes.extend_from_slice(body));
        bytes.extend(format!("BTS{separator}{count}").bytes().chain(end.iter().copied()));
        if self.file {
            bytes.extend(format!("FTS{separator}1").bytes().chain(end.iter().copied()));
        }
        let charset = first.message().charset().charset;
        Ok(first.remade(bytes, Some(charset))?)
    }
}

/// FHS and BHS have sender, receiver and time where MSH has them; field 11 is their control identifier.
fn header(
    name: &str,
    first: &Hl7v2Document,
    time: &str,
    context: &Context<'_>,
) -> Result<Vec<u8>, DocumentError> {
    let separator = first.message().delimiters().field;
    let mut fields = vec![name.as_bytes().to_vec(), first.message().delimiters().encoding_characters()];
    for number in 3..=6 {
        let path =
            Path::new(&format!("MSH-{number}")).map_err(|error| DocumentError::new(error.to_string()))?;
        fields.push(first.message().get(&path).unwrap_or_default().into_owned());
    }
    let id = context.number().to_string();
    fields.extend([time.as_bytes().to_vec(), Vec::new(), Vec::new(), Vec::new(), id.into_bytes()]);
    Ok(fields.join(&separator))
}

impl Step for Batch {
    fn kind(&self) -> &'static str {
        BATCH.name
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        self.apply_all(context, vec![document])
    }

    fn apply_all(
        &self,
        context: &mut Context<'_>,
        mut documents: Vec<Box<dyn Document>>,
    ) -> Result<Yield, StepError> {
        Ok(Yield::One(Box::new(self.join(context, &mut documents)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_counts_are_found() {
        let found =
            |names: &str, count: Option<usize>| contents(&names.split(' ').collect::<Vec<_>>(), |_| count);
        let plain = found("MSH PID PV1", None);
        assert_eq!((plain.messages.first(), plain.messages.len(), plain.is_batch), (Some(&(0..3)), 1, false));
        let two = found("MSH PID MSH PID", None);
        assert_eq!((two.messages, two.is_batch), (vec![0..2, 2..4], false));
        let file = found("FHS BHS MSH PID MSH BTS FTS", Some(2));
        assert_eq!((file.messages, file.is_batch), (vec![2..4, 4..5], true));
        assert_eq!(file.wrong, ["the file says another number of batches than it has"]);
        let wrong = found("BHS MSH BTS", Some(2)).wrong;
        assert_eq!(wrong, ["batch 1 says another number of messages than it has"]);
        assert_eq!(found("BHS MSH BTS", Some(1)).wrong, Vec::<String>::new());
        assert!(found("BHS BTS", None).messages.is_empty());
    }
}
