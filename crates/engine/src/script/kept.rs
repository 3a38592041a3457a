//! What stays in a context between messages.

// The derived implementation writes the type without its lifetime.
#![allow(elided_lifetimes_in_paths)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::runtime::UserDataGuard;
use rquickjs::{Ctx, Function, JsLifetime, Object};

/// What is kept in a context from one message to the next: objects of ours, frozen, and the compiled
/// scripts. It lives inside the runtime, so that it goes where the runtime goes.
#[derive(JsLifetime)]
pub(super) struct Kept<'js> {
    /// The module `"klinke"`.
    pub(super) klinke: Object<'js>,
    /// `ctx`.
    pub(super) ctx: Object<'js>,
    /// Scripts by their number.
    pub(super) scripts: RefCell<BTreeMap<u64, Function<'js>>>,
}

/// What is kept in the context.
pub(super) fn kept<'a, 'js>(ctx: &'a Ctx<'js>) -> rquickjs::Result<UserDataGuard<'a, Kept<'js>>> {
    ctx.userdata::<Kept<'_>>().ok_or(rquickjs::Error::Unknown)
}
