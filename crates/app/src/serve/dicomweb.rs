//! Who may ask the archive over DICOMweb: programs with a token of the console's accounts, and pages of the viewer beside it in a
//! browser that has logged in at the console.
//!
//! Reading and watching ask for the right to view payloads, storing and work on workitems for the right to act, deleting for the right to
//! administer. What was opened leaves an entry in the audit log before the first byte leaves.

use std::sync::Arc;

use hyper::header::{self, HeaderMap};
use klinke_adapters::dicomweb::{Deed, Gate, Opened, Verdict, Wish};
use klinke_console::audit::entry::{Action, Entry, Who};
use klinke_console::house::images::PLACE;
use klinke_console::people::{Actor, People, Right};
use klinke_console::web::session;
use klinke_engine::BoxFuture;

use crate::site::console::Console;

/// The console's accounts at the archive's door.
pub struct Guard {
    people: Arc<People>,
    /// Where browsers log in.
    log_in: Option<String>,
    /// Whether they do it over TLS.
    is_secure: bool,
}

impl Guard {
    /// These accounts; people among them log in at this console, where there is one.
    pub fn new(people: Arc<People>, console: Option<&Console>) -> Arc<Self> {
        let address = console.and_then(|console| console.address.as_deref());
        Arc::new(Guard {
            people,
            log_in: address.map(|address| format!("{}/login", address.trim_end_matches('/'))),
            is_secure: console.is_some_and(|console| console.tls.is_some()),
        })
    }

    /// A program by its token, a person by their session. Whoever comes with a token is not let in by a cookie that is there as well.
    fn known(&self, headers: &HeaderMap, from: &str) -> Option<Actor> {
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            let session = session(headers, self.is_secure)?;
            return self.people.of_session(session, from, true).map(|(actor, _)| actor);
        };
        let token = authorization.to_str().ok()?.strip_prefix("Bearer ")?;
        self.people.of_token(token.trim(), from)
    }

    fn verdict(&self, headers: &HeaderMap, from: &str, wish: Wish) -> Verdict {
        let Some(actor) = self.known(headers, from) else { return Verdict::Unknown("Bearer".to_owned()) };
        let right = match wish {
            Wish::Read => Right::ViewPayload,
            Wish::Write => Right::Act,
            Wish::Delete => Right::Administer,
        };
        // As for whoever looks at images on the console: all of the archive, or none.
        match actor.may(right, &[PLACE]) {
            true => Verdict::Allowed(actor.who.name.as_str().into()),
            false => Verdict::Forbidden,
        }
    }
}

impl Gate for Guard {
    fn ask(&self, headers: &HeaderMap, from: &str, wish: Wish) -> BoxFuture<'_, Verdict> {
        let verdict = tokio::task::block_in_place(|| self.verdict(headers, from, wish));
        Box::pin(std::future::ready(verdict))
    }

    fn log_in(&self) -> Option<String> {
        self.log_in.clone()
    }

    fn opened(&self, opened: Opened) {
        let action = match opened.deed {
            Deed::Searched => Action::Search,
            Deed::Retrieved | Deed::WorkitemRetrieved | Deed::ChannelOpened => Action::OpenPayload,
            Deed::Deleted => Action::Drop,
            // What comes in leaves no entry, over whatever way it comes.
            Deed::Stored | Deed::WorkitemWritten => return,
        };
        let note = match (opened.deed, opened.study.as_str()) {
            (Deed::WorkitemRetrieved, _) => format!("DICOMweb: workitem {}", opened.instances.join(" ")),
            (Deed::ChannelOpened, _) => {
                format!("DICOMweb: events of workitems for {}", opened.instances.join(" "))
            }
            (_, "") => format!("DICOMweb: {} matches", opened.count),
            (_, study) => format!("DICOMweb: study {study}, {} instances", opened.count),
        };
        let who = Who::token(&*opened.who, "DICOMweb");
        let entry = Entry::new(who, &*opened.from, action).noted(note);
        let written = tokio::task::block_in_place(|| self.people.log().write(&entry));
        if let Err(error) = written {
            tracing::error!("an entry of the audit log could not be written: {error}");
        }
    }
}
