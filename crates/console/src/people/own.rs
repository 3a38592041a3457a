//! What people change of their own account, and emergency access. Whatever lets somebody in later is changed
//! only with the password of today: a browser that was left alone is not enough. Accounts that prove themselves
//! elsewhere have no password; for them a log-in of the last ten minutes counts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use klinke_model::Timestamp;

use super::account::{Account, Refusal, Totp};
use super::actor::Actor;
use super::elsewhere::Elsewhere;
use super::enter::Caller;
use super::passkey::Passkey;
use super::session::Session;
use super::token::Token;
use super::{People, Right, blocking, password, secret, totp};
use crate::audit::{Action, Entry, WhoKind};

/// Recovery codes that are made at a time.
const RECOVERY_CODES: usize = 10;
/// The most tokens of one account.
const TOKENS_MAX: usize = 50;
/// How long after a log-in an account without a password may change what lets it in.
const FRESH: Duration = Duration::from_secs(600);
/// Letters that a reason has at least.
const REASON_MIN: usize = 10;
/// The longest reason.
pub const REASON_MAX: usize = 500;

/// An account as its owner sees it.
#[derive(Clone, Debug)]
pub struct Own {
    /// As lists show it.
    pub view: super::account::AccountView,
    /// Where its owner proves who they are, when not here.
    pub elsewhere: Option<Elsewhere>,
    /// Its passkeys.
    pub passkeys: Vec<Passkey>,
    /// How many recovery codes are left.
    pub recovery: usize,
    /// Its sessions: a mark by which one can be ended, and the session.
    pub sessions: Vec<(String, Session)>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// True when emergency access may be taken.
    pub may_emergency: bool,
}

impl People {
    /// The account of somebody with a session.
    pub fn own(&self, actor: &Actor) -> Option<Own> {
        let account = self.book.get(own_name(actor).ok()?)?;
        let now = self.now();
        Some(Own {
            view: account.view(now),
            elsewhere: account.elsewhere,
            passkeys: account.passkeys.clone(),
            recovery: account.recovery.len(),
            sessions: self.sessions.of(&account.name, now),
            tokens: self.tokens.of(Some(&account.name)),
            may_emergency: self.grants(&account).emergency,
        })
    }

    /// Changes the password, and ends all other sessions.
    pub async fn change_password(
        self: &Arc<Self>,
        actor: &Actor,
        caller: Caller,
        session: String,
        old: String,
        new: String,
    ) -> Result<(), Refusal> {
        let name = self.own_at_home(actor)?;
        password::judge(&new, &name).map_err(Refusal::Weak)?;
        self.prove(actor, &caller, old).await?;
        let hash = self.hasher.hash(new).await?;
        let (people, actor) = (self.clone(), actor.clone());
        blocking(move || {
            people.note(&actor.who, &actor.from, Action::Account, &name, "changed the password")?;
            people.book.change(&name, |account| {
                account.password = Some(hash);
                account.code = None;
                Ok(())
            })?;
            people.sessions.end_all(&name, Some(&session), |_| true)?;
            Ok(())
        })
        .await
    }

    /// Takes a second factor into use: the secret that was shown, and a code that proves that it arrived.
    /// Gives recovery codes, to be shown once.
    pub async fn add_totp(
        self: &Arc<Self>,
        actor: &Actor,
        caller: Caller,
        password: String,
        shown: String,
        code: String,
    ) -> Result<Vec<String>, Refusal> {
        let name = self.own_at_home(actor)?;
        self.prove(actor, &caller, password).await?;
        let seconds = self.now().0.div_euclid(1_000_000);
        // A secret that is not as long as ours was not shown by us.
        let step = totp::check(&shown, &code, seconds, None).filter(|_| shown.len() == 32);
        let step = step.ok_or(Refusal::Wrong)?;
        let (people, actor) = (self.clone(), actor.clone());
        blocking(move || {
            people.note(&actor.who, &actor.from, Action::Account, &name, "took a second factor into use")?;
            let (codes, hashes) = recovery_codes()?;
            people.book.change(&name, |account| {
                account.totp = Some(Totp { secret: shown, last: Some(step) });
                account.recovery = hashes;
                Ok(())
            })?;
            Ok(codes)
        })
        .await
    }

    /// Does without the second factor.
    pub async fn remove_totp(
        self: &Arc<Self>,
        actor: &Actor,
        caller: Caller,
        password: String,
    ) -> Result<(), Refusal> {
        let name = own_name(actor)?.to_owned();
        self.prove(actor, &caller, password).await?;
        let (people, actor) = (self.clone(), actor.clone());
        blocking(move || {
            people.note(&actor.who, &actor.from, Action::Account, &name, "removed the second factor")?;
            people.book.change(&name, |account| {
                (account.totp, account.recovery) = (None, Vec::new());
                Ok(())
            })
        })
        .await
    }

    /// New recovery codes, to be shown once; the old ones are void.
    pub async fn renew_recovery(
        self: &Arc<Self>,
        actor: &Actor,
        caller: Caller,
        password: String,
    ) -> Result<Vec<String>, Refusal> {
        let name = own_name(actor)?.to_owned();
        self.prove(actor, &caller, password).await?;
        let (people, actor) = (self.clone(), actor.clone());
        blocking(move || {
            people.note(&actor.who, &actor.from, Action::Account, &name, "made new recovery codes")?;
            let (codes, hashes) = recovery_codes()?;
            people.book.change(&name, |account| {
                if account.totp.is_none() {
                    return Err(Refusal::Nothing);
                }
                account.recovery = hashes;
                Ok(())
            })?;
            Ok(codes)
        })
        .await
    }

    /// Ends one other session by its mark, or all of them; gives how many.
    pub fn end_sessions(&self, actor: &Actor, session: &str, mark: Option<&str>) -> Result<usize, Refusal> {
        let name = own_name(actor)?;
        self.note(&actor.who, &actor.from, Action::Account, name, "ended other sessions")?;
        Ok(self.sessions.end_all(name, Some(session), |one| mark.is_none_or(|mark| mark == one))?)
    }

    /// Makes a token; gives the text that is shown once. It may do no more than its owner.
    pub async fn make_token(
        self: &Arc<Self>,
        actor: &Actor,
        caller: Caller,
        password: String,
        title: String,
        rights: BTreeSet<Right>,
        days: u64,
    ) -> Result<String, Refusal> {
        let name = own_name(actor)?.to_owned();
        let account = self.book.get(&name).ok_or(Refusal::Nothing)?;
        let grants = self.grants(&account);
        if rights.is_empty() || !rights.iter().all(|right| grants.may_somewhere(*right)) {
            return Err(Refusal::Forbidden);
        }
        if self.tokens.of(Some(&name)).len() >= TOKENS_MAX {
            return Err(Refusal::Many);
        }
        self.prove(actor, &caller, password).await?;
        let (people, actor) = (self.clone(), actor.clone());
        blocking(move || {
            let words: Vec<_> = rights.iter().map(|right| right.name()).collect();
            let note = format!("made a token for {} days: {}", days, words.join(", "));
            people.note(&actor.who, &actor.from, Action::Token, &name, &note)?;
            Ok(people.tokens.make(&name, &title, rights, days, people.now())?.0)
        })
        .await
    }

    /// Takes one of one's own tokens away.
    pub fn end_token(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let name = own_name(actor)?;
        self.note(&actor.who, &actor.from, Action::Token, name, "took a token away")?;
        self.tokens.end(id, Some(name)).map(drop)
    }

    /// Opens an emergency access: whoever may take one can open all messages for a while. The reason is in
    /// the audit log, and administrators are shown it while it lasts.
    pub fn take_emergency(&self, actor: &Actor, session: &str, reason: &str) -> Result<Timestamp, Refusal> {
        let name = own_name(actor)?;
        let account = self.book.get(name).ok_or(Refusal::Nothing)?;
        if !self.grants(&account).emergency {
            return Err(Refusal::Forbidden);
        }
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect();
        if reason.chars().filter(|c| c.is_alphabetic()).count() < REASON_MIN {
            return Err(Refusal::Reason);
        }
        let mut entry = Entry::new(actor.who.clone(), &actor.from, Action::Emergency).about(name);
        entry.purpose = Some(reason.trim().to_owned());
        self.log.write(&entry)?;
        let until = self.sessions.emergency(session, reason.trim(), self.now())?;
        // Not the reason: it may name a patient.
        tracing::warn!(account = %name, %until, "emergency access was taken");
        Ok(until)
    }

    /// Keeps what somebody opens messages for, for a quarter of an hour.
    pub fn say_purpose(&self, session: &str, purpose: &str) -> Result<(), Refusal> {
        let line: String = purpose.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line: String = line.trim().chars().take(REASON_MAX).collect();
        self.sessions.say_purpose(session, &line, self.now())
    }

    /// An error unless the password is that of the actor's account. Failures count like those of log-ins. Where
    /// there is no password, the log-in must have been just now.
    pub(super) async fn prove(
        self: &Arc<Self>,
        actor: &Actor,
        caller: &Caller,
        password: String,
    ) -> Result<(), Refusal> {
        let name = own_name(actor)?;
        self.may_try(caller, name)?;
        let account = self.book.get(name).ok_or(Refusal::Nothing)?;
        if account.elsewhere.is_some() {
            return if self.is_fresh(caller, name) { Ok(()) } else { Err(Refusal::Stale) };
        }
        let is_long = password.len() > password::LENGTH_MAX;
        let typed = if is_long { String::new() } else { password };
        if self.hasher.verify(typed, account.password).await? && !is_long {
            return Ok(());
        }
        self.limits.failed(&self.a_try(caller, name), self.now());
        Err(Refusal::Wrong)
    }

    /// True when the caller's session is this account's and began just now.
    fn is_fresh(&self, caller: &Caller, name: &str) -> bool {
        let now = self.now();
        let session = caller.session.as_ref().and_then(|id| self.sessions.get(id, now, false));
        session.is_some_and(|one| one.account == name && now.since(Timestamp(one.begun)) < FRESH)
    }

    /// The account of somebody with a session, if it proves itself here.
    pub(super) fn own_at_home(&self, actor: &Actor) -> Result<String, Refusal> {
        let account = self.book.get(own_name(actor)?).ok_or(Refusal::Nothing)?;
        at_home(&account)?;
        Ok(account.name)
    }
}

/// An error where an account proves itself elsewhere: a password or a second factor here would let somebody in
/// whom the other house no longer knows.
fn at_home(account: &Account) -> Result<(), Refusal> {
    if account.elsewhere.is_some() { Err(Refusal::Foreign) } else { Ok(()) }
}

/// The name of somebody with a session; a token or a user of the machine has no account of their own.
pub(super) fn own_name(actor: &Actor) -> Result<&str, Refusal> {
    if actor.who.kind == WhoKind::Account { Ok(&actor.who.name) } else { Err(Refusal::Forbidden) }
}

fn recovery_codes() -> Result<(Vec<String>, Vec<String>), Refusal> {
    let codes = (0..RECOVERY_CODES).map(|_| secret::code()).collect::<Result<Vec<_>, _>>()?;
    let hashes = codes.iter().map(|code| secret::hash(&secret::plain(code))).collect();
    Ok((codes, hashes))
}
