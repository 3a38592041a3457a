//! A channel's source.

use std::sync::Arc;

use klinke_adapters::dicom::poll;
use klinke_adapters::net::Statistics;
use klinke_adapters::probe::Probe;
use klinke_adapters::registry::{Surroundings, adapter};
use klinke_engine::source::Source;

use super::Compiler;
use crate::site::Fault;
use crate::site::adapters::{Side, settings};
use crate::site::channel::Source as Table;

/// A source, and the system that it says is sending.
pub(super) struct Made {
    pub source: Box<dyn Source>,
    pub adapter: &'static str,
    pub from: Option<String>,
    pub statistics: Option<Arc<Statistics>>,
    pub probe: Option<Arc<dyn Probe>>,
}

impl Compiler<'_> {
    /// Makes the source that a table describes.
    pub(super) fn source(&self, table: &Table, channel: &str) -> Result<Made, Fault> {
        let here = ["source".to_owned()];
        let mut named = table.adapters.iter();
        let Some((name, value)) = named.next() else {
            let text = format!("nothing says where envelopes come from; add one of {}", Side::Source.names());
            return Err(self.file.source.fault(&here, text));
        };
        if named.next().is_some() {
            return Err(self.file.source.fault(&here, "a channel has one source; make another channel"));
        }
        let fault = |text: String| {
            let base = ["source".to_owned(), (*name).to_owned()];
            self.file.source.adapter_fault(&base, value, &text)
        };
        let kind = adapter(name).and_then(|adapter| adapter.source);
        let kind = kind.ok_or_else(|| fault(format!("`{name}` can't be a source")))?;
        let surroundings = Surroundings { folder: &self.site.home, channel, archive: self.archive };
        let mut said = settings(value).map_err(fault)?;
        if poll::ASKING.contains(name) {
            self.put_partner(&mut said).map_err(fault)?;
        }
        let made = (kind.make)(said, &surroundings);
        let made = made.map_err(|error| fault(error.to_string()))?;
        let (statistics, probe) = (made.statistics, made.probe);
        Ok(Made { source: made.source, adapter: name, from: made.from, statistics, probe })
    }

    /// Puts in how the partner is reached whom a source asks: it names a system alone.
    fn put_partner(&self, said: &mut serde_json::Value) -> Result<(), String> {
        let Some(said) = said.as_object_mut() else { return Ok(()) };
        if said.contains_key(poll::PARTNER) {
            return Err(format!("unknown field `{}`, expected one of `from`", poll::PARTNER));
        }
        let system = said.get("from").and_then(serde_json::Value::as_str);
        let entry = system.and_then(|name| self.site.systems.get(name)?.adapters.get("dicom"));
        if let Some(entry) = entry {
            said.insert(poll::PARTNER.to_owned(), settings(entry)?);
        }
        Ok(())
    }
}
