//! `alerts.toml`: who is told when something is wrong, when, and by which way. The file may be missing: alerts are
//! then on the console alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::net::{ClientTls, Host};
use klinke_adapters::secret::Secret;
use klinke_adapters::units::Period;
use klinke_diagnosis::Lang;
use klinke_diagnosis::alert::kind;
use klinke_diagnosis::alert::plan::{self, Plan, Windows};
use klinke_diagnosis::alert::{Rank, plan::Step as PlanStep};
use klinke_diagnosis::rhythm::Calendar;
use klinke_engine::schedule::Schedule;
use klinke_engine::template::Zone;
use klinke_model::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

/// Who is told what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Alerts {
    /// Where the console is reached from outside, for the links in alerts: `https://klinke.kh.example:8443`; without it
    /// alerts have no links. Since 0.1.
    pub console: Option<String>,
    /// How long something must last before it is an alert. Default `"30s"`. Since 0.1.
    pub settle: Option<Period>,
    /// How long all must be well before an alert is closed. Default `"2m"`. Since 0.1.
    pub calm: Option<Period>,
    /// How many alerts a person is told in an hour at the most; of urgent ones twice as many. Default `20`. Since 0.1.
    pub hourly: Option<usize>,
    /// How long a delivery may wait before it is told. Default `"15m"`. Since 0.1.
    pub oldest: Option<Period>,
    /// How old the last backup may be: `"26h"`; not looked at when absent. Since 0.1.
    pub backup: Option<Period>,
    /// People by a short name. Since 0.1.
    pub person: BTreeMap<String, Person>,
    /// Who is on call in turn, by the rota's name. Since 0.1.
    pub rota: BTreeMap<String, Rota>,
    /// Who is told of what; the first rule that fits counts. Since 0.1.
    pub rule: Vec<Rule>,
    /// Planned work, during which nothing is told. Since 0.1.
    pub maintenance: Vec<Maintenance>,
    /// Ways out by their names. Since 0.1.
    pub way: BTreeMap<String, Way>,
    /// A sign of life to somebody outside, who calls when it stays away. Since 0.1.
    pub heartbeat: Option<Heartbeat>,
}

/// Somebody who is told.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Person {
    /// What people call them. Since 0.1.
    pub title: Option<String>,
    /// `de` or `en`. Default `"de"`. Since 0.1.
    pub lang: Option<Lang>,
    /// Their account of the console, for the audit log. Since 0.1.
    pub account: Option<String>,
    /// The ways to them, the first first; the next is taken when one fails. Since 0.1.
    pub ways: Vec<Reach>,
}

/// A way to somebody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reach {
    /// The way's name. Since 0.1.
    pub way: String,
    /// Where to: a mail address, a telephone number, a topic. Since 0.1.
    #[serde(default)]
    pub to: String,
}

/// Who is on call in turn.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rota {
    /// In the order of their turns. Since 0.1.
    pub people: Vec<String>,
    /// When the first turn began, and at which hour they change: `"2026-01-05 08:00"`, local time. Since 0.1.
    pub since: String,
    /// How long a turn lasts, in days. Default `7`. Since 0.1.
    pub days: Option<u32>,
    /// When somebody is on call at all: `["Mon-Fri 16:00-08:00", "Sat-Sun 00:00-24:00"]`; always when empty. Since 0.1.
    #[serde(default)]
    pub hours: Vec<String>,
    /// Who takes it instead. Since 0.1.
    #[serde(default)]
    pub exception: Vec<Exception>,
}

/// Somebody takes another's turn.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exception {
    /// From when: `"2026-12-24 08:00"`, local time. Since 0.1.
    pub from: String,
    /// Until when. Since 0.1.
    pub until: String,
    /// Who. Since 0.1.
    pub person: String,
}

/// Who is told of what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Rule {
    /// Of alerts of this rank and above: `notice`, `warning` or `urgent`. Default `"notice"`. Since 0.1.
    pub rank: Rank,
    /// Of these systems alone; `klinke` is our own side. Since 0.1.
    pub systems: BTreeSet<String>,
    /// Of these kinds alone. Since 0.1.
    pub kinds: BTreeSet<String>,
    /// One after the other, as long as nobody acknowledges. Since 0.1.
    pub step: Vec<Step>,
    /// How often it is told again while nobody acknowledges; once when absent. Since 0.1.
    pub repeat: Option<Period>,
    /// When nobody is told: `["Mon-Fri 18:00-07:00"]`; what is still open is told when these hours end. Since 0.1.
    pub quiet: Vec<String>,
}

/// One step of an escalation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// People and rotas. Since 0.1.
    pub to: Vec<String>,
    /// So long after the alert was opened, when nobody has acknowledged by then. Default `"0s"`. Since 0.1.
    pub after: Option<Period>,
}

/// Planned work.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Maintenance {
    /// What is done. Since 0.1.
    pub title: Option<String>,
    /// On these systems; on all when empty. Since 0.1.
    pub systems: BTreeSet<String>,
    /// Every week: `["Sun 02:00-04:00"]`. Since 0.1.
    pub weekly: Vec<String>,
    /// Once, from: `"2026-12-05 22:00"`, local time. Since 0.1.
    pub from: Option<String>,
    /// Until. Since 0.1.
    pub until: Option<String>,
}

/// A way out: exactly one of these.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Way {
    /// E-mail. Since 0.1.
    pub smtp: Option<Smtp>,
    /// A JSON object to a URL, signed. Since 0.1.
    pub webhook: Option<Webhook>,
    /// Push by an ntfy server. Since 0.1.
    pub ntfy: Option<Push>,
    /// Push by a Gotify server. Since 0.1.
    pub gotify: Option<Push>,
    /// A gateway for short messages, or whatever else takes an HTTP request. Since 0.1.
    pub sms: Option<Gateway>,
    /// Syslog (RFC 5424). Since 0.1.
    pub syslog: Option<Syslog>,
}

/// E-mail by SMTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Smtp {
    /// The server. Since 0.1.
    pub address: Host,
    /// The sender. Since 0.1.
    pub from: String,
    /// `starttls`, `tls` from the first byte, or `none` on a line that nobody listens to. Default `"starttls"`. Since 0.1.
    pub security: Option<Security>,
    /// The user, where the server asks for one. Since 0.1.
    pub user: Option<String>,
    /// Their password. Since 0.1.
    pub password: Option<Secret>,
    /// The file with the authorities that vouch for the server (PEM); those of the machine when left out. Since 0.1.
    pub authorities: Option<std::path::PathBuf>,
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// From within.
    Starttls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

/// A JSON object to a URL.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Webhook {
    /// Where to. Since 0.1.
    pub url: String,
    /// With it the body is signed: `X-Klinke-Signature: sha256=<HMAC in hexadecimal>`. Since 0.1.
    pub secret: Option<Secret>,
    /// TLS, for an https URL. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

/// A push server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Push {
    /// The server; of ntfy the topic is the person's `to`. Since 0.1.
    pub url: String,
    /// The token. Since 0.1.
    pub token: Option<Secret>,
    /// TLS, for an https URL. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

/// A gateway that is asked by HTTP. `{to}`, `{title}` and `{text}` are put in, each as its place needs it: escaped
/// in the URL and in a form, as JSON in JSON.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gateway {
    /// Where to: `https://sms.example/send?to={to}&text={title}`. Since 0.1.
    pub url: String,
    /// `GET` or `POST`. Default `"POST"`. Since 0.1.
    pub method: Option<String>,
    /// The body. Since 0.1.
    #[serde(default)]
    pub body: String,
    /// Its type. Default `"application/x-www-form-urlencoded"`. Since 0.1.
    pub content_type: Option<String>,
    /// More heads. Since 0.1.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// TLS, for an https URL. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

/// Syslog.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Syslog {
    /// The receiver. Since 0.1.
    pub address: Host,
    /// `udp` (RFC 5426), `tcp` (RFC 6587, by octets) or `tls` (RFC 5425). Default `"udp"`. Since 0.1.
    pub transport: Option<Transport>,
    /// TLS, where that is the transport. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

/// How syslog is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// A secured connection.
    Tls,
}

/// A sign of life.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Heartbeat {
    /// Where to; POST, the body says `ok` or what is wrong. Since 0.1.
    pub url: String,
    /// How often. Default `"1m"`. Since 0.1.
    pub every: Option<Period>,
    /// TLS, for an https URL. Since 0.1.
    #[serde(default)]
    pub tls: ClientTls,
}

/// The key that is wrong, and why.
pub type Wrong = (Vec<String>, String);

impl Alerts {
    /// Makes relative file names relative to the site.
    pub fn resolve(&mut self, folder: &Path) {
        for way in self.way.values_mut() {
            if let Some(smtp) = &mut way.smtp {
                smtp.authorities.iter_mut().for_each(|path| *path = folder.join(&*path));
                smtp.password.iter_mut().for_each(|secret| secret.resolve(folder));
            }
            if let Some(hook) = &mut way.webhook {
                hook.secret.iter_mut().for_each(|secret| secret.resolve(folder));
                hook.tls.resolve(folder);
            }
            for push in [&mut way.ntfy, &mut way.gotify].into_iter().flatten() {
                push.token.iter_mut().for_each(|secret| secret.resolve(folder));
                push.tls.resolve(folder);
            }
            way.sms.iter_mut().for_each(|one| one.tls.resolve(folder));
            way.syslog.iter_mut().for_each(|one| one.tls.resolve(folder));
        }
        self.heartbeat.iter_mut().for_each(|one| one.tls.resolve(folder));
    }

    /// Who is told when; what is wrong is added to `wrong`.
    pub fn plan(&self, zone: &Zone, systems: &BTreeSet<String>, wrong: &mut Vec<Wrong>) -> Plan {
        let people =
            self.person.iter().map(|(name, person)| (name.clone(), self.person(name, person, wrong)));
        let people: BTreeMap<String, plan::Person> = people.collect();
        let mut reader = Reader { zone, systems, alerts: self, wrong };
        let rotas = self.rota.iter().map(|(name, rota)| (name.clone(), reader.rota(name, rota))).collect();
        let rules = self.rule.iter().enumerate().map(|(at, rule)| reader.rule(at, rule)).collect();
        let maintenance =
            self.maintenance.iter().enumerate().map(|(at, one)| reader.maintenance(at, one)).collect();
        for (name, way) in &self.way {
            let set = [
                way.smtp.is_some(),
                way.webhook.is_some(),
                way.ntfy.is_some(),
                way.gotify.is_some(),
                way.sms.is_some(),
                way.syslog.is_some(),
            ];
            if set.iter().filter(|set| **set).count() != 1 {
                let text = "a way is exactly one of smtp, webhook, ntfy, gotify, sms, syslog";
                wrong.push((vec!["way".to_owned(), name.clone()], text.to_owned()));
            }
        }
        let seconds =
            |period: Option<Period>, default: u64| period.map_or(Duration::from_secs(default), |one| one.0);
        Plan {
            people,
            rotas,
            rules,
            maintenance,
            settle: seconds(self.settle, 30),
            calm: seconds(self.calm, 120),
            hourly: self.hourly.unwrap_or(20).max(1),
        }
    }

    fn person(&self, name: &str, person: &Person, wrong: &mut Vec<Wrong>) -> plan::Person {
        let key = |last: &str| vec!["person".to_owned(), name.to_owned(), last.to_owned()];
        if person.ways.is_empty() {
            wrong.push((key("ways"), format!("no way leads to `{name}`")));
        }
        if self.rota.contains_key(name) {
            wrong.push((key("title"), format!("`{name}` is a person and a rota")));
        }
        for one in &person.ways {
            match self.way.get(&one.way) {
                None => wrong.push((key("ways"), format!("there is no way `{}`", one.way))),
                Some(way) if way.smtp.is_some() && one.to.parse::<lettre::Address>().is_err() => {
                    wrong.push((key("ways"), "`to` is no mail address".to_owned()));
                }
                Some(_) => {}
            }
        }
        plan::Person {
            title: person.title.clone().unwrap_or_else(|| name.to_owned()),
            lang: person.lang.unwrap_or(Lang::De),
            ways: person.ways.iter().map(|one| (one.way.clone(), one.to.clone())).collect(),
        }
    }
}

/// Reads what is written in words.
struct Reader<'a> {
    zone: &'a Zone,
    systems: &'a BTreeSet<String>,
    alerts: &'a Alerts,
    wrong: &'a mut Vec<Wrong>,
}

impl Reader<'_> {
    fn fail(&mut self, path: &[&str], text: String) {
        self.wrong.push((path.iter().map(|part| (*part).to_owned()).collect(), text));
    }

    fn windows(&mut self, path: &[&str], entries: &[String]) -> Windows {
        if entries.is_empty() {
            return Windows::new();
        }
        match Schedule::parse(entries, Arc::new(|_| 0)) {
            Ok(schedule) => schedule.windows().to_vec(),
            Err(text) => {
                self.fail(path, text);
                Windows::new()
            }
        }
    }

    /// A local time: as the local clock shows it, and the point in time.
    fn time(&mut self, path: &[&str], text: &str) -> (i64, Timestamp) {
        match local(text) {
            Some(local) => {
                let guess = Timestamp(local - 3_600_000_000);
                (local, Timestamp(local - i64::from(self.zone.offset_minutes(guess)) * 60_000_000))
            }
            None => {
                self.fail(path, format!("`{text}` is no local time; write 2026-12-24 08:00"));
                (0, Timestamp(0))
            }
        }
    }

    fn rota(&mut self, name: &str, rota: &Rota) -> plan::Rota {
        for person in rota.people.iter().chain(rota.exception.iter().map(|one| &one.person)) {
            if !self.alerts.person.contains_key(person) {
                self.fail(&["rota", name, "people"], format!("there is no person `{person}`"));
            }
        }
        if rota.people.is_empty() {
            self.fail(&["rota", name, "people"], "a rota has at least one person".to_owned());
        }
        let exceptions = rota.exception.iter().map(|one| {
            let path = ["rota", name, "exception"];
            (self.time(&path, &one.from).1, self.time(&path, &one.until).1, one.person.clone())
        });
        let exceptions = exceptions.collect();
        plan::Rota {
            people: rota.people.clone(),
            since: self.time(&["rota", name, "since"], &rota.since).0,
            days: rota.days.unwrap_or(7).max(1),
            hours: self.windows(&["rota", name, "hours"], &rota.hours),
            exceptions,
        }
    }

    fn rule(&mut self, at: usize, rule: &Rule) -> plan::Rule {
        let number = format!("[{at}]");
        self.known(&["rule", &number, "systems"], &rule.systems);
        for code in rule.kinds.iter().filter(|code| kind::of(code).is_none()) {
            let near = klinke_engine::steps::nearest(code, kind::KINDS.iter().map(|kind| kind.code));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            self.fail(&["rule", &number, "kinds"], format!("there is no kind of alert `{code}`{hint}"));
        }
        if rule.step.is_empty() {
            self.fail(
                &["rule", &number],
                "a rule has at least one step: [[rule.step]] to = [\"…\"]".to_owned(),
            );
        }
        let mut steps = Vec::new();
        for step in &rule.step {
            for name in &step.to {
                if !self.alerts.person.contains_key(name) && !self.alerts.rota.contains_key(name) {
                    self.fail(&["rule", &number, "step"], format!("there is no person and no rota `{name}`"));
                }
            }
            let after = step.after.map_or(Duration::ZERO, |after| after.0);
            steps.push(PlanStep { to: step.to.clone(), after });
        }
        steps.sort_by_key(|step| step.after);
        plan::Rule {
            rank: rule.rank,
            systems: rule.systems.clone(),
            kinds: rule.kinds.clone(),
            steps,
            repeat: rule.repeat.map(|period| period.0.max(Duration::from_secs(60))),
            quiet: self.windows(&["rule", &number, "quiet"], &rule.quiet),
        }
    }

    fn known(&mut self, path: &[&str], systems: &BTreeSet<String>) {
        for name in systems.iter().filter(|name| *name != "klinke" && !self.systems.contains(*name)) {
            self.fail(path, format!("systems.toml has no `{name}`"));
        }
    }

    fn maintenance(&mut self, at: usize, one: &Maintenance) -> plan::Maintenance {
        let number = format!("[{at}]");
        let path = ["maintenance", &number, "systems"];
        self.known(&path, &one.systems);
        let once = match (&one.from, &one.until) {
            (Some(from), Some(until)) => Some((self.time(&path, from).1, self.time(&path, until).1)),
            (None, None) => None,
            _ => {
                self.fail(&path[..2], "write both from and until, or neither".to_owned());
                None
            }
        };
        if once.is_none() && one.weekly.is_empty() {
            self.fail(&path[..2], "say when: weekly, or from and until".to_owned());
        }
        plan::Maintenance {
            title: one.title.clone().unwrap_or_default(),
            systems: one.systems.clone(),
            weekly: self.windows(&path, &one.weekly),
            once,
        }
    }
}

/// `2026-12-24 08:00` as microseconds of the local clock.
fn local(text: &str) -> Option<i64> {
    let (day, clock) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), "00:00"));
    let mut day = day.split('-');
    let (year, month, date) =
        (day.next()?.parse().ok()?, day.next()?.parse().ok()?, day.next()?.parse().ok()?);
    let mut clock = clock.split(':');
    let (hour, minute) = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
    Timestamp::from_parts(year, month, date, hour, minute, 0).map(|at| at.0)
}

/// What the whole plan lacks: hours at which a rule leads to nobody.
pub fn holes(plan: &Plan, zone: &Zone, now: Timestamp) -> Vec<Wrong> {
    let offset = |at: Timestamp| zone.offset_minutes(at);
    let calendar = Calendar { land: None, offset: &offset };
    let hole = |(number, at): (usize, Timestamp)| {
        let local = Timestamp(calendar.local(at)).to_string();
        let when = local.get(..16).unwrap_or_default().replace('T', " ");
        (
            vec!["rule".to_owned(), format!("[{number}]")],
            format!("nobody is on call at {when}: the rotas of its steps leave a hole"),
        )
    };
    plan.holes(&calendar, now).into_iter().map(hole).collect()
}
