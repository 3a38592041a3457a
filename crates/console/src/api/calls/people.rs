//! Accounts, roles, tokens, saved searches, and the audit log.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::given::{Page, lines, time};
use crate::api::call::{Ask, Plain};
use crate::audit::log::{Line, Wanted};
use crate::audit::request::Ask as AuditAsk;
use crate::audit::saw::Seen;
use crate::audit::{Action, WhoKind};
use crate::house::Refused;
use crate::house::request::Request;
use crate::people::Right;
use crate::people::account::{self, AccountView};
use crate::people::care::{Ask as CareAsk, TokenView};
use crate::people::elsewhere::Elsewhere;
use crate::people::guard::Denied;
use crate::people::search::SavedSearch;
use crate::people::{Actor, People, Role};
use crate::web::{Console, Fault, Visitor};

/// All of one's own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Searches {}

impl Ask for Searches {
    type Answer = Vec<SavedSearch>;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        own(&console, &visitor, |people, actor| Ok(json!(people.searches(actor)?))).await
    }
}

/// A search to be kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveSearch {
    /// What it is called.
    #[schemars(length(min = 1, max = 80))]
    name: String,
    /// The fields of the page of messages, as an address has them: `channel=adt&state=dead`.
    #[schemars(length(min = 1, max = 250))]
    query: String,
}

impl Ask for SaveSearch {
    type Answer = SavedSearch;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let name = account::title(&self.name);
        if name.is_empty() {
            return Err(Fault::unfit("/name: must be more than blanks"));
        }
        own(&console, &visitor, move |people, actor| {
            people.save_search(actor, &name, &self.query)?;
            Ok(json!(SavedSearch { name, query: self.query }))
        })
        .await
    }
}

/// Which search.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetSearch {
    /// What it is called.
    #[schemars(length(min = 1, max = 80))]
    name: String,
}

impl Ask for ForgetSearch {
    type Answer = Named;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        own(&console, &visitor, move |people, actor| {
            people.forget_search(actor, &self.name)?;
            Ok(json!({ "name": self.name }))
        })
        .await
    }
}

/// Asks for something of somebody's own account, where blocking is allowed.
async fn own(
    console: &Console,
    visitor: &Visitor,
    work: impl FnOnce(&People, &Actor) -> Result<Value, crate::people::account::Refusal> + Send + 'static,
) -> Result<Value, Fault> {
    let people = console.people().cloned();
    let people = people.filter(|_| matches!(visitor.actor.who.kind, WhoKind::Account | WhoKind::Token));
    let people = people.ok_or_else(|| Fault::absent("there are no accounts here"))?;
    // What somebody looks for may name a patient.
    if !visitor.actor.may_somewhere(Right::ViewPayload) {
        return Err(Refused::Denied(Denied::Right(Right::ViewPayload)).into());
    }
    let actor = visitor.actor.clone();
    let done = tokio::task::spawn_blocking(move || work(&people, &actor)).await;
    Ok(done.map_err(|_| Fault::broken("the answer was broken off"))??)
}

/// A name that was changed.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct Named {
    /// The name.
    name: String,
}

/// A one-time code, shown now and never again.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct Code {
    /// The account.
    name: String,
    /// The code, good for three days, with which its owner chooses a password.
    code: String,
}

/// A new account, and its one-time code, shown now and never again.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct Added {
    /// The account.
    name: String,
    /// The code, good for three days, with which its owner chooses a password; none for who comes from elsewhere.
    code: Option<String>,
}

/// All of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounts {}

impl Plain for Accounts {
    type Answer = Vec<AccountView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::List))
    }
}

/// A new account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAccount {
    /// Its name: small letters, digits, `.`, `_`, `-`, `@`; begins with a letter or digit.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// What people call them.
    #[serde(default)]
    #[schemars(length(max = 80))]
    title: String,
    /// Its roles.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 100)))]
    roles: BTreeSet<String>,
    /// Where its owner proves who they are, when not with a password here. There is then no code.
    #[serde(default)]
    from: Option<Elsewhere>,
}

impl Plain for AddAccount {
    type Answer = Added;

    fn request(self) -> Result<Request, Fault> {
        // A name that we would have to change is not the one that was asked for.
        if account::name(&self.name).as_ref() != Some(&self.name) {
            return Err(Fault::unfit(format!("/name: {}", account::Refusal::Name)));
        }
        let AddAccount { name, title, roles, from } = self;
        Ok(Request::People(CareAsk::Add { name, title, roles, from }))
    }
}

/// Which account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveAccount {
    /// Its name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
}

impl Plain for RemoveAccount {
    type Answer = Named;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::Remove { name: self.name }))
    }
}

/// Which account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Its name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
}

impl Plain for Reset {
    type Answer = Code;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::Reset { name: self.name }))
    }
}

/// Which account gets which roles.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRoles {
    /// Its name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// All that it has from now on.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 100)))]
    roles: BTreeSet<String>,
}

impl Plain for SetRoles {
    type Answer = Named;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::Role { name: self.name, roles: self.roles }))
    }
}

/// Which account, and whether it is locked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLock {
    /// Its name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// True to lock.
    locked: bool,
}

impl Plain for SetLock {
    type Answer = Named;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::Lock { name: self.name, locked: self.locked }))
    }
}

/// All of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesOf {}

/// A role with its name.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct RoleView {
    /// Its name.
    name: String,
    /// What it lets people do.
    role: Role,
}

impl Plain for RolesOf {
    type Answer = Vec<RoleView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::Roles))
    }
}

/// All of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {}

impl Plain for Tokens {
    type Answer = Vec<TokenView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::Tokens))
    }
}

/// Which token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndToken {
    /// Its identifier.
    #[schemars(length(min = 1, max = 64))]
    id: String,
}

/// A token that was taken away.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct Ended {
    /// Its identifier.
    id: String,
}

impl Plain for EndToken {
    type Answer = Ended;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::People(CareAsk::EndToken { id: self.id }))
    }
}

/// Which entries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    /// Made at or after.
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// Made before.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// By this account or user.
    #[schemars(length(min = 1, max = 100))]
    who: Option<String>,
    /// Of this kind.
    action: Option<Action>,
    /// Only below this number: `next` of the page before.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_u64))]
    before: Option<u64>,
    /// Entries at most.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Ask for Entries {
    type Answer = Page<Line>;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let wanted = Wanted {
            from: time(self.from.as_deref())?,
            until: time(self.until.as_deref())?,
            who: self.who,
            action: self.action,
            below: self.before,
            above: None,
            limit: self.limit,
        };
        let items: Vec<Line> = console.ask(&visitor, Request::Audit(AuditAsk::List(wanted))).await?;
        let next = items.last().filter(|_| items.len() >= self.limit).map(|line| line.id);
        Ok(json!(Page { items, next }))
    }
}

/// Whose data, and when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhoSaw {
    /// The patient's identifier.
    #[schemars(length(min = 1, max = 200))]
    patient: String,
    /// Seen at or after.
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// Seen before.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Entries at most, the oldest first.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for WhoSaw {
    type Answer = Vec<Seen>;

    fn request(self) -> Result<Request, Fault> {
        let (from, until) = (time(self.from.as_deref())?, time(self.until.as_deref())?);
        let wanted = Wanted { from, until, limit: self.limit, ..Wanted::default() };
        Ok(Request::Audit(AuditAsk::WhoSaw { patient: self.patient, wanted }))
    }
}

/// Against what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// A seal that was told earlier: `number:hash`.
    #[schemars(length(min = 1, max = 100))]
    seal: Option<String>,
}

/// Whether the log is whole.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct Verified {
    /// Entries that were looked at.
    entries: u64,
    /// The seal before the oldest entry.
    start: String,
    /// The seal of the newest entry.
    head: String,
    /// What is wrong; empty when nothing is.
    faults: Vec<String>,
}

impl Plain for Verify {
    type Answer = Verified;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Audit(AuditAsk::Verify { noted: self.seal }))
    }
}
