//! Log-in with the name and the password of a directory (LDAP, Active Directory). Who asks the directory is the
//! program; here is when it is asked, and what comes of the answer.
//!
//! It is never asked about an account that proves itself here: neither does it see that account's password, nor
//! can it open the account. A password of the directory is kept nowhere.
//!
//! Refused log-ins are answered [`FLOOR`] after they came where there is a directory, or after as many whole
//! seconds as it took when it was last asked: asking takes longer than working out a password, and the time
//! would tell which names have an account here.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use klinke_model::Redacted;

use super::People;
use super::account::{self, Account, Refusal};
use super::elsewhere::{Arrival, Elsewhere, Groups};
use super::outside::Coming;

/// How long a refused log-in takes at least.
pub const FLOOR: Duration = Duration::from_secs(1);
/// How long it is said to all who are refused that the directory could not be asked, in seconds.
const DOWN_SAID: i64 = 60;

/// Somebody who is to be looked for.
pub struct Person {
    /// Their name, as an account has it: nothing in it means anything to a directory.
    pub name: String,
    /// Their password; never empty.
    pub password: Redacted<String>,
}

/// What a directory says of somebody whose password is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// What it calls them for ever; nothing where it has no such attribute.
    pub subject: Option<String>,
    /// What people call them.
    pub title: String,
    /// Their groups.
    pub groups: Vec<String>,
}

/// Asks a directory. Whoever does it bounds the time and verifies certificates.
pub trait Directory: Send + Sync {
    /// The entry of somebody whose password is right; nothing when it is not, or there is no such person.
    fn prove(&self, person: Person) -> Coming<'_, Option<Entry>>;
}

/// What the site says of its directory.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What people call it.
    pub title: String,
    /// Its address, for accounts and the audit log.
    pub house: String,
    /// Which groups have which role.
    pub roles: Groups,
}

/// The directory of the site.
pub struct House {
    settings: Settings,
    directory: Box<dyn Directory>,
    /// Since when it can't be asked, seconds since 1970; 0 while it can.
    down: AtomicI64,
    /// How many whole seconds it took when it was last asked, rounded up.
    took: AtomicU64,
}

impl House {
    /// Of a site.
    pub fn new(settings: Settings, directory: Box<dyn Directory>) -> House {
        House { settings, directory, down: AtomicI64::new(0), took: AtomicU64::new(0) }
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        &self.settings.title
    }

    /// How long a refused log-in takes at least, whoever it is for.
    pub(super) fn floor(&self) -> Duration {
        FLOOR.max(Duration::from_secs(self.took.load(Ordering::Relaxed)))
    }

    /// Which groups have which role.
    pub(super) fn roles(&self) -> &Groups {
        &self.settings.roles
    }
}

impl People {
    /// Takes over the directory of a site, or that it has none.
    pub fn set_directory(&self, house: Option<House>) {
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = house.map(Arc::new);
    }

    /// The directory of the site.
    pub fn directory(&self) -> Option<Arc<House>> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the directory about somebody whose account is not one of those that prove themselves here: who
    /// they are when their password is right. `password` is no longer than one may be.
    pub(super) async fn ask_directory(
        &self,
        typed: &str,
        password: &str,
        known: Option<&Account>,
    ) -> Option<(Arrival, Arc<House>)> {
        let is_its = known.is_none_or(|account| account.elsewhere == Some(Elsewhere::Ldap));
        let house = self.directory().filter(|_| is_its && !password.is_empty())?;
        let name = account::name(typed)?;
        let person = Person { name: name.clone(), password: Redacted::new(password.to_owned()) };
        let now = self.now().0.div_euclid(1_000_000);
        let begun = tokio::time::Instant::now();
        let proved = house.directory.prove(person).await;
        house.took.store((begun.elapsed().as_secs_f64().ceil()) as u64, Ordering::Relaxed);
        match proved {
            Ok(None) => None,
            Ok(Some(entry)) => {
                house.down.store(0, Ordering::Relaxed);
                let Some(subject) = entry.subject.filter(|subject| !subject.is_empty()) else {
                    tracing::warn!("the directory has no lasting name for somebody: see `subject`");
                    return None;
                };
                let arrival = Arrival {
                    how: Elsewhere::Ldap,
                    house: house.settings.house.clone(),
                    subject,
                    name,
                    title: entry.title,
                    groups: entry.groups,
                };
                Some((arrival, house))
            }
            Err(why) => {
                tracing::warn!(directory = %house.settings.house, why, "the directory can't be asked");
                house.down.store(now, Ordering::Relaxed);
                None
            }
        }
    }

    /// What somebody is told who was refused: the same to all, also to those about whom the directory was not
    /// asked.
    pub(super) fn told_of_directory(&self, refusal: Refusal) -> Refusal {
        let Some(house) = self.directory() else { return refusal };
        let since = self.now().0.div_euclid(1_000_000) - house.down.load(Ordering::Relaxed);
        match refusal {
            Refusal::Wrong if (0..DOWN_SAID).contains(&since) => Refusal::Down(house.settings.title.clone()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::*;
    use crate::people::care::Ask;
    use crate::people::tests::{Bed, GOOD, OTHER, caller};

    /// A directory of one password for all; it notes whom it was asked about.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Directory for Arc<Told> {
        fn prove(&self, person: Person) -> Coming<'_, Option<Entry>> {
            Box::pin(async move {
                self.0.lock().unwrap().push(person.name.clone());
                let entry = |subject: &str, group: &str| Entry {
                    subject: Some(subject.to_owned()),
                    title: "Muster".to_owned(),
                    groups: vec![group.to_owned()],
                };
                if person.name == "slow" {
                    tokio::time::sleep(Duration::from_millis(3_200)).await;
                }
                match person.name.as_str() {
                    "down" => Err("it is down".to_owned()),
                    _ if person.password.expose() != GOOD => Ok(None),
                    "anna" => Ok(Some(entry("1", "integration"))),
                    "nameless" => Ok(Some(Entry { subject: None, ..entry("", "integration") })),
                    "stranger" => Ok(Some(entry("2", "others"))),
                    _ => Ok(None),
                }
            })
        }
    }

    fn bed() -> (Bed, Arc<Told>) {
        let (bed, told) = (Bed::new(), Arc::new(Told::default()));
        let roles = Groups([("operator".to_owned(), BTreeSet::from(["integration".to_owned()]))].into());
        let settings = Settings { title: "Haus".to_owned(), house: "dc=kh".to_owned(), roles };
        bed.people.set_directory(Some(House::new(settings, Box::new(told.clone()))));
        (bed, told)
    }

    #[tokio::test]
    async fn a_directory_is_asked_about_its_own_people_alone() {
        let (bed, told) = bed();
        bed.account("boss", "administrator").await;
        for (at, (name, password)) in
            [("boss", GOOD), ("boss", OTHER), ("anna", ""), ("../etc", GOOD)].iter().enumerate()
        {
            let _ = bed.log_in_from(caller(&format!("10.0.5.{at}")), name, password, "").await;
        }
        assert!(
            told.0.lock().unwrap().is_empty(),
            "neither a local account, nor without a password, nor an odd name"
        );
        let entered = bed.log_in("Anna", GOOD, "").await.unwrap();
        assert_eq!(bed.actor(&entered).title, "Muster");
        assert_eq!(bed.log_in("anna", OTHER, "").await.unwrap_err(), Refusal::Wrong);
        assert_eq!(bed.log_in("stranger", GOOD, "").await.unwrap_err(), Refusal::Stranger);
        assert_eq!(bed.log_in("nameless", GOOD, "").await.unwrap_err(), Refusal::Wrong);
        assert_eq!(*told.0.lock().unwrap(), ["anna", "anna", "stranger", "nameless"]);
        let via = bed.entries().into_iter().find_map(|one| one.who.via).unwrap();
        assert!(via.contains("code") || via.contains("ldap dc=kh"), "{via}");
        bed.people.answer(&bed.local(), Ask::Lock { name: "anna".to_owned(), locked: true }).unwrap();
        assert_eq!(bed.log_in("anna", GOOD, "").await.unwrap_err(), Refusal::Stranger);
        assert!(!bed.is_in(&entered));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_waits_as_long_whoever_they_are_and_hears_the_same() {
        let (bed, _) = bed();
        bed.account("boss", "administrator").await;
        for (at, name) in ["boss", "anna", "nobody", ""].into_iter().enumerate() {
            let begun = tokio::time::Instant::now();
            let from = caller(&format!("10.0.6.{at}"));
            assert_eq!(bed.log_in_from(from, name, OTHER, "").await.unwrap_err(), Refusal::Wrong, "{name}");
            assert!(begun.elapsed() >= FLOOR, "{name}");
        }
        // A directory that takes long makes all wait as long.
        for (at, name) in ["slow", "boss"].into_iter().enumerate() {
            let begun = tokio::time::Instant::now();
            let from = caller(&format!("10.0.7.{at}"));
            assert_eq!(bed.log_in_from(from, name, OTHER, "").await.unwrap_err(), Refusal::Wrong, "{name}");
            let took = begun.elapsed().as_millis();
            assert!((4_000..4_500).contains(&took), "{name}: {took} ms");
        }
        let down = Refusal::Down("Haus".to_owned());
        assert_eq!(bed.log_in("down", GOOD, "").await.unwrap_err(), down);
        let from = caller("10.0.6.9");
        assert_eq!(bed.log_in_from(from.clone(), "boss", OTHER, "").await.unwrap_err(), down);
        assert!(bed.log_in_from(from, "boss", GOOD, "").await.is_ok(), "it keeps nobody else out");
        bed.pass(Duration::from_secs(61));
        let from = caller("10.0.6.10");
        assert_eq!(bed.log_in_from(from, "boss", OTHER, "").await.unwrap_err(), Refusal::Wrong);
    }
}
