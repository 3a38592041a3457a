//! A channel's source.

use klinke_adapters::{mllp, tcp};
use klinke_engine::source::{Source, SourceError};

use crate::site::channel::Source as Table;
use crate::site::{ChannelFile, Fault};

/// The adapter's key, and the system that it names as sender.
pub(super) fn from(table: &Table) -> Option<(&'static str, &str)> {
    let mllp = table.mllp.as_ref().and_then(|config| Some(("mllp", config.from.as_deref()?)));
    mllp.or_else(|| table.tcp.as_ref().and_then(|config| Some(("tcp", config.from.as_deref()?))))
}

/// Makes the source that a table describes.
pub(super) fn open(table: &Table, file: &ChannelFile) -> Result<Option<Box<dyn Source>>, Fault> {
    let mut made: Vec<(&str, Result<Box<dyn Source>, SourceError>)> = Vec::new();
    if let Some(config) = &table.mllp {
        made.push(("mllp", mllp::Source::new(config.clone()).map(|one| Box::new(one) as _)));
    }
    if let Some(config) = &table.tcp {
        made.push(("tcp", tcp::Source::new(config.clone()).map(|one| Box::new(one) as _)));
    }
    let here = ["source".to_owned()];
    match (made.pop(), made.is_empty()) {
        (None, _) => Err(file.source.fault(&here, "nothing says where envelopes come from; add `mllp`, …")),
        (Some(_), false) => Err(file.source.fault(&here, "a channel has one source; make another channel")),
        (Some((key, source)), true) => source.map(Some).map_err(|error| {
            let path = ["source".to_owned(), key.to_owned()];
            file.source.fault(&path, error.to_string())
        }),
    }
}
