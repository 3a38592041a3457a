//! Accounts of people who prove elsewhere who they are: at an OpenID provider, in a directory.
//!
//! Such an account has no password and no second factor here. It is found by what the other house calls the
//! person, which never changes; not by a name, which may be given to somebody else. An account that proves
//! itself here is never taken over by a name from elsewhere: an administrator must have said of an account
//! that its owner comes from there, before the first time.
//!
//! Where the site says which groups of the other house have which roles, roles are those of the groups, anew
//! at each log-in, and whoever is in none of them is refused. Where it says nothing of groups, roles are
//! given here, and whom nobody here knows is refused.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{self, Account, Refusal};
use super::enter::{Caller, Entered};
use super::{People, secret};
use crate::audit::{Action, Who};

/// The most groups that are looked at.
pub const GROUPS_MAX: usize = 2_000;

/// Where people prove who they are, when not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Elsewhere {
    /// At the OpenID provider of the site.
    Oidc,
    /// In the directory of the site.
    Ldap,
}

impl Elsewhere {
    /// As lists and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Elsewhere::Oidc => "oidc",
            Elsewhere::Ldap => "ldap",
        }
    }

    /// The inverse of [`Elsewhere::name`].
    pub fn named(name: &str) -> Option<Elsewhere> {
        [Elsewhere::Oidc, Elsewhere::Ldap].into_iter().find(|one| one.name() == name)
    }
}

/// Which groups of the other house have which role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(pub BTreeMap<String, BTreeSet<String>>);

impl Groups {
    /// The roles of somebody in these groups; `None` where the site says nothing of groups.
    fn roles(&self, groups: &[String]) -> Option<BTreeSet<String>> {
        let has = |wanted: &BTreeSet<String>| groups.iter().take(GROUPS_MAX).any(|one| wanted.contains(one));
        let roles = self.0.iter().filter(|(_, wanted)| has(wanted)).map(|(role, _)| role.clone());
        (!self.0.is_empty()).then(|| roles.collect())
    }
}

/// Somebody for whom another house vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// How they came.
    pub how: Elsewhere,
    /// The other house: the issuer's address, the directory's.
    pub house: String,
    /// What it calls them for ever.
    pub subject: String,
    /// The name that they go by there.
    pub name: String,
    /// What people call them; empty when it does not say.
    pub title: String,
    /// Their groups.
    pub groups: Vec<String>,
}

impl People {
    /// Lets somebody in for whom another house vouches, if they have an account here or get one. Blocks.
    pub(super) fn admit(
        &self,
        caller: &Caller,
        typed: &str,
        arrival: &Arrival,
        groups: &Groups,
    ) -> Result<Entered, Refusal> {
        let via = format!("{} {}", arrival.how.name(), arrival.house);
        let wanted = groups.roles(&arrival.groups);
        let known = self.find(arrival);
        let name = known.as_ref().map(|account| account.name.clone()).unwrap_or_default();
        let refuse = |note: &str| self.turn_away(caller, &name, &via, note);
        match (&known, &wanted) {
            (Some(account), _) if account.is_locked => refuse("the account is locked"),
            (Some(account), Some(roles)) if roles.is_empty() => {
                // What they may no longer do, their tokens may not do either.
                self.take_roles(account, BTreeSet::new(), caller, &via)?;
                self.sessions.end_all(&account.name, None, |_| true)?;
                refuse("none of their groups has a role here")
            }
            (Some(account), _) => {
                if let Some(roles) = wanted {
                    self.take_roles(account, roles, caller, &via)?;
                }
                self.settle(account, arrival, caller, &via)?;
                self.enter(caller, typed, &account.name, &via)
            }
            (None, Some(roles)) if !roles.is_empty() => {
                let Some(name) = account::name(&arrival.name) else {
                    return refuse("their name there can be none here");
                };
                if self.book.get(&name).is_some() {
                    return refuse("an account of that name proves itself in another way");
                }
                self.make(&name, arrival, roles.clone(), caller, &via)?;
                self.enter(caller, typed, &name, &via)
            }
            (None, _) => refuse("nobody here knows them"),
        }
    }

    /// The account of somebody, or one that waits for them to come for the first time.
    fn find(&self, arrival: &Arrival) -> Option<Account> {
        let is_theirs = |account: &Account| {
            let subject = account.subject.as_ref();
            subject.is_some_and(|(house, one)| *house == arrival.house && *one == arrival.subject)
        };
        let all = self.book.all();
        let own = |account: &&Account| account.elsewhere == Some(arrival.how);
        let known = all.iter().filter(own).find(|account| is_theirs(account));
        let waits = || {
            let name = account::name(&arrival.name)?;
            all.iter().filter(own).find(|account| account.name == name && account.subject.is_none())
        };
        known.or_else(waits).cloned()
    }

    fn take_roles(
        &self,
        account: &Account,
        roles: BTreeSet<String>,
        caller: &Caller,
        via: &str,
    ) -> Result<(), Refusal> {
        if account.roles == roles {
            return Ok(());
        }
        let listed =
            |roles: &BTreeSet<String>| roles.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let note = format!("roles by {via}: {} instead of {}", listed(&roles), listed(&account.roles));
        self.note(&Who::program(), &caller.from, Action::Account, &account.name, &note)?;
        self.book.change(&account.name, |account| {
            account.roles = roles;
            Ok(())
        })
    }

    /// Binds an account to its owner when they come for the first time, and keeps what they are called.
    fn settle(
        &self,
        account: &Account,
        arrival: &Arrival,
        caller: &Caller,
        via: &str,
    ) -> Result<(), Refusal> {
        let title = account::title(&arrival.title);
        let is_new = account.subject.is_none();
        if is_new {
            let note = format!("belongs from now on to who came by {via} first");
            self.note(&Who::program(), &caller.from, Action::Account, &account.name, &note)?;
        } else if title.is_empty() || title == account.title {
            return Ok(());
        }
        self.book.change(&account.name, |account| {
            // Between the look and now somebody else may have come.
            if is_new && account.subject.is_some() {
                return Err(Refusal::Stranger);
            }
            account.subject = Some((arrival.house.clone(), arrival.subject.clone()));
            if !title.is_empty() {
                account.title = title;
            }
            Ok(())
        })
    }

    fn make(
        &self,
        name: &str,
        arrival: &Arrival,
        roles: BTreeSet<String>,
        caller: &Caller,
        via: &str,
    ) -> Result<(), Refusal> {
        let listed = roles.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let note = format!("added: {listed}, came by {via}");
        self.note(&Who::program(), &caller.from, Action::Account, name, &note)?;
        self.book.add(Account {
            name: name.to_owned(),
            title: account::title(&arrival.title),
            roles,
            elsewhere: Some(arrival.how),
            subject: Some((arrival.house.clone(), arrival.subject.clone())),
            created: self.now().0,
            ..Account::default()
        })
    }

    /// Refuses somebody whom the other house knows. No failure is counted: nothing was guessed.
    fn turn_away(&self, caller: &Caller, known: &str, via: &str, note: &str) -> Result<Entered, Refusal> {
        self.refused(caller, known, Some(via), Some(note))?;
        Err(Refusal::Stranger)
    }
}

/// A mark of a browser that began a log-in, compared in a time that tells nothing.
pub(super) fn is_same_browser(kept: &str, cookie: Option<&str>) -> bool {
    cookie.is_some_and(|cookie| secret::is_same(kept, &secret::hash(cookie)))
}
