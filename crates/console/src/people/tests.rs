//! Coming in and going, as a browser would: what is given in, and what comes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use klinke_model::Timestamp;
use klinke_store::Store;
use klinke_store::memory::MemoryStore;

use super::account::Refusal;
use super::care::Ask;
use super::enter::{Begin, Caller, Entered, LogIn};
use super::right::{Right, Role, Roles};
use super::session::Lengths;
use super::{Actor, People};
use crate::audit::log::Wanted;
use crate::audit::{Action, Entry, Outcome, Who, WhoKind};

pub const GOOD: &str = "vier Pferde im Regen";
pub const OTHER: &str = "fünf Kühe auf dem Dach";

/// A house with a clock that is moved by hand.
pub struct Bed {
    pub people: Arc<People>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<AtomicI64>,
}

impl Bed {
    pub fn new() -> Bed {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let clock = Arc::new(AtomicI64::new(1_772_352_900_000_000));
        let people = Bed::open(store.clone(), clock.clone());
        Bed { people, store, clock }
    }

    pub fn open(store: Arc<dyn Store>, clock: Arc<AtomicI64>) -> Arc<People> {
        let time = move || Timestamp(clock.load(Ordering::Relaxed));
        Arc::new(People::with_clock(store, Lengths::default(), Arc::new(time)).unwrap())
    }

    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_micros() as i64, Ordering::Relaxed);
    }

    pub fn local(&self) -> Actor {
        Actor::local(Who::user("root", None))
    }

    /// An account with a password.
    pub async fn account(&self, name: &str, role: &str) -> Entered {
        let roles = BTreeSet::from([role.to_owned()]);
        let ask = Ask::Add { name: name.to_owned(), title: String::new(), roles, from: None };
        let made = self.people.answer(&self.local(), ask).unwrap();
        self.begin(name, made["code"].as_str().unwrap()).await.unwrap()
    }

    async fn begin(&self, name: &str, code: &str) -> Result<Entered, Refusal> {
        let begin = Begin { name: name.to_owned(), code: code.to_owned(), password: GOOD.to_owned() };
        self.people.begin(caller("10.0.0.7"), begin).await
    }

    pub async fn log_in(&self, name: &str, password: &str, code: &str) -> Result<Entered, Refusal> {
        self.log_in_from(caller("10.0.0.7"), name, password, code).await
    }

    pub async fn log_in_from(
        &self,
        caller: Caller,
        name: &str,
        password: &str,
        code: &str,
    ) -> Result<Entered, Refusal> {
        let [name, password, code] = [name, password, code].map(str::to_owned);
        self.people.log_in(caller, LogIn { name, password, code }).await
    }

    pub fn actor(&self, entered: &Entered) -> Actor {
        self.people.of_session(&entered.session, "10.0.0.7", true).expect("a session").0
    }

    pub fn is_in(&self, entered: &Entered) -> bool {
        self.people.of_session(&entered.session, "10.0.0.7", true).is_some()
    }

    pub fn entries(&self) -> Vec<Entry> {
        let lines = self.people.log().read(&Wanted { above: Some(0), limit: 999, ..Wanted::default() });
        lines.unwrap().into_iter().map(|line| line.entry.unwrap()).collect()
    }
}

pub fn caller(from: &str) -> Caller {
    Caller { from: from.to_owned(), browser: "test".to_owned(), ..Caller::default() }
}

#[tokio::test]
async fn the_first_account_is_made_with_the_code_of_the_start_once() {
    let bed = Bed::new();
    assert!(bed.people.is_new());
    assert_eq!(bed.begin("anna", "aaaa-bbbb-cccc").await.unwrap_err(), Refusal::Wrong, "no code was given");
    let void = bed.people.first_code().unwrap().unwrap();
    let code = bed.people.first_code().unwrap().unwrap();
    assert_eq!(bed.begin("anna", &void).await.unwrap_err(), Refusal::Wrong);
    assert_eq!(bed.begin("anna", "").await.unwrap_err(), Refusal::Wrong);
    let entered = bed.begin("Anna", &code.to_uppercase().replace('-', " ")).await.unwrap();
    assert!(bed.actor(&entered).may(Right::Administer, &[]));
    assert_eq!(bed.begin("bert", &code).await.unwrap_err(), Refusal::Wrong, "a code is good once");
    assert_eq!(bed.people.first_code().unwrap(), None);
    let roles: Vec<_> = bed.entries().iter().map(|one| (one.action, one.outcome)).collect();
    assert!(
        roles.contains(&(Action::Account, Outcome::Done))
            && roles.ends_with(&[(Action::LogIn, Outcome::Refused)])
    );
}

#[tokio::test]
async fn the_first_code_is_short_lived_and_its_password_must_be_good() {
    let bed = Bed::new();
    let code = bed.people.first_code().unwrap().unwrap();
    let weak = Begin { name: "anna".to_owned(), code: code.clone(), password: "kurz".to_owned() };
    assert!(matches!(bed.people.begin(caller("x"), weak).await, Err(Refusal::Weak(_))));
    bed.pass(Duration::from_secs(3_601));
    assert_eq!(bed.begin("anna", &code).await.unwrap_err(), Refusal::Wrong);
    assert!(bed.people.is_new());
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let bed = Bed::new();
    bed.account("anna", "operator").await;
    bed.account("lena", "operator").await;
    let ask = Ask::Lock { name: "lena".to_owned(), locked: true };
    bed.people.answer(&bed.local(), ask).unwrap();
    let long = "x".repeat(1_000);
    let tries = [("anna", OTHER), ("nobody", GOOD), ("lena", GOOD), ("", ""), ("anna", ""), ("../etc", GOOD)];
    for (at, (name, password)) in tries.into_iter().chain([("anna", long.as_str())]).enumerate() {
        let from = caller(&format!("10.0.1.{at}"));
        assert_eq!(bed.log_in_from(from, name, password, "").await.unwrap_err(), Refusal::Wrong, "{name}");
    }
    let refused: Vec<_> = bed.entries().into_iter().filter(|one| one.outcome == Outcome::Refused).collect();
    assert_eq!(refused.len(), 7);
    let names: Vec<_> = refused.iter().map(|one| one.who.name.as_str()).collect();
    assert_eq!(names, ["anna", "", "lena", "", "anna", "", "anna"], "what no account is called is not kept");
    assert!(refused.iter().all(|one| one.who.kind == WhoKind::Nobody && one.from.starts_with("10.0.1.")));
}

/// The time of a log-in does not tell whether there is such an account: both work a password out.
#[tokio::test]
async fn the_time_tells_nothing() {
    let bed = Bed::new();
    bed.account("anna", "operator").await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..15 {
        for (at, name) in ["anna", "nobody"].into_iter().enumerate() {
            let begun = std::time::Instant::now();
            let from = caller(&format!("10.1.{at}.{round}"));
            assert_eq!(bed.log_in_from(from, name, OTHER, "").await.unwrap_err(), Refusal::Wrong);
            times[at].push(begun.elapsed());
        }
    }
    // The quickest of each: what else this machine does only adds to the others.
    let [known, unknown] = times.map(|times| times.into_iter().min().unwrap().as_secs_f64());
    assert!((0.6..1.67).contains(&(known / unknown)), "{known} s against {unknown} s");
}

#[tokio::test]
async fn a_log_in_makes_a_new_session_and_a_log_out_ends_it() {
    let bed = Bed::new();
    let first = bed.account("anna", "operator").await;
    let planted = "A".repeat(43);
    let entered = bed.log_in("ANNA ", GOOD, "").await.unwrap();
    assert!(entered.session != first.session && entered.session != planted);
    assert!(bed.people.of_session(&planted, "", true).is_none(), "nobody makes a session but a log-in");
    assert!(bed.is_in(&first) && bed.is_in(&entered));
    bed.people.log_out(&entered.session, "10.0.0.7").unwrap();
    assert!(!bed.is_in(&entered) && bed.is_in(&first));
    let actor = bed.actor(&first);
    bed.log_in("anna", GOOD, "").await.unwrap();
    assert_eq!(bed.people.end_sessions(&actor, &first.session, None).unwrap(), 1);
    assert!(bed.is_in(&first));
    bed.pass(Duration::from_secs(31 * 60));
    assert!(!bed.is_in(&first), "idle");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_used_up() {
    let bed = Bed::new();
    let first = bed.account("anna", "operator").await;
    let (actor, secret) = (bed.actor(&first), super::totp::secret().unwrap());
    let now = || bed.clock.load(Ordering::Relaxed) / 1_000_000;
    let code_at = |seconds: i64| super::totp::code_at(&secret, seconds);
    let code = code_at(now()).unwrap();
    let add = |password: &str, code: &str| {
        bed.people.add_totp(&actor, caller("10.0.0.7"), password.to_owned(), secret.clone(), code.to_owned())
    };
    assert_eq!(add(OTHER, &code).await.unwrap_err(), Refusal::Wrong);
    assert_eq!(add(GOOD, "000").await.unwrap_err(), Refusal::Wrong);
    let recovery = add(GOOD, &code).await.unwrap();
    assert_eq!(recovery.len(), 10);
    assert_eq!(bed.log_in("anna", GOOD, "").await.unwrap_err(), Refusal::Wrong);
    assert_eq!(bed.log_in("anna", GOOD, &code).await.unwrap_err(), Refusal::Wrong, "a step is used once");
    bed.pass(Duration::from_secs(60));
    let next = code_at(now()).unwrap();
    assert_eq!(bed.log_in("anna", OTHER, &next).await.unwrap_err(), Refusal::Wrong);
    assert!(bed.log_in("anna", GOOD, &next).await.is_ok(), "a wrong password does not use the code up");
    assert!(bed.log_in("anna", GOOD, &recovery[3]).await.is_ok());
    assert_eq!(bed.log_in("anna", GOOD, &recovery[3]).await.unwrap_err(), Refusal::Wrong);
    let again = Bed::open(bed.store.clone(), bed.clock.clone());
    let [name, password, code] = ["anna", GOOD, recovery[3].as_str()].map(str::to_owned);
    let used = again.log_in(caller("10.9.9.9"), LogIn { name, password, code }).await;
    assert_eq!(used.unwrap_err(), Refusal::Wrong, "also after a restart");
    bed.people.remove_totp(&actor, caller("10.0.0.8"), GOOD.to_owned()).await.unwrap();
    assert!(bed.log_in_from(caller("10.0.0.8"), "anna", GOOD, "").await.is_ok());
}

#[tokio::test]
async fn failures_delay_the_one_who_fails_and_nobody_else() {
    let bed = Bed::new();
    let anna = bed.account("anna", "operator").await;
    for _ in 0..5 {
        assert_eq!(bed.log_in("anna", OTHER, "").await.unwrap_err(), Refusal::Wrong);
    }
    assert!(
        matches!(bed.log_in("anna", GOOD, "").await, Err(Refusal::Wait(1..=3))),
        "even with the right one"
    );
    let before = bed.entries().len();
    for _ in 0..50 {
        assert!(matches!(bed.log_in("anna", OTHER, "").await, Err(Refusal::Wait(_))));
    }
    assert_eq!(bed.entries().len(), before, "what is not looked at does not fill the log");
    assert!(bed.log_in_from(caller("10.0.0.9"), "anna", GOOD, "").await.is_ok(), "from elsewhere");
    let known = Caller { device: Some(anna.device.clone()), ..caller("10.0.0.7") };
    let entered = bed.log_in_from(known, "anna", GOOD, "").await.unwrap();
    assert_eq!(entered.device, anna.device, "a device stays the same");
    let made_up = Caller { device: Some("B".repeat(43)), ..caller("10.0.0.7") };
    assert!(matches!(bed.log_in_from(made_up, "anna", GOOD, "").await, Err(Refusal::Wait(_))));
    bed.pass(Duration::from_secs(3));
    assert!(bed.log_in("anna", GOOD, "").await.is_ok());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_needs_the_old_one() {
    let bed = Bed::new();
    let first = bed.account("anna", "operator").await;
    let second = bed.log_in("anna", GOOD, "").await.unwrap();
    let actor = bed.actor(&second);
    let change = |old: &str, new: &str| {
        let (old, new) = (old.to_owned(), new.to_owned());
        bed.people.change_password(&actor, caller("10.0.0.7"), second.session.clone(), old, new)
    };
    assert_eq!(change(OTHER, OTHER).await.unwrap_err(), Refusal::Wrong);
    assert!(matches!(change(GOOD, "kurz").await, Err(Refusal::Weak(_))));
    assert!(bed.is_in(&first));
    change(GOOD, OTHER).await.unwrap();
    assert!(!bed.is_in(&first) && bed.is_in(&second));
    assert!(bed.log_in("anna", OTHER, "").await.is_ok() && bed.log_in("anna", GOOD, "").await.is_err());
}

#[tokio::test]
async fn administrators_change_accounts_and_others_do_not() {
    let bed = Bed::new();
    let boss = bed.account("boss", "administrator").await;
    let anna = bed.account("anna", "operator").await;
    let (boss, operator) = (bed.actor(&boss), bed.actor(&anna));
    let to_viewer = |name: &str| Ask::Role { name: name.to_owned(), roles: ["viewer".to_owned()].into() };
    for ask in [Ask::List, to_viewer("anna"), Ask::Remove { name: "boss".to_owned() }, Ask::Tokens] {
        assert_eq!(bed.people.answer(&operator, ask), Err(Refusal::Forbidden));
    }
    assert_eq!(bed.people.answer(&boss, to_viewer("boss")), Err(Refusal::Last));
    let unknown = Ask::Role { name: "anna".to_owned(), roles: ["god".to_owned()].into() };
    assert_eq!(bed.people.answer(&boss, unknown), Err(Refusal::Role("god".to_owned())));
    let list = bed.people.answer(&boss, Ask::List).unwrap();
    assert!(!list.to_string().contains("argon2") && list[0]["name"] == "anna");
    bed.people.answer(&boss, to_viewer("anna")).unwrap();
    assert!(!bed.is_in(&anna), "other roles, another session");
    let code = bed.people.answer(&boss, Ask::Reset { name: "anna".to_owned() }).unwrap()["code"].clone();
    assert!(bed.log_in("anna", GOOD, "").await.is_err(), "a reset takes the password away");
    let again = bed.begin("anna", code.as_str().unwrap()).await.unwrap();
    assert!(!bed.actor(&again).may_somewhere(Right::Act));
    bed.people.answer(&boss, Ask::Remove { name: "anna".to_owned() }).unwrap();
    assert!(!bed.is_in(&again));
    let about =
        bed.entries().into_iter().filter(|one| one.who.name == "boss" && one.action == Action::Account);
    let notes: Vec<_> = about.into_iter().filter_map(|one| one.note).collect();
    assert!(notes.contains(&"roles: viewer instead of operator".to_owned()), "{notes:?}");
    assert_eq!(
        bed.people.answer(&bed.local(), Ask::Remove { name: "boss".to_owned() }).unwrap()["name"],
        "boss"
    );
}

#[tokio::test]
async fn emergency_access_needs_a_reason_and_ends_by_itself() {
    let bed = Bed::new();
    let entered = bed.account("anna", "viewer").await;
    let actor = bed.actor(&entered);
    assert!(!actor.may(Right::ViewPayload, &["adt"]));
    let take = |reason: &str| bed.people.take_emergency(&actor, &entered.session, reason);
    assert_eq!(take("12345 67890 !!"), Err(Refusal::Reason));
    let until = take("Reanimation, Befund\nfehlt").unwrap();
    let (now, _) = bed.people.of_session(&entered.session, "", true).unwrap();
    assert!(now.may(Right::ViewPayload, &["adt"]) && now.emergency == Some(until));
    assert!(!now.may_somewhere(Right::Act) && !now.may(Right::Administer, &[]));
    assert_eq!(bed.people.emergencies(), [("anna".to_owned(), until, "Reanimation, Befundfehlt".to_owned())]);
    let entry = bed.entries().pop().unwrap();
    assert_eq!(
        (entry.action, entry.purpose.as_deref()),
        (Action::Emergency, Some("Reanimation, Befundfehlt"))
    );
    bed.pass(Duration::from_secs(29 * 60));
    assert!(bed.actor(&entered).may(Right::ViewPayload, &["adt"]));
    bed.pass(Duration::from_secs(2 * 60));
    assert!(!bed.actor(&entered).may(Right::ViewPayload, &["adt"]) && bed.people.emergencies().is_empty());
    let auditor = bed.account("cora", "auditor").await;
    let cora = bed.actor(&auditor);
    let refused = bed.people.take_emergency(&cora, &auditor.session, "ich will das sehen");
    assert_eq!(refused, Err(Refusal::Forbidden));
}

#[tokio::test]
async fn a_token_does_no_more_than_its_owner_and_its_scope() {
    let bed = Bed::new();
    let entered = bed.account("anna", "operator").await;
    let actor = bed.actor(&entered);
    let make = |rights: &[Right], password: &str| {
        let (rights, password) = (rights.iter().copied().collect(), password.to_owned());
        bed.people.make_token(&actor, caller("10.0.0.7"), password, "monitor".to_owned(), rights, 30)
    };
    assert_eq!(make(&[Right::Administer], GOOD).await.unwrap_err(), Refusal::Forbidden);
    assert_eq!(make(&[], GOOD).await.unwrap_err(), Refusal::Forbidden);
    assert_eq!(make(&[Right::ViewState], OTHER).await.unwrap_err(), Refusal::Wrong);
    let text = make(&[Right::ViewState], GOOD).await.unwrap();
    let token = bed.people.of_token(&text, "10.0.0.8").unwrap();
    assert!(token.may(Right::ViewState, &["adt"]) && !token.may(Right::ViewPayload, &["adt"]));
    assert_eq!(bed.people.own(&token).map(|own| own.view.name), None, "a token has no account page");
    assert_eq!(bed.people.take_emergency(&token, "", "eine lange Begründung"), Err(Refusal::Forbidden));
    bed.people.set_roles(Roles::with([("operator".to_owned(), Role::default())].into()));
    assert!(!bed.people.of_token(&text, "").unwrap().may_somewhere(Right::ViewState), "the role lost it");
    bed.people.answer(&bed.local(), Ask::Lock { name: "anna".to_owned(), locked: true }).unwrap();
    assert!(bed.people.of_token(&text, "").is_none());
    bed.people.answer(&bed.local(), Ask::Remove { name: "anna".to_owned() }).unwrap();
    bed.account("anna", "operator").await;
    assert!(bed.people.of_token(&text, "").is_none(), "an account of the same name is another one");
}

#[tokio::test]
async fn without_the_audit_log_nobody_comes_in_and_nothing_changes() {
    use klinke_store::Error;
    use klinke_store::faulty::FaultyStore;
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::default()), 1));
    let people = Arc::new(People::open(store.clone(), Lengths::default()).unwrap());
    let local = Actor::local(Who::user("root", None));
    let add = |name: &str| Ask::Add {
        name: name.to_owned(),
        title: String::new(),
        roles: ["viewer".to_owned()].into(),
        from: None,
    };
    let code = people.answer(&local, add("anna")).unwrap()["code"].as_str().unwrap().to_owned();
    let (name, password) = ("anna".to_owned(), GOOD.to_owned());
    people.begin(caller("x"), Begin { name, code, password }).await.unwrap();
    store.refuse(Some(Error::Full("full".to_owned())));
    let [name, password, code] = ["anna", GOOD, ""].map(str::to_owned);
    let refused = people.log_in(caller("x"), LogIn { name, password, code }).await;
    assert!(matches!(refused, Err(Refusal::Store(_))), "{refused:?}");
    assert!(matches!(people.answer(&local, add("bert")), Err(Refusal::Store(_))));
    store.refuse(None);
    assert_eq!(people.answer(&local, Ask::List).unwrap().as_array().unwrap().len(), 1);
}
