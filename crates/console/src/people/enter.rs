//! Coming in: with a password and perhaps a second factor, with a one-time code, with a token. Whoever proves
//! elsewhere who they are comes by [`super::oidc`] or [`super::ldap`].
//!
//! Whatever is wrong, the answer is the same: [`Refusal::Wrong`]. It takes the same time whether there is
//! such an account or not, whether it is locked, and whichever factor was wrong.

use std::sync::{Arc, PoisonError};

use super::account::{self, Account, Refusal};
use super::actor::Actor;
use super::elsewhere::Elsewhere;
use super::limit::Try;
use super::password;
use super::session::Session;
use super::{People, Roles, blocking, is_good, secret, totp};
use crate::audit::{Action, Entry, Outcome, Who};

/// Somebody at the door, and what their browser said.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The address.
    pub from: String,
    /// What the browser calls itself.
    pub browser: String,
    /// The device cookie.
    pub device: Option<String>,
    /// The session cookie.
    pub session: Option<String>,
}

/// A log-in. Has no `Debug`.
#[derive(Clone)]
pub struct LogIn {
    /// The name as it was typed.
    pub name: String,
    /// The password.
    pub password: String,
    /// The second factor: a code by time, or a recovery code.
    pub code: String,
}

/// The use of a one-time code. Has no `Debug`.
#[derive(Clone)]
pub struct Begin {
    /// The name as it was typed.
    pub name: String,
    /// The code.
    pub code: String,
    /// The password that they choose.
    pub password: String,
}

/// Somebody who came in.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The account.
    pub account: String,
    /// What goes into the session cookie.
    pub session: String,
    /// What goes into the device cookie; empty where none is needed.
    pub device: String,
}

impl People {
    /// Lets somebody in, or not.
    pub async fn log_in(self: &Arc<Self>, caller: Caller, log_in: LogIn) -> Result<Entered, Refusal> {
        self.may_try(&caller, &log_in.name)?;
        let begun = tokio::time::Instant::now();
        let entered = self.look_at(caller, log_in).await;
        if let (Err(_), Some(house)) = (&entered, self.directory()) {
            // A directory takes longer than a password: neither is to be seen from outside.
            tokio::time::sleep_until(begun + house.floor()).await;
        }
        entered.map_err(|refusal| self.told_of_directory(refusal))
    }

    async fn look_at(self: &Arc<Self>, caller: Caller, log_in: LogIn) -> Result<Entered, Refusal> {
        let known = account::name(&log_in.name).and_then(|name| self.book.get(&name));
        let kept = known.as_ref().filter(|account| !account.is_locked).and_then(|one| one.password.clone());
        // Longer ones than can be chosen are not worked out, but something is.
        let is_long = log_in.password.len() > password::LENGTH_MAX;
        let typed = if is_long { String::new() } else { log_in.password };
        let is_right = self.hasher.verify(typed.clone(), kept).await? && !is_long;
        let asked = self.ask_directory(&log_in.name, &typed, known.as_ref()).await;
        let people = self.clone();
        blocking(move || {
            if let Some((arrival, house)) = asked {
                return people.admit(&caller, &log_in.name, &arrival, house.roles());
            }
            let Some(account) = known else { return people.shut_out(&caller, &log_in.name, "", None, None) };
            let via = if is_right { people.second_factor(&account.name, &log_in.code)? } else { None };
            match via {
                Some(via) => people.enter(&caller, &log_in.name, &account.name, via),
                None => people.shut_out(&caller, &log_in.name, &account.name, None, None),
            }
        })
        .await
    }

    /// Lets somebody choose their password with a one-time code, and lets them in. With the code that the
    /// program told at its start, this makes the first account.
    pub async fn begin(self: &Arc<Self>, caller: Caller, begin: Begin) -> Result<Entered, Refusal> {
        let name = account::name(&begin.name).ok_or(Refusal::Name)?;
        self.may_try(&caller, &name)?;
        password::judge(&begin.password, &name).map_err(Refusal::Weak)?;
        let known = self.book.get(&name);
        let now = self.now();
        let is_first = known.is_none() && self.is_new() && {
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            is_good(first.as_ref(), &begin.code, now)
        };
        let is_invited = known
            .as_ref()
            .is_some_and(|account| !account.is_locked && is_good(account.code.as_ref(), &begin.code, now));
        let people = self.clone();
        if !is_first && !is_invited {
            let known = known.map(|account| account.name).unwrap_or_default();
            return blocking(move || people.shut_out(&caller, &name, &known, None, None)).await;
        }
        let hash = self.hasher.hash(begin.password).await?;
        blocking(move || {
            if is_first {
                people.make_first(&caller, &name, hash)?;
            } else {
                people.note(
                    &Who::account(&name),
                    &caller.from,
                    Action::Account,
                    &name,
                    "chose a password",
                )?;
                people.book.change(&name, |account| {
                    // Between the look and now somebody else may have used it.
                    if !is_good(account.code.take().as_ref(), &begin.code, now) {
                        return Err(Refusal::Wrong);
                    }
                    account.password = Some(hash);
                    Ok(())
                })?;
                people.sessions.end_all(&name, None, |_| true)?;
            }
            people.enter(&caller, &name, &name, "code")
        })
        .await
    }

    /// Somebody with a session cookie, while it lasts. With `is_use` it then lasts longer.
    pub fn of_session(&self, id: &str, from: &str, is_use: bool) -> Option<(Actor, Session)> {
        let mut session = self.sessions.get(id, self.now(), is_use)?;
        let account = self.book.get(&session.account).filter(|account| !account.is_locked)?;
        let mut grants = self.grants(&account);
        let now = self.now();
        session.purpose = session.purpose.take().filter(|(until, _)| *until > now.0);
        let emergency = session.emergency.as_ref().map(|(until, _)| klinke_model::Timestamp(*until));
        let emergency = emergency.filter(|until| *until > now);
        if emergency.is_some() {
            grants.payload = super::Places::All;
            grants.state = super::Places::All;
        }
        let actor = Actor {
            who: Who::account(&account.name),
            from: from.to_owned(),
            grants,
            title: if account.title.is_empty() { account.name } else { account.title },
            emergency,
            study: None,
        };
        Some((actor, session))
    }

    /// A program with a token, while it is good.
    pub fn of_token(&self, text: &str, from: &str) -> Option<Actor> {
        let token = self.tokens.get(text, self.now())?;
        let account = self.book.get(&token.account).filter(|account| !account.is_locked)?;
        Some(Actor {
            who: Who::token(&account.name, format!("{} {}", token.id, token.title).trim()),
            from: from.to_owned(),
            grants: self.grants(&account).only(&token.rights),
            title: account.name,
            emergency: None,
            study: None,
        })
    }

    /// Ends a session; true when whoever had it came from the OpenID provider.
    pub fn log_out(&self, id: &str, from: &str) -> Result<bool, Refusal> {
        let mut came_by_provider = false;
        if let Some((actor, session)) = self.of_session(id, from, false) {
            came_by_provider = session.via.starts_with(Elsewhere::Oidc.name());
            // Who wants to go, goes; the entry is no condition.
            let _ = self.log.write(&Entry::new(actor.who, from, Action::LogOut));
        }
        self.sessions.end(id)?;
        Ok(came_by_provider)
    }

    /// An error while nothing more is looked at.
    pub(super) fn may_try(&self, caller: &Caller, name: &str) -> Result<(), Refusal> {
        let wait = self.limits.wait(&self.a_try(caller, name), self.now());
        // At least one second, so that nobody is told to wait for none.
        wait.map_or(Ok(()), |wait| Err(Refusal::Wait(wait.as_secs() + 1)))
    }

    pub(super) fn a_try<'a>(&self, caller: &'a Caller, name: &'a str) -> Try<'a> {
        let known = account::name(name).unwrap_or_default();
        let device = caller.device.as_deref().filter(|device| self.sessions.knows(device, &known));
        Try { name: name.trim(), address: &caller.from, device }
    }

    /// How somebody proved more than their password: `None` when they did not and should have. A code is
    /// used up by this.
    fn second_factor(&self, name: &str, code: &str) -> Result<Option<&'static str>, Refusal> {
        let seconds = self.now().0.div_euclid(1_000_000);
        let checked = self.book.change(name, |account| {
            let Some(totp) = &mut account.totp else { return Ok("password") };
            if let Some(step) = totp::check(&totp.secret, code, seconds, totp.last) {
                totp.last = Some(step);
                return Ok("password+totp");
            }
            let given = secret::hash(&secret::plain(code));
            let before = account.recovery.len();
            account.recovery.retain(|kept| !secret::is_same(kept, &given));
            if account.recovery.len() < before { Ok("password+recovery") } else { Err(Refusal::Wrong) }
        });
        match checked {
            Ok(via) => Ok(Some(via)),
            Err(Refusal::Wrong) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Lets somebody in who has proved who they are.
    pub(super) fn enter(
        &self,
        caller: &Caller,
        typed: &str,
        name: &str,
        via: &str,
    ) -> Result<Entered, Refusal> {
        let now = self.now();
        let who = Who { via: Some(via.to_owned()), ..Who::account(name) };
        self.log.write(&Entry::new(who, &caller.from, Action::LogIn))?;
        self.limits.passed(&self.a_try(caller, typed));
        let browser: String = caller.browser.chars().filter(|c| !c.is_control()).take(200).collect();
        let session = Session {
            account: name.to_owned(),
            from: caller.from.clone(),
            browser,
            via: via.to_owned(),
            ..Session::default()
        };
        let session = self.sessions.begin(session, now)?;
        // A device spares its owner the delays of others' passwords; without a password there are none.
        let has_password = self.book.get(name).is_some_and(|account| account.password.is_some());
        let device = match has_password {
            true => self.sessions.remember(caller.device.as_deref(), name, now)?,
            false => String::new(),
        };
        self.book.change(name, |account| {
            account.seen = Some(now.0);
            Ok(())
        })?;
        Ok(Entered { account: name.to_owned(), session, device })
    }

    /// Counts a failure and writes it down. A name that no account has is not written: it may be a password.
    pub(super) fn shut_out<T>(
        &self,
        caller: &Caller,
        typed: &str,
        known: &str,
        via: Option<&str>,
        note: Option<&str>,
    ) -> Result<T, Refusal> {
        self.limits.failed(&self.a_try(caller, typed), self.now());
        self.refused(caller, known, via, note)?;
        Err(Refusal::Wrong)
    }

    /// Writes down that somebody was not let in.
    pub(super) fn refused(
        &self,
        caller: &Caller,
        known: &str,
        via: Option<&str>,
        note: Option<&str>,
    ) -> Result<(), Refusal> {
        let who = Who { name: known.to_owned(), via: via.map(str::to_owned), ..Who::default() };
        let mut entry = Entry::new(who, &caller.from, Action::LogIn).ended(Outcome::Refused);
        entry.note = note.map(str::to_owned);
        self.log.write(&entry)?;
        Ok(())
    }

    fn make_first(&self, caller: &Caller, name: &str, hash: String) -> Result<(), Refusal> {
        // The code is used up whatever comes: two browsers can't both be the first.
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() || !self.is_new() {
            return Err(Refusal::Wrong);
        }
        let note = "the first account, made with the code of the program's start";
        self.note(&Who::account(name), &caller.from, Action::Account, name, note)?;
        self.book.add(Account {
            name: name.to_owned(),
            roles: [Roles::ADMINISTRATOR.to_owned()].into(),
            password: Some(hash),
            created: self.now().0,
            ..Account::default()
        })?;
        *first = None;
        Ok(())
    }
}
