//! Partners of the simulated world: they take, refuse, hang, lose answers and go away.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Destination, Link, Parcel, Reply};
use klinke_model::{DeliveryKey, Disposition};

/// The world's only source of chance (SplitMix64).
#[derive(Clone)]
pub struct Chance(Arc<Mutex<u64>>);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Chance(Arc::new(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// A number below `below`.
    pub fn roll(&self, below: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = *state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }

    /// True in so many of a hundred cases.
    pub fn percent(&self, share: u64) -> bool {
        self.roll(100) < share
    }

    pub fn millis(&self, below: u64) -> Duration {
        Duration::from_millis(self.roll(below))
    }
}

/// A parcel that a partner has taken, or refused.
#[derive(Clone, Debug)]
pub struct Event {
    pub key: DeliveryKey,
    pub text: String,
    pub repeat: bool,
    /// In which epoch of the engine.
    pub epoch: usize,
    /// The code that the partner gave it; `AA` means that it has it.
    pub code: &'static str,
    /// The engine has that answer.
    pub answered: bool,
}

/// How a partner is just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    Moody,
    Away,
    Silent,
}

/// What all partners share.
#[derive(Clone)]
pub struct Partners {
    pub chance: Chance,
    pub events: Arc<Mutex<Vec<Event>>>,
    pub moods: Arc<Mutex<[Mood; 3]>>,
    pub epoch: Arc<Mutex<usize>>,
}

impl Partners {
    pub fn new(chance: Chance) -> Self {
        let moods = Arc::new(Mutex::new([Mood::Good; 3]));
        Partners { chance, events: Arc::default(), moods, epoch: Arc::default() }
    }

    pub fn one(&self, index: usize) -> Partner {
        Partner { all: self.clone(), index }
    }
}

/// One of them; also its link.
#[derive(Clone)]
pub struct Partner {
    all: Partners,
    index: usize,
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partner {}", self.index)
    }
}

impl Destination for Partner {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        format!("partner {}", self.index)
    }
}

impl Link for Partner {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let chance = &self.all.chance;
            let mood = self.all.moods.lock().unwrap()[self.index];
            if mood == Mood::Away {
                tokio::time::sleep(chance.millis(200)).await;
                return Reply::unreachable("refused", "nobody listens");
            }
            tokio::time::sleep(chance.millis(20)).await;
            let silent = mood == Mood::Silent || (mood == Mood::Moody && chance.percent(10));
            if silent && chance.percent(50) {
                // It never came there.
                tokio::time::sleep(limit).await;
                return Reply::unclear("timeout", "no answer came", None);
            }
            let code = match (mood, chance.roll(100)) {
                (Mood::Moody, 0..20) => "AE",
                (Mood::Moody, 20..24) => "AR",
                (Mood::Moody, 24..27) => "HH",
                _ => "AA",
            };
            let at = self.note(parcel, code);
            tokio::time::sleep(chance.millis(20)).await;
            if silent {
                if chance.percent(20) {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(limit).await;
                return Reply::unclear("timeout", "no answer came", None);
            }
            self.all.events.lock().unwrap()[at].answered = true;
            match code {
                "AA" => Reply::accepted("AA", None),
                code => Reply::refused(code, "it will not have it", None, Disposition::Retry),
            }
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Partner {
    fn note(&self, parcel: &Parcel, code: &'static str) -> usize {
        let mut events = self.all.events.lock().unwrap();
        events.push(Event {
            key: parcel.key.clone(),
            text: String::from_utf8_lossy(&parcel.payload).into_owned(),
            repeat: parcel.repeat,
            epoch: *self.all.epoch.lock().unwrap(),
            code,
            answered: false,
        });
        events.len() - 1
    }
}
