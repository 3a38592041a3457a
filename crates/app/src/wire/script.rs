//! Script steps: `script = "adt-to-ris.ts"`.

use std::sync::Arc;

use klinke_engine::script::{Limits as ScriptLimits, Lookup, ScriptHost};
use klinke_engine::step::Step;
use klinke_engine::steps::{Builders, SpecError};
use klinke_engine::table::Tables;

use super::version::Version;
use crate::site::channel::Limits;

/// The kinds of steps, and `script` with one runtime for the channel.
pub(super) fn builders(steps: Builders, version: &Version, limits: &Limits) -> Builders {
    let script_limits = ScriptLimits {
        time_max: limits.script_time.0,
        memory_bytes_max: limits.script_memory.0,
        ..ScriptLimits::default()
    };
    let lookup = Arc::new(SiteTables(version.look_up_tables().unwrap_or_default()));
    let host = ScriptHost::with_lookup(script_limits, lookup);
    let scripts = version.scripts.clone();
    steps.with("script", move |spec, _| {
        let toml::Value::String(name) = spec else {
            return Err(SpecError::here("the name of a script's file is expected: `script = \"x.ts\"`"));
        };
        let entry = find(&scripts.keys().map(String::as_str).collect::<Vec<_>>(), name)?;
        let compiled = host.compile(&scripts, &entry);
        let step = compiled.map_err(|error| SpecError::here(error.to_string()))?;
        Ok(Box::new(step) as Box<dyn Step>)
    })
}

/// A script lies beside its channel, or is named from the site's folder on.
fn find(known: &[&str], name: &str) -> Result<String, SpecError> {
    let beside = format!("channels/{name}");
    if let Some(found) = known.iter().find(|file| **file == beside || **file == name) {
        return Ok((*found).to_owned());
    }
    let hint = klinke_engine::steps::nearest(&beside, known.iter().copied());
    let hint = hint.map(|near| format!("; did you mean `{}`?", near.trim_start_matches("channels/")));
    Err(SpecError::here(format!("there is no script `{beside}`{}", hint.unwrap_or_default())))
}

/// The site's tables, as scripts see them: the first column's value to the second's.
struct SiteTables(Tables);

impl Lookup for SiteTables {
    fn lookup(&self, table: &str, key: &str) -> Result<Option<String>, String> {
        let Some(found) = self.0.get(table) else { return Err(format!("there is no table `{table}`")) };
        Ok(found.get(key, found.value_column()).map(str::to_owned))
    }
}
