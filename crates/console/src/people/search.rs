//! Searches that people keep under a name of their own (`people/search/<account>`). They may hold identifiers
//! of patients, so they lie with the accounts, are seen by their owner alone, and go with the account.

use std::sync::PoisonError;

use klinke_store::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{self, Refusal};
use super::{Actor, People};
use crate::audit::WhoKind;

const PREFIX: &str = "people/search/";
/// The most searches of one account.
pub const SEARCHES_MAX: usize = 50;
/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 1_000;

/// A search with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SavedSearch {
    /// What its owner calls it.
    pub name: String,
    /// The fields of the page of messages, as an address has them: `channel=adt&state=dead`.
    pub query: String,
}

impl People {
    /// The searches of somebody with an account, in the order of their names.
    pub fn searches(&self, actor: &Actor) -> Result<Vec<SavedSearch>, Refusal> {
        let Some(bytes) = self.log.store().value(&place(actor)?)? else { return Ok(Vec::new()) };
        serde_json::from_slice(&bytes)
            .map_err(|_| Error::Damaged("the saved searches can't be read".to_owned()).into())
    }

    /// Keeps one; one of the same name is replaced.
    pub fn save_search(&self, actor: &Actor, name: &str, query: &str) -> Result<(), Refusal> {
        let name = account::title(name);
        if name.is_empty() || query.len() > QUERY_BYTES_MAX {
            return Err(Refusal::Nothing);
        }
        let _one = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.searches(actor)?;
        all.retain(|one| one.name != name);
        if all.len() >= SEARCHES_MAX {
            return Err(Refusal::Many);
        }
        all.push(SavedSearch { name, query: query.to_owned() });
        all.sort_by(|one, other| one.name.cmp(&other.name));
        self.write_searches(actor, &all)
    }

    /// Forgets one.
    pub fn forget_search(&self, actor: &Actor, name: &str) -> Result<(), Refusal> {
        let _one = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.searches(actor)?;
        let before = all.len();
        all.retain(|one| one.name != name);
        if all.len() == before {
            return Err(Refusal::Nothing);
        }
        self.write_searches(actor, &all)
    }

    /// Forgets all of an account.
    pub(super) fn forget_searches(&self, account: &str) -> Result<(), Refusal> {
        Ok(self.log.store().set_value(&format!("{PREFIX}{account}"), None)?)
    }

    fn write_searches(&self, actor: &Actor, all: &[SavedSearch]) -> Result<(), Refusal> {
        let bytes = serde_json::to_vec(all).map_err(|error| Error::Backend(error.to_string()))?;
        let value = (!all.is_empty()).then_some(bytes.as_slice());
        Ok(self.log.store().set_value(&place(actor)?, value)?)
    }
}

/// Where an account's searches are; a program's token stands for its account.
fn place(actor: &Actor) -> Result<String, Refusal> {
    match actor.who.kind {
        WhoKind::Account | WhoKind::Token => Ok(format!("{PREFIX}{}", actor.who.name)),
        _ => Err(Refusal::Forbidden),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use klinke_store::memory::MemoryStore;

    use super::*;
    use crate::audit::Who;
    use crate::people::session::Lengths;

    fn somebody(name: &str) -> Actor {
        Actor { who: Who::account(name), ..Actor::nobody("") }
    }

    #[test]
    fn searches_are_their_owners_alone_and_not_too_many() {
        let people = People::open(Arc::new(MemoryStore::default()), Lengths::default()).unwrap();
        let (anna, bert) = (somebody("anna"), somebody("bert"));
        people.save_search(&anna, "stuck", "state=waiting").unwrap();
        people.save_search(&anna, "dead", "state=dead").unwrap();
        people.save_search(&anna, "stuck", "state=waiting&channel=adt").unwrap();
        let names = |actor: &Actor| -> Vec<String> {
            people.searches(actor).unwrap().into_iter().map(|one| one.name).collect()
        };
        assert_eq!(names(&anna), ["dead", "stuck"]);
        assert_eq!(people.searches(&anna).unwrap()[1].query, "state=waiting&channel=adt");
        assert!(names(&bert).is_empty());
        assert_eq!(people.forget_search(&bert, "dead"), Err(Refusal::Nothing));
        people.forget_search(&anna, "dead").unwrap();
        assert_eq!(people.save_search(&anna, " \n", "a=b"), Err(Refusal::Nothing));
        assert_eq!(
            people.save_search(&anna, "long", &"x".repeat(QUERY_BYTES_MAX + 1)),
            Err(Refusal::Nothing)
        );
        for at in 1..SEARCHES_MAX {
            people.save_search(&anna, &format!("{at}"), "").unwrap();
        }
        assert_eq!(people.save_search(&anna, "one too many", ""), Err(Refusal::Many));
        people.forget_searches("anna").unwrap();
        assert!(names(&anna).is_empty());
        assert_eq!(people.searches(&Actor::guest("")), Err(Refusal::Forbidden));
    }
}
