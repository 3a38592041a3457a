//! Somebody who asks, once it is known who they are.

use super::right::{Grants, Right};
use crate::audit::Who;

/// Somebody who asks. Made by [`super`] alone after a log-in, a token, or for the machine's own user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who, as the audit log names them.
    pub who: Who,
    /// The address that they ask from.
    pub from: String,
    /// What they may do now; an emergency access is in it while it lasts.
    pub grants: Grants,
    /// What people call them.
    pub title: String,
    /// Until when an emergency access lasts.
    pub emergency: Option<klinke_model::Timestamp>,
    /// The one study that they may look at, and nothing else: whoever comes by a signed link.
    pub study: Option<String>,
}

impl Actor {
    /// The machine's own user, through the local socket or a store that nothing serves: whoever may read
    /// the store's files may read what is in them.
    pub fn local(who: Who) -> Actor {
        let title = who.name.clone();
        Actor { who, from: "local".to_owned(), grants: Grants::all(), title, emergency: None, study: None }
    }

    /// Nobody who is known.
    pub fn nobody(from: &str) -> Actor {
        let (who, grants) = (Who::default(), Grants::default());
        Actor { who, from: from.to_owned(), grants, title: String::new(), emergency: None, study: None }
    }

    /// Whoever looks at the demo: everything in it is made up.
    pub fn guest(from: &str) -> Actor {
        let who = Who::user("guest", Some("demo".to_owned()));
        Actor { from: from.to_owned(), ..Actor::local(who) }
    }

    /// Whoever comes by a signed link to a study.
    pub fn linked(who: Who, from: &str, study: &str) -> Actor {
        Actor { title: who.name.clone(), who, study: Some(study.to_owned()), ..Actor::nobody(from) }
    }

    /// The program itself: what it looks at leaves no trace, and nobody sees it.
    pub fn program() -> Actor {
        Actor::local(Who::program())
    }

    /// True when this right is given for one of these channels or systems.
    pub fn may(&self, right: Right, names: &[&str]) -> bool {
        self.grants.may(right, names)
    }

    /// True when this right is given anywhere.
    pub fn may_somewhere(&self, right: Right) -> bool {
        self.grants.may_somewhere(right)
    }
}
