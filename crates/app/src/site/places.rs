//! What a site's channels have to do with each other at their addresses: one port that two want, and ways
//! that lead back to where they began.

use klinke_adapters::net::Host;

use super::fault::Fault;
use super::{ChannelFile, Site};

/// Faults of addresses, where every channel alone is sound.
pub fn faults(site: &Site) -> Vec<Fault> {
    let mut faults = twice(site);
    faults.extend(loops(site));
    faults
}

/// Something that listens.
struct Listener {
    host: Host,
    /// As it is told: `the source of adt`.
    who: String,
    /// Told when it is the second one at its port.
    fault: Box<dyn Fn(String) -> Fault>,
}

/// Those that want a port which another has.
fn twice(site: &Site) -> Vec<Fault> {
    let all = listeners(site);
    let mut faults = Vec::new();
    for (index, one) in all.iter().enumerate() {
        if let Some(other) = all[..index].iter().find(|other| overlap(&other.host, &one.host)) {
            let text =
                format!("{} listens at {} already; give {} another port", other.who, other.host, one.who);
            faults.push((one.fault)(text));
        }
    }
    faults
}

fn listeners(site: &Site) -> Vec<Listener> {
    let mut all = Vec::new();
    let node = &site.node;
    let own = [
        ("[metrics]", node.metrics.as_ref().map(|one| &one.listen)),
        ("[console]", node.console.as_ref().map(|one| &one.listen)),
        ("[archive]", node.archive.as_ref().map(|one| &one.listen)),
        ("[archive] web", node.archive.as_ref().and_then(|one| one.web.as_ref())),
    ];
    for (who, host) in own {
        all.extend(host.map(|host| Listener {
            host: host.clone(),
            who: who.to_owned(),
            fault: Box::new(|text| Fault::of_file("klinke.toml".as_ref(), text)),
        }));
    }
    for (name, file) in &site.channels {
        let source = file.channel.source.iter().flat_map(|source| &source.adapters);
        let listening = source.filter_map(|(adapter, value)| Some((adapter, host(value.get("listen"))?)));
        all.extend(listening.map(|(adapter, host)| {
            let path = ["source", adapter, "listen"].map(str::to_owned).to_vec();
            listener(host, format!("the source of `{name}`"), file, &path)
        }));
        for (index, destination) in file.channel.destination.iter().enumerate() {
            let place = |keys: &[&str]| -> Vec<String> {
                let keys = keys.iter().map(|key| (*key).to_owned());
                ["destination".to_owned(), format!("[{index}]")].into_iter().chain(keys).collect()
            };
            for (adapter, value) in ends(site, destination) {
                let Some(host) = host(value.get("listen")) else { continue };
                let path = match &destination.to {
                    Some(_) => place(&["to"]),
                    None => place(&[adapter, "listen"]),
                };
                all.push(listener(host, format!("a destination of `{name}`"), file, &path));
            }
        }
    }
    all
}

fn listener(host: Host, who: String, file: &ChannelFile, path: &[String]) -> Listener {
    let empty = file.source.fault(path, "");
    Listener { host, who, fault: Box::new(move |text| Fault { text, ..empty.clone() }) }
}

/// The endpoints that a destination may mean: its own, or its system's.
fn ends<'a>(
    site: &'a Site,
    destination: &'a super::channel::Destination,
) -> impl Iterator<Item = (&'static str, &'a toml::Value)> {
    let system = destination.to.as_ref().and_then(|to| site.systems.get(to));
    let adapters = system.map_or(&destination.adapters, |system| &system.adapters);
    let wanted = |name: &str| destination.via.as_deref().is_none_or(|via| via == name);
    adapters.iter().map(|(name, value)| (*name, value)).filter(move |(name, _)| wanted(name))
}

fn host(value: Option<&toml::Value>) -> Option<Host> {
    value?.as_str()?.parse().ok()
}

/// Where a destination's endpoint leads to: `"host:port"`, an `address`, or the host of a `url`.
fn leads_to(value: &toml::Value) -> Option<Host> {
    let text = match value {
        toml::Value::String(text) => text.as_str(),
        other => ["address", "url"].iter().find_map(|key| other.get(key))?.as_str()?,
    };
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    bare.split('/').next()?.parse().ok()
}

/// True when a listener at `one` leaves no room for one at `other`.
fn overlap(one: &Host, other: &Host) -> bool {
    let same = named(one) == named(other) || is_any(one) || is_any(other);
    one.port != 0 && one.port == other.port && same
}

/// True when who connects to `to` reaches a listener at `at`, as far as names tell.
fn reaches(to: &Host, at: &Host) -> bool {
    let here = named(to).starts_with("127.") || named(to) == "::1";
    to.port != 0 && to.port == at.port && (named(to) == named(at) || (is_any(at) && here))
}

fn named(host: &Host) -> &str {
    if host.name.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { &host.name }
}

fn is_any(host: &Host) -> bool {
    ["0.0.0.0", "::"].contains(&host.name.as_str())
}

/// One way from a channel into another.
struct Way<'a> {
    from: &'a str,
    to: &'a str,
    file: &'a ChannelFile,
    /// Which of its destinations, and the key that says where to.
    place: (usize, &'a str),
}

/// Ways that lead back without a condition: whatever goes in would never come to rest.
fn loops(site: &Site) -> Vec<Fault> {
    let ways = ways(site);
    let mut faults = Vec::new();
    for (index, way) in ways.iter().enumerate() {
        let Some(mut round) = back(&ways, way.to, way.from) else { continue };
        // Each round is told once: at the way that comes first in it.
        if round.iter().any(|other| *other < index) {
            continue;
        }
        round.insert(0, index);
        let names: Vec<String> = round.iter().map(|at| format!("`{}`", ways[*at].to)).collect();
        let text = format!(
            "what `{}` sends here comes back to it for ever, by way of {}; give a destination on the way an \
             `only` if that is meant",
            way.from,
            names.join(", ")
        );
        let path = ["destination".to_owned(), format!("[{}]", way.place.0), way.place.1.to_owned()];
        faults.push(way.file.source.fault(&path, text));
    }
    faults
}

/// The shortest chain of ways between two channels; empty when they are the same.
fn back(ways: &[Way<'_>], from: &str, to: &str) -> Option<Vec<usize>> {
    let mut chains = std::collections::VecDeque::from([(from, Vec::new())]);
    let mut seen = vec![from];
    while let Some((at, chain)) = chains.pop_front() {
        if at == to {
            return Some(chain);
        }
        for (index, way) in ways.iter().enumerate().filter(|(_, way)| way.from == at) {
            if way.to == to || !seen.contains(&way.to) {
                seen.push(way.to);
                chains.push_back((way.to, chain.iter().copied().chain([index]).collect()));
            }
        }
    }
    None
}

fn ways(site: &Site) -> Vec<Way<'_>> {
    let mut ways = Vec::new();
    for (from, file) in &site.channels {
        for (index, destination) in file.channel.destination.iter().enumerate() {
            if destination.only.is_some() || destination.except.is_some() {
                continue;
            }
            let inside = destination.channel.as_deref().into_iter().map(|to| ("channel", to));
            let outside = ends(site, destination).flat_map(|(adapter, value)| {
                let key = if destination.to.is_some() { "to" } else { adapter };
                fed_by(site, value).map(move |to| (key, to))
            });
            let found = inside.chain(outside);
            ways.extend(found.map(|(key, to)| Way { from, to, file, place: (index, key) }));
        }
    }
    ways
}

/// The channels whose source gets what goes to an endpoint.
fn fed_by<'a>(site: &'a Site, end: &'a toml::Value) -> impl Iterator<Item = &'a str> {
    site.channels.iter().filter_map(|(name, file)| {
        let mut sources = file.channel.source.as_ref()?.adapters.values();
        sources.any(|source| feeds(end, source)).then_some(name.as_str())
    })
}

/// True when what goes to an endpoint comes to a source: at its address, or in a folder of which it takes
/// every file.
fn feeds(end: &toml::Value, source: &toml::Value) -> bool {
    let text = |value: &toml::Value, key: &str| {
        value.as_str().or_else(|| value.get(key)?.as_str()).map(|text| text.trim_end_matches('/').to_owned())
    };
    let host = leads_to(end).zip(host(source.get("listen")));
    let folder = text(end, "folder").zip(text(source, "folder")).filter(|_| source.get("pattern").is_none());
    host.is_some_and(|(to, at)| reaches(&to, &at)) || folder.is_some_and(|(to, at)| to == at)
}
