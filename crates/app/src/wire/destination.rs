//! A channel's destinations.

use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::net::Statistics;
use klinke_adapters::probe::Probe;
use klinke_adapters::registry::{Surroundings, adapter};
use klinke_adapters::units::Period;
use klinke_engine::answers::AnswerTable;
use klinke_engine::document::Format;
use klinke_engine::link::Destination as Partner;
use klinke_engine::retry::Retry;
use klinke_engine::schedule::Schedule;
use klinke_engine::spec::{Budget, DestinationSpec};
use klinke_engine::throttle::Rate;
use klinke_model::Disposition;

use super::{Compiler, End, Relay, World};
use crate::site::Fault;
use crate::site::adapters::{Adapters, Side, settings};
use crate::site::channel::{Destination as Table, Then, Word};

/// How long an answer may take where nothing says it.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// How long an answer that arrives at another channel may take where nothing says it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Most connections to one destination.
const CONNECTIONS_MAX: usize = 1_024;

/// A partner, with the limits that its endpoint has.
struct Endpoint {
    partner: Arc<dyn Partner>,
    answer_limit: Duration,
    connections: usize,
    probe: Option<Arc<dyn Probe>>,
    statistics: Option<Arc<Statistics>>,
    inside: bool,
}

/// Why there is no endpoint.
enum Unmade {
    /// It is not clear which one is meant.
    Which(String),
    /// What is said to an adapter is wrong.
    Adapter(&'static str, String),
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
    ) -> Result<(DestinationSpec, End), Fault> {
        let base = ["destination".to_owned(), format!("[{index}]")];
        let at = |key: &str| base.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
        let fault = |key: &str, text: String| self.file.source.fault(&at(key), text);
        let (name, endpoint) = self.endpoint(table, channel, &base, relay)?;
        let lane = table.lane.as_deref().map(|text| super::path(format, text));
        let lane = lane.transpose().map_err(|text| fault("lane", text))?;
        let connections = table.connections.unwrap_or(endpoint.connections).max(1);
        if connections > CONNECTIONS_MAX {
            return Err(fault("connections", format!("at most {CONNECTIONS_MAX} connections are made")));
        }
        if lane.is_none() && table.connections.is_some_and(|many| many > 1) {
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
        let name = table.name.clone().unwrap_or(name);
        let answer_limit = table.answer_limit.map_or(endpoint.answer_limit, |limit| limit.0);
        let end = self.end(table, channel, &name, &endpoint, answer_limit);
        let spec = DestinationSpec {
            name,
            partner: endpoint.partner,
            steps: self.own_steps(table, &base)?,
            links_max: if lane.is_some() { connections } else { 1 },
            lane,
            answer_limit,
            retry: retry(table),
            answers: AnswerTable::new(table.on.iter().map(|(code, word)| (code.clone(), disposition(*word)))),
            rate,
            schedule,
            budget: Budget { bytes_max: self.file.channel.limits.memory.0, ..Budget::default() },
        };
        Ok((spec, end))
    }

    /// What a diagnosis looks at.
    fn end(&self, table: &Table, channel: &str, name: &str, endpoint: &Endpoint, limit: Duration) -> End {
        let system = table.to.as_ref().and_then(|to| self.site.systems.get(to));
        let own = endpoint.probe.as_ref().and_then(|probe| probe.answer_limit());
        End {
            channel: channel.to_owned(),
            destination: Some(name.to_owned()),
            system: table.to.clone(),
            address: endpoint.partner.address(),
            probe: endpoint.probe.clone(),
            statistics: endpoint.statistics.clone(),
            mode: table.probe.or(system.map(|system| system.probe)).unwrap_or_default(),
            answer_limit: own.map(|own| own.min(limit)),
            inside: endpoint.inside,
        }
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
        let ways =
            table.adapters.len() + usize::from(table.to.is_some()) + usize::from(table.channel.is_some());
        if ways != 1 {
            let adapters = Side::Destination.names();
            let text = format!("say where it goes with one of `to`, `channel`, {adapters}");
            return Err(self.file.source.fault(base, text));
        }
        if let Some(other) = &table.channel {
            self.known_channel(other, &at("channel"))?;
            let endpoint = Endpoint {
                partner: relay(other),
                answer_limit: ANSWER_LIMIT,
                connections: 1,
                probe: None,
                statistics: None,
                inside: true,
            };
            return Ok((other.clone(), endpoint));
        }
        let Some(to) = &table.to else {
            let made = self.over(&table.adapters, None, channel);
            return made.map(|endpoint| ("out".to_owned(), endpoint)).map_err(|error| match error {
                Unmade::Which(text) => self.file.source.fault(base, text),
                Unmade::Adapter(name, text) => {
                    self.file.source.adapter_fault(&at(name), &table.adapters[name], &text)
                }
            });
        };
        let Some(system) = self.site.systems.get(to) else {
            return Err(self.file.source.fault(&at("to"), self.unknown_system(to)));
        };
        if system.adapters.is_empty() {
            let text =
                format!("systems.toml does not say where `{to}` takes messages; add `mllp = \"host:port\"`");
            return Err(self.file.source.fault(&at("to"), text));
        }
        let made = self.over(&system.adapters, table.via.as_deref(), channel);
        made.map(|endpoint| (to.clone(), endpoint)).map_err(|error| match error {
            Unmade::Which(text) => {
                let key = if table.via.is_some() { "via" } else { "to" };
                self.file.source.fault(&at(key), text)
            }
            Unmade::Adapter(name, text) => {
                let base = [to.clone(), name.to_owned()];
                self.site.systems_file.adapter_fault(&base, &system.adapters[name], &text)
            }
        })
    }

    fn known_channel(&self, name: &str, path: &[String]) -> Result<(), Fault> {
        if self.site.channels.contains_key(name) {
            return Ok(());
        }
        let near = klinke_engine::steps::nearest(name, self.site.channels.keys().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Err(self.file.source.fault(path, format!("there is no channel `{name}`{hint}")))
    }

    /// Makes the one adapter that is named, or of several the one that `via` asks for.
    fn over(&self, adapters: &Adapters, via: Option<&str>, channel: &str) -> Result<Endpoint, Unmade> {
        let mut wanted = adapters.iter().filter(|(name, _)| via.is_none_or(|via| via == **name));
        let Some((name, value)) = wanted.next() else {
            let known: Vec<&str> = adapters.keys().copied().collect();
            let text =
                format!("it takes nothing over `{}`, only {}", via.unwrap_or_default(), known.join(", "));
            return Err(Unmade::Which(text));
        };
        if wanted.next().is_some() {
            return Err(Unmade::Which("it has several endpoints; say which with `via`".to_owned()));
        }
        let unmade = |text: String| Unmade::Adapter(name, text);
        let kind = adapter(name).and_then(|adapter| adapter.destination);
        let kind = kind.ok_or_else(|| unmade(format!("`{name}` can't be a destination")))?;
        let surroundings = Surroundings { folder: &self.site.home, channel, archive: self.archive };
        if let Some(at) = value.get("answers_at").and_then(toml::Value::as_str) {
            let other = self.site.channels.get(at).and_then(|file| file.channel.source.as_ref());
            if other.is_none_or(|source| !source.adapters.contains_key(name)) {
                return Err(unmade(format!("\"{at}\" is no channel of this site with a source over {name}")));
            }
        }
        let made = (kind.make)(settings(value).map_err(unmade)?, &surroundings);
        let made = made.map_err(|error| unmade(error.to_string()))?;
        let period = |key: &str| -> Option<Period> { value.get(key)?.as_str()?.parse().ok() };
        // Where answers arrive elsewhere, they may take longer than those on the connection itself.
        let elsewhere =
            value.get("answers_at").map(|_| period("answers_within").map_or(ANSWERS_WITHIN, |one| one.0));
        let answer = period("answer_timeout").map_or(ANSWER_LIMIT, |limit| limit.0);
        Ok(Endpoint {
            partner: made.destination,
            answer_limit: answer + elsewhere.unwrap_or_default(),
            connections: made.connections,
            probe: made.probe,
            statistics: made.statistics,
            inside: false,
        })
    }
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
