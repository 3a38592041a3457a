//! Who may do what, and what was opened: the side of the program that knows accounts, tokens and the audit log.

use std::sync::Arc;

use hyper::header::HeaderMap;
use klinke_engine::BoxFuture;

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Search, retrieve, watch.
    Read,
    /// Store, or work on a workitem.
    Write,
    /// Delete.
    Delete,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may; the name is for the audit log.
    Allowed(Arc<str>),
    /// Nobody knows who asks: 401, with this challenge (RFC 9110, section 11.6.1).
    Unknown(String),
    /// It is known who asks, and they may not: 403.
    Forbidden,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// A search was answered.
    Searched,
    /// Instances, or parts of them, are given.
    Retrieved,
    /// Instances were stored.
    Stored,
    /// Instances were moved into the trash.
    Deleted,
    /// A workitem is given.
    WorkitemRetrieved,
    /// A workitem was created or changed, or somebody asked for it to be cancelled.
    WorkitemWritten,
    /// Events of workitems are told to an application entity.
    ChannelOpened,
}

/// What was opened, for the audit log. Retrievals are told before the first byte leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Who, as the gate has named them.
    pub who: Arc<str>,
    /// From which address.
    pub from: Arc<str>,
    /// What was done.
    pub deed: Deed,
    /// Study Instance UID; empty for a search over studies, and for what is of no study.
    pub study: String,
    /// SOP Instance UIDs, also of workitems; none for a search. The AE title for [`Deed::ChannelOpened`].
    pub instances: Vec<String>,
    /// How many instances, or matches of a search.
    pub count: u64,
}

/// Who may do what. The program plugs its accounts, tokens and audit log in here.
pub trait Gate: Send + Sync + 'static {
    /// Whether who comes with these headers from this address may do that.
    fn ask(&self, headers: &HeaderMap, from: &str, wish: Wish) -> BoxFuture<'_, Verdict>;
    /// Is told what was opened.
    fn opened(&self, opened: Opened);
    /// Where a person logs in whose browser opens a page of the viewer beside the service; none where they can't.
    fn log_in(&self) -> Option<String> {
        None
    }
}

/// A gate that lets everybody do everything, and tells nobody. For tests and for loopback.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anyone;

impl Gate for Anyone {
    fn ask(&self, _: &HeaderMap, _: &str, _: Wish) -> BoxFuture<'_, Verdict> {
        Box::pin(std::future::ready(Verdict::Allowed("anyone".into())))
    }

    fn opened(&self, _: Opened) {}
}
