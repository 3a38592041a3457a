//! A channel's destinations.

use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::{file, mllp, tcp};
use klinke_engine::answers::AnswerTable;
use klinke_engine::document::Format;
use klinke_engine::link::Destination as Partner;
use klinke_engine::retry::Retry;
use klinke_engine::schedule::Schedule;
use klinke_engine::spec::{Budget, DestinationSpec};
use klinke_engine::throttle::Rate;
use klinke_model::Disposition;

use super::{Compiler, Relay, World};
use crate::site::Fault;
use crate::site::channel::{Destination as Table, Then, Via, Word};

/// How long an answer may take where nothing says it.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A partner, with the limits that its endpoint has.
struct Endpoint {
    partner: Arc<dyn Partner>,
    answer_limit: Duration,
    connections: usize,
}

impl Compiler<'_> {
    /// Compiles one destination.
    pub(super) fn destination(
        &self,
        index: usize,
        table: &Table,
        channel: &str,
        format: &Arc<dyn Format>,
        world: &World,
        relay: Relay<'_>,
    ) -> Result<DestinationSpec, Fault> {
        let base = ["destination".to_owned(), format!("[{index}]")];
        let at = |key: &str| base.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
        let fault = |key: &str, text: String| self.file.source.fault(&at(key), text);
        let (name, endpoint) = self.endpoint(table, channel, &base, relay)?;
        let lane = table.lane.as_deref().map(|text| super::path(format, text));
        let lane = lane.transpose().map_err(|text| fault("lane", text))?;
        if endpoint.connections > 1 && lane.is_none() && table.connections.is_some() {
            let text = "several connections need a `lane`: without one everything stays in one order";
            return Err(fault("connections", text.to_owned()));
        }
        let rate = table.rate.as_deref().map(parse_rate).transpose().map_err(|text| fault("rate", text))?;
        let schedule = match table.open.is_empty() {
            true => None,
            false => {
                let parsed = Schedule::parse(&table.open, world.offset());
                Some(parsed.map_err(|text| fault("open", text))?)
            }
        };
        Ok(DestinationSpec {
            name: table.name.clone().unwrap_or(name),
            partner: endpoint.partner,
            steps: self.own_steps(table, &base)?,
            links_max: if lane.is_some() { endpoint.connections } else { 1 },
            lane,
            answer_limit: table.answer_limit.map_or(endpoint.answer_limit, |limit| limit.0),
            retry: retry(table),
            answers: AnswerTable::new(table.on.iter().map(|(code, word)| (code.clone(), disposition(*word)))),
            rate,
            schedule,
            budget: Budget { bytes_max: self.file.channel.limits.memory.0, ..Budget::default() },
        })
    }

    /// `only` and `except` are steps before the destination's own.
    fn own_steps(
        &self,
        table: &Table,
        base: &[String],
    ) -> Result<Vec<Box<dyn klinke_engine::step::Step>>, Fault> {
        let mut steps = Vec::new();
        for (key, condition) in [("only", &table.only), ("except", &table.except)] {
            let Some(condition) = condition else { continue };
            let spec = toml::Value::Table([(key.to_owned(), condition.clone())].into_iter().collect());
            let built = klinke_engine::steps::build(&spec, &self.workshop);
            steps.push(built.map_err(|error| self.fault(base, error))?);
        }
        let own = base.iter().cloned().chain(["step".to_owned()]).collect::<Vec<_>>();
        steps.extend(self.steps(&table.step, &own)?);
        Ok(steps)
    }

    fn endpoint(
        &self,
        table: &Table,
        channel: &str,
        base: &[String],
        relay: Relay<'_>,
    ) -> Result<(String, Endpoint), Fault> {
        let at = |key: &str| base.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
        let named = [
            table.to.is_some(),
            table.channel.is_some(),
            table.mllp.is_some(),
            table.tcp.is_some(),
            table.file.is_some(),
        ];
        if named.iter().filter(|given| **given).count() != 1 {
            let text = "say where it goes with one of `to`, `channel`, `mllp`, `tcp`, `file`";
            return Err(self.file.source.fault(base, text));
        }
        if let Some(other) = &table.channel {
            if !self.site.channels.contains_key(other) {
                let known = self.site.channels.keys().map(String::as_str);
                let near = klinke_engine::steps::nearest(other, known);
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let text = format!("there is no channel `{other}`{hint}");
                return Err(self.file.source.fault(&at("channel"), text));
            }
            let endpoint = Endpoint { partner: relay(other), answer_limit: ANSWER_LIMIT, connections: 1 };
            return Ok((other.clone(), endpoint));
        }
        let (name, key, mllp, tcp, file) = match &table.to {
            None => ("out".to_owned(), "mllp", &table.mllp, &table.tcp, &table.file),
            Some(to) => {
                let Some(system) = self.site.systems.get(to) else {
                    return Err(self.file.source.fault(&at("to"), self.unknown_system(to)));
                };
                (to.clone(), "to", &system.mllp, &system.tcp, &system.file)
            }
        };
        let wanted = |via: Via| table.via.is_none_or(|one| one == via);
        let made = if let Some(config) = mllp.as_ref().filter(|_| wanted(Via::Mllp)) {
            over_mllp(config, table)
        } else if let Some(config) = tcp.as_ref().filter(|_| wanted(Via::Tcp)) {
            over_tcp(config, table)
        } else if let Some(config) = file.as_ref().filter(|_| wanted(Via::File)) {
            self.into_folder(config, channel)
        } else {
            Err(format!(
                "systems.toml does not say where `{name}` takes messages; add `mllp = \"host:port\"`"
            ))
        };
        made.map(|endpoint| (name, endpoint)).map_err(|text| self.file.source.fault(&at(key), text))
    }

    fn into_folder(&self, config: &file::DestinationConfig, channel: &str) -> Result<Endpoint, String> {
        let folder = self.site.folder.join(&config.folder);
        let config = file::DestinationConfig { folder, ..config.clone() };
        let partner = file::Destination::new(config, channel).map_err(|error| error.to_string())?;
        Ok(Endpoint { partner: Arc::new(partner), answer_limit: ANSWER_LIMIT, connections: 1 })
    }
}

fn over_mllp(config: &mllp::DestinationConfig, table: &Table) -> Result<Endpoint, String> {
    let mut config = config.clone();
    config.connections = table.connections.unwrap_or(config.connections);
    let (answer_limit, connections) = (config.answer_timeout.0, config.connections);
    let partner = mllp::Destination::new(config).map_err(|error| error.to_string())?;
    Ok(Endpoint { partner: Arc::new(partner), answer_limit, connections })
}

fn over_tcp(config: &tcp::DestinationConfig, table: &Table) -> Result<Endpoint, String> {
    let mut config = config.clone();
    config.connections = table.connections.unwrap_or(config.connections);
    let (answer_limit, connections) = (config.answer_timeout.0, config.connections);
    let partner = tcp::Destination::new(config).map_err(|error| error.to_string())?;
    Ok(Endpoint { partner: Arc::new(partner), answer_limit, connections })
}

fn retry(table: &Table) -> Retry {
    Retry {
        first: table.retry.first.0,
        most: table.retry.most.0.max(table.retry.first.0),
        attempts_max: table.retry.attempts,
        then: match table.retry.then {
            Then::Dead => Disposition::Dead,
            Then::Hold => Disposition::Hold,
        },
    }
}

fn disposition(word: Word) -> Disposition {
    match word {
        Word::Accept => Disposition::Accept,
        Word::Retry => Disposition::Retry,
        Word::Dead => Disposition::Dead,
        Word::Drop => Disposition::Drop,
        Word::Hold => Disposition::Hold,
    }
}

/// `10/s`, `600/m`, `5000/h`.
fn parse_rate(text: &str) -> Result<Rate, String> {
    let parse = || {
        let (count, unit) = text.split_once('/')?;
        let span = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return None,
        };
        let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
        Some(Rate { count, span: Duration::from_secs(span) })
    };
    parse().ok_or_else(|| format!("`{text}` is no rate; write `10/s`, `600/m` or `5000/h`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rates() {
        assert_eq!(parse_rate("600/m"), Ok(Rate { count: 600, span: Duration::from_secs(60) }));
        for bad in ["", "10", "0/s", "10/d", "-1/s"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }
}
