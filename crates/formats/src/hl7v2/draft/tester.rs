//! Tries templates and steps on the sources, with the engine's own means.

use klinke_engine::document::{Document, Format};
use klinke_engine::step::{Context, Step, Yield};
use klinke_engine::table::Tables;
use klinke_engine::template::{Surroundings, Template, Zone};
use klinke_hl7v2::Message;
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};

use crate::hl7v2::{Hl7v2, NAME};

/// The sources, opened.
pub struct Tester {
    format: Hl7v2,
    documents: Vec<(Envelope, Box<dyn Document>)>,
}

impl Tester {
    /// Opens them.
    pub fn new<'a>(sources: impl Iterator<Item = &'a Message>) -> Result<Tester, String> {
        let format = Hl7v2::new();
        let open = |source: &Message| {
            let envelope = envelope(source);
            let document = format.open(&envelope.payload, None).map_err(|error| error.to_string())?;
            Ok((envelope, document))
        };
        let documents = sources.map(open).collect::<Result<_, String>>()?;
        Ok(Tester { format, documents })
    }

    /// What a template gives for one source; `[#]` in it is the segment of this number.
    pub fn render(&self, template: &str, pair: usize, occurrence: usize) -> Option<String> {
        let (tables, zone) = (Tables::new(), Zone::default());
        let surroundings = Surroundings { format: &self.format, tables: &tables, zone: &zone };
        let template = template.replace("[#]", &format!("[{occurrence}]"));
        let template = Template::compile(&template, &surroundings).ok()?;
        let (envelope, document) = self.documents.get(pair)?;
        template.render(&mut Context::new(envelope, "draft"), document.as_ref()).ok()
    }
}

/// Runs steps on a message.
pub fn run(steps: &[Box<dyn Step>], source: &Message) -> Result<Message, String> {
    let envelope = envelope(source);
    let mut context = Context::new(&envelope, "draft");
    let mut documents = vec![Hl7v2::new().open(&envelope.payload, None).map_err(|error| error.to_string())?];
    for step in steps {
        documents = match step.apply_all(&mut context, documents) {
            Ok(Yield::One(document)) => vec![document],
            Ok(Yield::Many(documents)) => documents,
            Ok(Yield::End(_)) => return Err("the whole message: a step filtered it".to_owned()),
            Err(_) => return Err(format!("the whole message: the step {} failed", step.kind())),
        };
    }
    let document = documents.first_mut().ok_or("the whole message: nothing came out")?;
    let payload = document.payload().map_err(|error| error.to_string())?;
    Message::parse(payload.to_vec()).map_err(|error| error.to_string())
}

fn envelope(source: &Message) -> Envelope {
    Envelope {
        id: EnvelopeId(1),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(0),
        system: "".into(),
        peer: "".into(),
        format: NAME.into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(source.to_bytes().to_vec()),
    }
}
