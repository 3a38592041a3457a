//! What administrators change: accounts, their roles, locks and one-time codes.
//!
//! The same requests come from the page and from `klinke people` over the local socket. No password is ever
//! in one of them: whoever gets an account chooses their own with a one-time code.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::{self, Account, AccountView, Refusal};
use super::actor::Actor;
use super::elsewhere::Elsewhere;
use super::{People, Right, one_time};
use crate::audit::{Action, WhoKind};

/// How long a one-time code for somebody else is good.
const INVITATION: Duration = Duration::from_secs(3 * 86_400);

/// What is asked of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// All accounts.
    List,
    /// All roles.
    Roles,
    /// A new account; answers with a one-time code.
    Add {
        /// Its name.
        name: String,
        /// What people call them.
        #[serde(default)]
        title: String,
        /// Its roles.
        roles: BTreeSet<String>,
        /// Where its owner proves who they are, when not here; then there is no one-time code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Elsewhere>,
    },
    /// Removes an account, its sessions and tokens.
    Remove {
        /// Which.
        name: String,
    },
    /// Takes password, second factor, passkeys, sessions and tokens away; answers with a one-time code.
    Reset {
        /// Which.
        name: String,
    },
    /// Gives an account other roles.
    Role {
        /// Which.
        name: String,
        /// All that it has from now on.
        roles: BTreeSet<String>,
    },
    /// Locks an account, or unlocks it.
    Lock {
        /// Which.
        name: String,
        /// True to lock.
        locked: bool,
    },
    /// All tokens.
    Tokens,
    /// Takes a token away.
    EndToken {
        /// Which.
        id: String,
    },
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Its identifier.
    pub id: String,
    /// Whose.
    pub account: String,
    /// What it is for.
    pub title: String,
    /// What it may do.
    pub rights: BTreeSet<Right>,
    /// Until when it is good.
    pub until: String,
    /// When it was last used.
    pub used: Option<String>,
}

impl TokenView {
    /// Of a token.
    pub fn of(token: &super::token::Token) -> TokenView {
        let time = |at: i64| klinke_model::Timestamp(at).to_string();
        TokenView {
            id: token.id.clone(),
            account: token.account.clone(),
            title: token.title.clone(),
            rights: token.rights.clone(),
            until: time(token.until),
            used: token.used.map(time),
        }
    }
}

impl People {
    /// Answers what somebody asks. Blocks.
    pub fn answer(&self, actor: &Actor, ask: Ask) -> Result<Value, Refusal> {
        if !actor.may(Right::Administer, &[]) {
            return Err(Refusal::Forbidden);
        }
        match ask {
            Ask::List => {
                let now = self.now();
                Ok(json!(self.book.all().iter().map(|one| one.view(now)).collect::<Vec<AccountView>>()))
            }
            Ask::Roles => {
                let roles = self.roles();
                let all = roles.all().map(|(name, role)| json!({ "name": name, "role": role }));
                Ok(Value::Array(all.collect()))
            }
            Ask::Add { name, title, roles, from } => self.add(actor, &name, &title, roles, from),
            Ask::Remove { name } => self.remove(actor, &name),
            Ask::Reset { name } => self.reset(actor, &name),
            Ask::Role { name, roles } => self.set_roles_of(actor, &name, roles),
            Ask::Lock { name, locked } => self.lock(actor, &name, locked),
            Ask::Tokens => Ok(json!(self.tokens.of(None).iter().map(TokenView::of).collect::<Vec<_>>())),
            Ask::EndToken { id } => {
                let token = self.tokens.of(None).into_iter().find(|token| token.id == id);
                let token = token.ok_or(Refusal::Nothing)?;
                self.note(&actor.who, &actor.from, Action::Token, &token.account, "took a token away")?;
                self.tokens.end(&id, None)?;
                Ok(json!({ "id": id }))
            }
        }
    }

    fn add(
        &self,
        actor: &Actor,
        name: &str,
        title: &str,
        roles: BTreeSet<String>,
        from: Option<Elsewhere>,
    ) -> Result<Value, Refusal> {
        let name = account::name(name).ok_or(Refusal::Name)?;
        self.check_roles(&roles)?;
        if self.book.get(&name).is_some() {
            return Err(Refusal::Taken(name));
        }
        let invitation = match from {
            None => Some(one_time(self.now(), INVITATION)?),
            Some(_) => None,
        };
        let comes = from.map(|from| format!(", comes by {}", from.name())).unwrap_or_default();
        let note = format!("added: {}{comes}", listed(&roles));
        self.note(&actor.who, &actor.from, Action::Account, &name, &note)?;
        let (code, kept) = invitation.unzip();
        self.book.add(Account {
            name: name.clone(),
            title: account::title(title),
            roles,
            code: kept,
            elsewhere: from,
            created: self.now().0,
            ..Account::default()
        })?;
        Ok(json!({ "name": name, "code": code }))
    }

    fn remove(&self, actor: &Actor, name: &str) -> Result<Value, Refusal> {
        self.known(name)?;
        self.check_left(actor, name)?;
        self.note(&actor.who, &actor.from, Action::Account, name, "removed")?;
        self.book.remove(name)?;
        self.forget_searches(name)?;
        self.end_everything(name)?;
        Ok(json!({ "name": name }))
    }

    fn reset(&self, actor: &Actor, name: &str) -> Result<Value, Refusal> {
        self.known(name)?;
        let (code, kept) = one_time(self.now(), INVITATION)?;
        self.note(&actor.who, &actor.from, Action::Account, name, "reset: a new one-time code")?;
        self.book.change(name, |account| {
            account.password = None;
            (account.totp, account.recovery) = (None, Vec::new());
            (account.passkeys, account.handle) = (Vec::new(), None);
            // Whoever is reset proves themselves here from now on.
            (account.elsewhere, account.subject) = (None, None);
            account.code = Some(kept);
            Ok(())
        })?;
        self.end_everything(name)?;
        Ok(json!({ "name": name, "code": code }))
    }

    fn set_roles_of(&self, actor: &Actor, name: &str, roles: BTreeSet<String>) -> Result<Value, Refusal> {
        let account = self.known(name)?;
        self.check_roles(&roles)?;
        let administers = self.roles().grants(roles.iter().map(String::as_str)).administer;
        if !administers && self.grants(&account).administer {
            self.check_left(actor, name)?;
        }
        let note = format!("roles: {} instead of {}", listed(&roles), listed(&account.roles));
        self.note(&actor.who, &actor.from, Action::Account, name, &note)?;
        self.book.change(name, |account| {
            account.roles = roles;
            Ok(())
        })?;
        // What a session may is looked up anew at each request; an emergency access is not a matter of roles.
        self.sessions.end_all(name, None, |_| true)?;
        Ok(json!({ "name": name }))
    }

    fn lock(&self, actor: &Actor, name: &str, locked: bool) -> Result<Value, Refusal> {
        self.known(name)?;
        if locked {
            self.check_left(actor, name)?;
        }
        let note = if locked { "locked" } else { "unlocked" };
        self.note(&actor.who, &actor.from, Action::Account, name, note)?;
        self.book.change(name, |account| {
            account.is_locked = locked;
            Ok(())
        })?;
        if locked {
            self.sessions.end_all(name, None, |_| true)?;
        }
        Ok(json!({ "name": name, "locked": locked }))
    }

    fn known(&self, name: &str) -> Result<Account, Refusal> {
        self.book.get(name).ok_or_else(|| Refusal::Absent(account::name(name).unwrap_or_default()))
    }

    fn end_everything(&self, name: &str) -> Result<(), Refusal> {
        self.sessions.end_all(name, None, |_| true)?;
        Ok(self.tokens.end_all(name)?)
    }

    fn check_roles(&self, roles: &BTreeSet<String>) -> Result<(), Refusal> {
        let known = self.roles();
        match roles.iter().find(|role| !known.has(role)) {
            Some(unknown) => Err(Refusal::Role(account::title(unknown))),
            None if roles.is_empty() => Err(Refusal::Role(String::new())),
            None => Ok(()),
        }
    }

    /// An error when nobody who can administer would be left without this account. The machine's own user
    /// can always make another one.
    fn check_left(&self, actor: &Actor, name: &str) -> Result<(), Refusal> {
        let others = self.book.all().into_iter().filter(|one| one.name != name && !one.is_locked);
        let is_left = others.into_iter().any(|one| one.password.is_some() && self.grants(&one).administer);
        let is_local = actor.who.kind == WhoKind::User;
        if is_left || is_local || !self.known(name).is_ok_and(|one| self.grants(&one).administer) {
            Ok(())
        } else {
            Err(Refusal::Last)
        }
    }
}

fn listed(roles: &BTreeSet<String>) -> String {
    roles.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
