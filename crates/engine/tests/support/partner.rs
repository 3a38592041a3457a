//! A partner that does what a script says, and remembers what came.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Destination, Link, Parcel, Reply};
use klinke_model::{Disposition, Timestamp};
use tokio::time::Instant;

/// What a partner does with a parcel.
#[derive(Clone, Debug)]
pub enum Then {
    /// Takes it.
    Accept,
    /// Answers with a code; custom is to retry.
    Refuse(&'static str),
    /// Nothing reaches it.
    Unreachable,
    /// Takes it, but its answer is lost.
    Lose,
    /// Gives no answer at all, ever.
    Hang,
    /// Breaks the program.
    Panic,
    /// First waits.
    After(Duration, Box<Then>),
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub envelope: u64,
    pub part: u16,
    pub lane: String,
    pub text: String,
    pub attempt: u32,
    pub repeat: bool,
    /// Since the partner was made.
    pub at: Duration,
    /// Whether the partner has it, as it sees it.
    pub taken: bool,
    /// Which of the partner's links brought it.
    pub link: usize,
}

type Script = Box<dyn FnMut(&Parcel) -> Then + Send>;

struct Inside {
    script: Script,
    seen: Vec<Seen>,
    links: usize,
    /// `(link, parcels seen before)` of each close.
    closes: Vec<(usize, usize)>,
    busy: usize,
    busy_max: usize,
}

/// The partner.
#[derive(Clone)]
pub struct Partner {
    inside: Arc<Mutex<Inside>>,
    begin: Instant,
}

impl Partner {
    pub fn new(script: impl FnMut(&Parcel) -> Then + Send + 'static) -> Self {
        let inside = Inside {
            script: Box::new(script),
            seen: Vec::new(),
            links: 0,
            closes: Vec::new(),
            busy: 0,
            busy_max: 0,
        };
        Partner { inside: Arc::new(Mutex::new(inside)), begin: Instant::now() }
    }

    /// One that takes everything.
    pub fn good() -> Self {
        Partner::new(|_| Then::Accept)
    }

    pub fn script(&self, script: impl FnMut(&Parcel) -> Then + Send + 'static) {
        self.inside.lock().unwrap().script = Box::new(script);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inside.lock().unwrap().seen.clone()
    }

    pub fn count(&self) -> usize {
        self.inside.lock().unwrap().seen.len()
    }

    /// The texts of what it took, in order.
    pub fn taken(&self) -> Vec<String> {
        let inside = self.inside.lock().unwrap();
        inside.seen.iter().filter(|one| one.taken).map(|one| one.text.clone()).collect()
    }

    pub fn closes(&self) -> Vec<(usize, usize)> {
        self.inside.lock().unwrap().closes.clone()
    }

    pub fn links(&self) -> usize {
        self.inside.lock().unwrap().links
    }

    /// Most parcels that were under way at once.
    pub fn busy_max(&self) -> usize {
        self.inside.lock().unwrap().busy_max
    }
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Partner")
    }
}

impl Destination for Partner {
    fn link(&self) -> Box<dyn Link> {
        let mut inside = self.inside.lock().unwrap();
        inside.links += 1;
        Box::new(Line { partner: self.clone(), number: inside.links })
    }

    fn address(&self) -> String {
        "partner".to_owned()
    }
}

struct Line {
    partner: Partner,
    number: usize,
}

/// Counts what is under way, also when it is broken off.
struct Busy<'a>(&'a Partner);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.inside.lock().unwrap().busy -= 1;
    }
}

impl Line {
    fn note(&self, parcel: &Parcel, taken: bool) {
        let mut inside = self.partner.inside.lock().unwrap();
        inside.seen.push(Seen {
            envelope: parcel.key.envelope.0,
            part: parcel.key.part,
            lane: parcel.key.lane.to_string(),
            text: String::from_utf8_lossy(&parcel.payload).into_owned(),
            attempt: parcel.attempt,
            repeat: parcel.repeat,
            at: self.partner.begin.elapsed(),
            taken,
            link: self.number,
        });
    }
}

impl Link for Line {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        let mut then = {
            let mut inside = self.partner.inside.lock().unwrap();
            inside.busy += 1;
            inside.busy_max = inside.busy_max.max(inside.busy);
            (inside.script)(parcel)
        };
        Box::pin(async move {
            let _busy = Busy(&self.partner);
            loop {
                match then {
                    Then::After(wait, next) => {
                        tokio::time::sleep(wait).await;
                        then = *next;
                        continue;
                    }
                    Then::Accept => {
                        self.note(parcel, true);
                        return Reply::accepted("AA", None);
                    }
                    Then::Refuse(code) => {
                        self.note(parcel, false);
                        return Reply::refused(code, "it will not have it", None, Disposition::Retry);
                    }
                    Then::Unreachable => {
                        self.note(parcel, false);
                        return Reply::unreachable("refused", "nobody listens");
                    }
                    Then::Lose => {
                        self.note(parcel, true);
                        tokio::time::sleep(limit).await;
                        return Reply::unclear("timeout", "no answer came", None);
                    }
                    Then::Hang => {
                        self.note(parcel, false);
                        std::future::pending::<()>().await;
                    }
                    Then::Panic => {
                        self.note(parcel, false);
                        panic!("the script says so");
                    }
                }
            }
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        let mut inside = self.partner.inside.lock().unwrap();
        let seen = inside.seen.len();
        inside.closes.push((self.number, seen));
        Box::pin(async {})
    }
}

/// A time for tests to begin at: a Thursday.
pub const START: Timestamp = Timestamp(1_772_352_000_000_000);
