//! One cause, one alert: systems on one machine or in one network that fail together are one alert, which
//! names them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::kind::{Family, Rank};
use super::sign::Sign;
use crate::lang::Text;

/// Machines in one network that must fail before the network is to blame.
const HOSTS_MIN: usize = 3;
/// Systems that are named in the text.
const NAMED_MAX: usize = 12;

/// Where a system stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The system.
    pub system: String,
    /// Its machine: a name or an address.
    pub host: String,
    /// Its network, where the address is known: `10.1.2.0/24`.
    pub network: Option<String>,
}

impl Place {
    /// Of a system at a host, whose address is known where it is none itself.
    pub fn new(system: &str, host: &str, address: Option<IpAddr>) -> Place {
        let address = host.trim_matches(['[', ']']).parse().ok().or(address);
        let network = address.map(|address: IpAddr| match address {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        });
        Place { system: system.to_owned(), host: host.to_owned(), network }
    }
}

/// Signs that are one alert.
#[derive(Clone, Debug)]
pub struct Group {
    /// What makes it the same at the next look.
    pub key: String,
    /// True when partners are not reached: then it may grow into a greater one.
    pub reach: bool,
    /// The sign that tells most.
    pub lead: Sign,
    /// The systems in it.
    pub systems: BTreeSet<String>,
    /// How much it matters.
    pub rank: Rank,
    /// A few words, and a sentence, of the whole.
    pub title: Text,
    /// What is wrong.
    pub text: Text,
    /// What else was seen.
    pub also: Vec<Text>,
}

/// Brings signs together. `places` are those of all systems, also of those that are well.
pub fn group(signs: Vec<Sign>, places: &[Place]) -> Vec<Group> {
    let (mut alone, mut reach) = (Vec::new(), BTreeMap::<String, Vec<Sign>>::new());
    for sign in signs {
        match sign.kind.family {
            Family::Reach => reach.entry(sign.system.clone()).or_default().push(sign),
            _ => alone.push(sign),
        }
    }
    // What follows from a partner that is not reached is told with it.
    let follows = ["queue-grows", "oldest-waits", "answers-slower", "rate-changed", "unstable-line"];
    let mut groups = Vec::new();
    for sign in alone {
        match reach.get_mut(&sign.system) {
            Some(signs) if follows.contains(&sign.kind.code) => signs.push(sign),
            _ => groups.push(one(sign)),
        }
    }
    groups.extend(gathered(reach, places));
    groups
}

fn one(sign: Sign) -> Group {
    Group {
        key: sign.key(),
        reach: false,
        systems: BTreeSet::from([sign.system.clone()]),
        rank: sign.rank,
        title: sign.title.clone(),
        text: sign.text.clone(),
        also: Vec::new(),
        lead: sign,
    }
}

fn gathered(mut reach: BTreeMap<String, Vec<Sign>>, places: &[Place]) -> Vec<Group> {
    let mut groups = Vec::new();
    let place = |system: &str| places.iter().find(|place| place.system == system);
    let hosts_of = |systems: &[String]| -> BTreeSet<String> {
        systems.iter().filter_map(|system| Some(place(system)?.host.clone())).collect()
    };
    let failing: Vec<String> = reach.keys().cloned().collect();
    let all_hosts: BTreeSet<&str> = places.iter().map(|place| place.host.as_str()).collect();
    let failing_hosts = hosts_of(&failing);
    let networks: BTreeSet<&str> =
        failing.iter().filter_map(|system| place(system)?.network.as_deref()).collect();
    let mut take =
        |key: String, systems: Vec<String>, title: Text, reach: &mut BTreeMap<String, Vec<Sign>>| {
            let signs: Vec<Sign> =
                systems.iter().filter_map(|system| reach.remove(system)).flatten().collect();
            groups.extend(together(key, signs, Some(title)));
        };
    // Nearly all machines, in several networks: it is our own line.
    if failing_hosts.len() > HOSTS_MIN && networks.len() > 1 && failing_hosts.len() * 5 >= all_hosts.len() * 4
    {
        let title = Text::new(
            format!("{} systems are not reached: our own line", failing.len()),
            format!("{} Systeme sind nicht erreichbar: die eigene Leitung", failing.len()),
        );
        take("network:*".to_owned(), failing.clone(), title, &mut reach);
    }
    for network in networks {
        let inside =
            |system: &String| place(system).is_some_and(|one| one.network.as_deref() == Some(network));
        let systems: Vec<String> = reach.keys().filter(|system| inside(system)).cloned().collect();
        let (hosts, all) = (hosts_of(&systems).len(), {
            let inside = places.iter().filter(|one| one.network.as_deref() == Some(network));
            inside.map(|one| one.host.as_str()).collect::<BTreeSet<_>>().len()
        });
        if hosts >= HOSTS_MIN && hosts * 5 >= all * 3 {
            let title = Text::new(
                format!("{} systems in the network {network} are not reached", systems.len()),
                format!("{} Systeme im Netz {network} sind nicht erreichbar", systems.len()),
            );
            take(format!("network:{network}"), systems, title, &mut reach);
        }
    }
    for host in failing_hosts {
        let at = |system: &String| place(system).is_some_and(|one| one.host == host);
        let systems: Vec<String> = reach.keys().filter(|system| at(system)).cloned().collect();
        if systems.len() > 1 {
            let title = Text::new(
                format!("{} systems on {host} are not reached", systems.len()),
                format!("{} Systeme auf {host} sind nicht erreichbar", systems.len()),
            );
            take(format!("host:{host}"), systems, title, &mut reach);
        }
    }
    groups.extend(
        reach.into_iter().filter_map(|(system, signs)| together(format!("system:{system}"), signs, None)),
    );
    groups
}

/// One alert of several signs: the lowest rung leads, as all above follows from it.
fn together(key: String, mut signs: Vec<Sign>, title: Option<Text>) -> Option<Group> {
    signs.sort_by_key(|sign| {
        (sign.kind.family != Family::Reach, sign.kind.layer, std::cmp::Reverse(sign.rank))
    });
    let lead = signs.first()?.clone();
    let systems: BTreeSet<String> = signs.iter().map(|sign| sign.system.clone()).collect();
    let rank = signs.iter().map(|sign| sign.rank).max()?;
    let text = match &title {
        None => lead.text.clone(),
        Some(_) => {
            let more = systems.len().saturating_sub(NAMED_MAX);
            let names: Vec<&str> = systems.iter().take(NAMED_MAX).map(String::as_str).collect();
            let names = names.join(", ");
            let rest = |and: &str| if more > 0 { format!(" {and} {more}") } else { String::new() };
            Text::new(
                format!("Not reached or not heard: {names}{}. First of them: {}", rest("and"), lead.text.en),
                format!("Nicht erreicht oder nicht gehört: {names}{}. Zuerst: {}", rest("und"), lead.text.de),
            )
        }
    };
    let also = signs.iter().skip(1).take(NAMED_MAX).map(|sign| sign.text.clone()).collect();
    Some(Group {
        key,
        reach: true,
        systems,
        rank,
        title: title.unwrap_or_else(|| lead.title.clone()),
        text,
        also,
        lead,
    })
}
