//! What people and tools are given: one finding for each system, in one language.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, by_clock, moment};
use crate::ladder::{Judgement, Suspicion};
use crate::{Lang, Layer, Verdict};

/// All that was found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The site's name.
    pub site: String,
    /// When, RFC 3339.
    pub at: String,
    /// True when the running site was asked, false when its store alone was read.
    pub serving: bool,
    /// One for each system, and one for Klinke itself.
    pub findings: Vec<Finding>,
}

/// What is wrong with a system, whose fault it is, what to do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The system's name in the site's files; `klinke` for this machine and program.
    pub system: String,
    /// Whose fault it is.
    pub verdict: Verdict,
    /// On which rung it broke; nothing when all is well.
    pub layer: Option<Layer>,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    /// What is wrong, in a sentence.
    pub summary: String,
    /// What probes and the site itself saw.
    pub proof: Vec<String>,
    /// Whom to call.
    pub call: Option<String>,
    /// What to try first.
    pub next: Vec<String>,
    /// A stable word for the cause; `well` when there is none.
    pub cause: String,
    /// Since when, RFC 3339, where that is known.
    pub since: Option<String>,
    /// True when messages go on in spite of it.
    pub minor: bool,
    /// What to say to the contact: ready to send, without patient data.
    pub say: Option<String>,
    /// What else it may be, and the test that decides.
    pub either: Option<Other>,
    /// What else is wrong.
    pub also: Vec<Also>,
    /// What was looked at, from the wire up.
    pub rungs: Vec<RungView>,
}

/// A second possibility.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Other {
    /// Whose fault it would be.
    pub verdict: Verdict,
    /// What it would be.
    pub text: String,
    /// What decides between the two.
    pub test: String,
}

/// Something else that is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Also {
    /// Whose fault it is.
    pub verdict: Verdict,
    /// On which rung.
    pub layer: Layer,
    /// What is wrong, in a sentence.
    pub summary: String,
    /// A stable word for the cause.
    pub cause: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RungView {
    /// Which rung.
    pub layer: Layer,
    /// Of which way: a channel, or `channel/destination`.
    pub at: String,
    /// What was done.
    pub did: String,
    /// What was seen.
    pub saw: String,
    /// How long it took, in milliseconds; nothing for what was known anyway.
    pub millis: Option<f64>,
    /// Whether it holds; nothing when it says nothing by itself.
    pub well: Option<bool>,
}

impl Finding {
    /// True when nothing was found.
    pub fn is_well(&self) -> bool {
        self.verdict == Verdict::None
    }
}

impl Diagnosis {
    /// True when nothing was found anywhere.
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(Finding::is_well)
    }
}

impl Judgement {
    /// True when nothing was found.
    pub fn is_well(&self) -> bool {
        self.suspicions.is_empty()
    }

    /// For people of a language, and for tools.
    pub fn finding(&self, lang: Lang) -> Finding {
        let first = self.suspicions.first();
        let also = self.suspicions.iter().skip(1).take(20).map(|one| Also {
            verdict: one.cause.verdict,
            layer: one.cause.layer,
            summary: one.summary(lang),
            cause: one.cause.code.to_owned(),
        });
        Finding {
            system: self.system.clone(),
            verdict: first.map_or(Verdict::None, |one| one.cause.verdict),
            layer: first.map(|one| one.cause.layer),
            confidence: first.map_or(if self.blind { 0.5 } else { 0.9 }, |one| one.confidence),
            summary: first.map_or_else(|| self.well(lang), |one| one.summary(lang)),
            proof: first.map(|one| one.proofs(lang)).unwrap_or_default(),
            call: first.and_then(|_| self.call()),
            next: first.map(|one| one.next(lang)).unwrap_or_default(),
            cause: first.map_or("well", |one| one.cause.code).to_owned(),
            since: first.and_then(|one| one.since).map(|since| since.to_string()),
            minor: first.is_some_and(|one| one.minor),
            say: first.and_then(|one| self.say(one, lang)),
            either: first.and_then(|one| one.either(lang)),
            also: also.collect(),
            rungs: self
                .rungs
                .iter()
                .map(|rung| RungView {
                    layer: rung.layer,
                    at: rung.at.clone(),
                    did: rung.did.get(lang).to_owned(),
                    saw: rung.saw.get(lang).to_owned(),
                    millis: rung.took.map(millis),
                    well: rung.well,
                })
                .collect(),
        }
    }

    fn call(&self) -> Option<String> {
        let contact = self.contact.as_ref()?;
        Some(match &self.title {
            Some(title) => format!("{title}: {contact}"),
            None => contact.clone(),
        })
    }

    fn well(&self, lang: Lang) -> String {
        let text = match self.blind {
            true => lang.pick(
                "Nothing is known of it yet: nothing was sent, and nothing can be probed.",
                "Noch ist nichts bekannt: nichts wurde gesendet, und nichts lässt sich prüfen.",
            ),
            false => lang.pick("All is well.", "Alles in Ordnung."),
        };
        text.to_owned()
    }

    /// What to say to the contact of a system. What is ours alone is nobody else's business.
    fn say(&self, one: &Suspicion, lang: Lang) -> Option<String> {
        if matches!(one.cause.layer, Layer::Own | Layer::Queue) {
            return None;
        }
        let title = self.title.as_ref().unwrap_or(&self.system);
        let since = one
            .since
            .map(|since| lang.pick(format!(" since {}", moment(since)), format!(" seit {}", moment(since))));
        let since = since.unwrap_or_default();
        let proofs: Vec<String> = one.proofs(lang).iter().map(|proof| format!("- {proof}")).collect();
        let (summary, ask, proofs) = (one.summary(lang), ask(one.cause.verdict, lang), proofs.join("\n"));
        Some(lang.pick(
            format!(
                "Hello,\n\nthe interface between {} and {title} has a fault{since}. {summary}\n\nWhat our side sees:\n{proofs}\n\n{ask}\n",
                self.site
            ),
            format!(
                "Guten Tag,\n\ndie Schnittstelle zwischen {} und {title} ist gestört{since}. {summary}\n\nWas unsere Seite sieht:\n{proofs}\n\n{ask}\n",
                self.site
            ),
        ))
    }
}

fn ask(verdict: Verdict, lang: Lang) -> &'static str {
    match verdict {
        Verdict::Line => lang.pick(
            "Please look at the line: power, cable, switch, firewall on the way.",
            "Bitte die Leitung prüfen: Strom, Kabel, Switch, Firewalls auf dem Weg.",
        ),
        Verdict::Software => lang.pick(
            "Please look at the interface service and its log at these times.",
            "Bitte den Schnittstellendienst und sein Protokoll zu diesen Zeiten prüfen.",
        ),
        Verdict::Setup => lang.pick(
            "Please compare the settings on both sides with us: address, port, certificate, expected content.",
            "Bitte die Einstellungen beider Seiten mit uns vergleichen: Adresse, Port, Zertifikat, erwarteter Inhalt.",
        ),
        Verdict::Data | Verdict::None => lang.pick(
            "Please tell us why this message is not accepted; we name it by its number, without patient data.",
            "Bitte sagen Sie uns, warum diese Nachricht nicht angenommen wird; wir nennen sie nach ihrer Nummer, ohne Patientendaten.",
        ),
    }
}

impl Finding {
    /// The same with the moments of all sentences as a clock shows them.
    #[must_use]
    pub fn by_clock(mut self, clock: Clock<'_>) -> Finding {
        let either = self.either.iter_mut().flat_map(|one| [&mut one.text, &mut one.test]);
        let also = self.also.iter_mut().map(|one| &mut one.summary);
        let rungs = self.rungs.iter_mut().flat_map(|one| [&mut one.did, &mut one.saw]);
        let told = [&mut self.summary].into_iter().chain(&mut self.proof).chain(&mut self.next);
        for text in told.chain(&mut self.say).chain(either).chain(also).chain(rungs) {
            *text = by_clock(text, clock);
        }
        self
    }
}

impl Suspicion {
    /// What is wrong, in a sentence.
    pub fn summary(&self, lang: Lang) -> String {
        self.cause.summary.with(&self.words).get(lang).to_owned()
    }

    fn proofs(&self, lang: Lang) -> Vec<String> {
        self.proof.iter().take(8).map(|proof| proof.get(lang).trim().to_owned()).collect()
    }

    fn next(&self, lang: Lang) -> Vec<String> {
        self.cause.next.iter().map(|next| next.with(&self.words).get(lang).to_owned()).collect()
    }

    fn either(&self, lang: Lang) -> Option<Other> {
        let either = self.cause.either.as_ref()?;
        Some(Other {
            verdict: either.verdict,
            text: either.text.with(&self.words).get(lang).to_owned(),
            test: either.test.with(&self.words).get(lang).to_owned(),
        })
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

impl Verdict {
    /// For people.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Verdict::Line => lang.pick("the line", "die Leitung"),
            Verdict::Software => lang.pick("software", "Software"),
            Verdict::Setup => lang.pick("the set-up", "die Einrichtung"),
            Verdict::Data => lang.pick("one message", "eine Nachricht"),
            Verdict::None => lang.pick("all is well", "alles in Ordnung"),
        }
    }

    /// The word of JSON and files.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Line => "line",
            Verdict::Software => "software",
            Verdict::Setup => "setup",
            Verdict::Data => "data",
            Verdict::None => "none",
        }
    }
}

impl Layer {
    /// For people.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Layer::Name => lang.pick("name", "Name"),
            Layer::Route => lang.pick("route", "Weg"),
            Layer::Tcp => lang.pick("connection", "Verbindung"),
            Layer::Tls => "TLS",
            Layer::Protocol => lang.pick("protocol", "Protokoll"),
            Layer::Answer => lang.pick("answers", "Antworten"),
            Layer::Content => lang.pick("content", "Inhalt"),
            Layer::Queue => lang.pick("queue", "Warteschlange"),
            Layer::Own => lang.pick("our own side", "eigene Seite"),
            Layer::Silence => lang.pick("silence", "Stille"),
        }
    }

    /// The word of JSON and files.
    pub fn word(self) -> &'static str {
        match self {
            Layer::Name => "name",
            Layer::Route => "route",
            Layer::Tcp => "tcp",
            Layer::Tls => "tls",
            Layer::Protocol => "protocol",
            Layer::Answer => "answer",
            Layer::Content => "content",
            Layer::Queue => "queue",
            Layer::Own => "self",
            Layer::Silence => "silence",
        }
    }
}
