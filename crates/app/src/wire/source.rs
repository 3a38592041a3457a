//! A channel's source.

use std::sync::Arc;

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
        let surroundings = Surroundings { folder: &self.site.home, channel };
        let made = (kind.make)(settings(value).map_err(fault)?, &surroundings);
        let made = made.map_err(|error| fault(error.to_string()))?;
        let (statistics, probe) = (made.statistics, made.probe);
        Ok(Made { source: made.source, adapter: name, from: made.from, statistics, probe })
    }
}
