//! How an acceptor answers a request (PS3.8, section 7.1.1; PS3.7, Annex D.3).

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;

use super::negotiated::narrower;
use crate::pdu::{
    AnsweredContext, AssociateRequest, ContextResult, ExtendedNegotiation, OperationsWindow, ProposedContext,
    RoleSelection,
};

/// What an acceptor takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Abstract syntaxes, each with what is offered for it.
    pub services: BTreeMap<Cow<'static, str>, Offer>,
    /// What is offered for an abstract syntax that is not listed but is [like storage](is_storage_like).
    pub other_storage: Option<Offer>,
    /// What is offered for any other abstract syntax.
    pub other: Option<Offer>,
    /// How many operations may be outstanding, where the requestor wants more than one.
    pub operations_window: OperationsWindow,
}

impl Default for Policy {
    /// Nothing is offered.
    fn default() -> Self {
        Self {
            services: BTreeMap::new(),
            other_storage: None,
            other: None,
            operations_window: OperationsWindow::SYNCHRONOUS,
        }
    }
}

/// What is offered for an abstract syntax.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// Transfer syntaxes, the best first.
    pub transfer_syntaxes: Vec<Cow<'static, str>>,
    /// If none of these is proposed, the first one that is proposed is taken.
    pub any_transfer_syntax: bool,
    /// The requestor may be provider of the SOP class, as it has to be in C-GET.
    pub requestor_provider: bool,
}

/// The answer to a request, for [`Association::accept`](super::Association::accept).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// One for each proposed context; contexts without an answer are rejected.
    pub contexts: Vec<AnsweredContext>,
    /// Roles of the requestor, where it proposed any.
    pub roles: Vec<RoleSelection>,
    /// Only where the requestor proposed one.
    pub operations_window: Option<OperationsWindow>,
    /// What service classes negotiate besides.
    pub extended: Vec<ExtendedNegotiation>,
    /// Only where the requestor asked for one.
    pub user_identity_response: Option<Bytes>,
}

impl Answers {
    /// True if there is a context to speak in.
    pub fn any_accepted(&self) -> bool {
        self.contexts.iter().any(|context| context.result == ContextResult::Acceptance)
    }
}

/// The answers to a request by a policy. There may be no accepted context among them: peers expect the association
/// to be accepted all the same, and find out themselves.
///
/// A requested response to a user identity is answered as empty; whether the identity is good is for the caller
/// to decide before.
pub fn negotiate(request: &AssociateRequest, policy: &Policy) -> Answers {
    let mut answers = Answers::default();
    let mut seen = [false; 256];
    for proposed in &request.contexts {
        if !std::mem::replace(&mut seen[usize::from(proposed.id)], true) {
            answers.contexts.push(answer(proposed, policy));
        }
    }
    answers.roles = request.user.roles.iter().filter_map(|role| answer_role(role, policy)).collect();
    let proposed = request.user.operations_window;
    answers.operations_window = proposed.map(|window| narrower(window, policy.operations_window));
    let asked = request.user.user_identity.as_ref().is_some_and(|identity| identity.response_requested);
    answers.user_identity_response = asked.then(Bytes::new);
    answers
}

/// True if instances of the SOP class are probably stored with C-STORE: the storage classes of the standard
/// (PS3.4, Annex B.5 and Annex GG), and everything that the standard does not define.
pub fn is_storage_like(abstract_syntax: &str) -> bool {
    const STORAGE: &[&str] = &["1.1.", "34.7", "34.10", "38.1", "39.1", "43.1", "44.1", "45.1"];
    match abstract_syntax.strip_prefix("1.2.840.10008.") {
        Some(rest) => rest.strip_prefix("5.1.4.").is_some_and(|rest| {
            STORAGE
                .iter()
                .any(|known| if known.ends_with('.') { rest.starts_with(known) } else { rest == *known })
        }),
        None => !abstract_syntax.is_empty(),
    }
}

impl Policy {
    fn offer(&self, abstract_syntax: &str) -> Option<&Offer> {
        let listed = self.services.get(abstract_syntax);
        let storage = || self.other_storage.as_ref().filter(|_| is_storage_like(abstract_syntax));
        listed.or_else(storage).or(self.other.as_ref())
    }
}

fn answer(proposed: &ProposedContext, policy: &Policy) -> AnsweredContext {
    let offer = policy.offer(&proposed.abstract_syntax).filter(|_| !proposed.abstract_syntax.is_empty());
    let (result, syntax) = match offer {
        None => (ContextResult::AbstractSyntaxNotSupported, None),
        Some(offer) => match pick(offer, &proposed.transfer_syntaxes) {
            None => (ContextResult::TransferSyntaxesNotSupported, None),
            Some(syntax) => (ContextResult::Acceptance, Some(syntax)),
        },
    };
    // A refusal has a transfer syntax without a meaning (PS3.8, Table 9-18); some peers can't read one without.
    let syntax = syntax.or(proposed.transfer_syntaxes.first());
    AnsweredContext { id: proposed.id, result, transfer_syntaxes: syntax.cloned().into_iter().collect() }
}

fn pick<'a>(offer: &Offer, proposed: &'a [String]) -> Option<&'a String> {
    let best = offer.transfer_syntaxes.iter().find_map(|syntax| proposed.iter().find(|one| *one == syntax));
    best.or_else(|| proposed.first().filter(|syntax| offer.any_transfer_syntax && !syntax.is_empty()))
}

/// Without an answer the requestor is user and not provider.
fn answer_role(proposed: &RoleSelection, policy: &Policy) -> Option<RoleSelection> {
    let offer = policy.offer(&proposed.sop_class)?;
    let provider = proposed.provider && offer.requestor_provider;
    let sop_class = proposed.sop_class.clone();
    (proposed.user || provider).then_some(RoleSelection { sop_class, user: proposed.user, provider })
}
