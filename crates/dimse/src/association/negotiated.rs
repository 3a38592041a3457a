//! What both sides agreed to.

use bytes::Bytes;

use super::Role;
use crate::association::deviation::{Deviation, Kind};
use crate::pdu::{
    AnsweredContext, AssociateAccept, AssociateRequest, ContextResult, OperationsWindow, ProposedContext,
    RoleSelection, UserInformation,
};

/// What both sides agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Who was called.
    pub called_ae_title: String,
    /// Who called.
    pub calling_ae_title: String,
    /// What can be spoken about, in the order of the proposal.
    pub contexts: Vec<AcceptedContext>,
    /// What can't.
    pub refused: Vec<RefusedContext>,
    /// The operations that may be outstanding.
    pub operations_window: OperationsWindow,
    /// What the peer said of itself, and the longest P-DATA-TF that it takes.
    pub peer: UserInformation,
}

/// A presentation context to speak in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedContext {
    /// Its ID.
    pub id: u8,
    /// What it is about.
    pub abstract_syntax: String,
    /// How data sets are encoded.
    pub transfer_syntax: String,
    /// What this side is in it.
    pub roles: Roles,
}

/// What one side is in a presentation context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Roles {
    /// It may invoke the operations of the SOP class.
    pub user: bool,
    /// It may perform them.
    pub provider: bool,
}

/// A presentation context that was not agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedContext {
    /// Its ID.
    pub id: u8,
    /// What it would have been about.
    pub abstract_syntax: String,
    /// Why not; [`ContextResult::Acceptance`] stands for an acceptance that makes no sense.
    pub result: ContextResult,
}

impl Negotiated {
    /// The accepted context of this ID.
    pub fn context(&self, id: u8) -> Option<&AcceptedContext> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The accepted contexts of this abstract syntax that this side is user of.
    pub fn find<'a>(&'a self, abstract_syntax: &'a str) -> impl Iterator<Item = &'a AcceptedContext> {
        let wanted = move |context: &&AcceptedContext| context.abstract_syntax == abstract_syntax;
        self.contexts.iter().filter(wanted).filter(|context| context.roles.user)
    }

    /// The accepted context of this abstract and transfer syntax that this side is user of.
    pub fn find_with(&self, abstract_syntax: &str, transfer_syntax: &str) -> Option<&AcceptedContext> {
        self.contexts.iter().find(|context| {
            context.abstract_syntax == abstract_syntax
                && context.transfer_syntax == transfer_syntax
                && context.roles.user
        })
    }

    /// The answer of the acceptor to the identity of the requestor.
    pub fn user_identity_response(&self) -> Option<&Bytes> {
        self.peer.user_identity_response.as_ref()
    }

    /// How many operations this side may have outstanding; `None` is without limit.
    pub(crate) fn window(&self, role: Role) -> Option<usize> {
        let window = match role {
            Role::Requestor => self.operations_window.invoked,
            Role::Acceptor => self.operations_window.performed,
        };
        (window != 0).then_some(usize::from(window))
    }

    /// As the side that answered sees it: `accept` is what it sent.
    pub(super) fn of_acceptor(request: &AssociateRequest, accept: &AssociateAccept) -> Self {
        let (contexts, refused) =
            join(request, &accept.contexts, |sop_class| match role_of(&accept.user.roles, sop_class) {
                None => Roles { user: false, provider: true },
                Some(role) => Roles { user: role.provider, provider: role.user },
            });
        Self {
            called_ae_title: request.called_ae_title.clone(),
            calling_ae_title: request.calling_ae_title.clone(),
            contexts,
            refused,
            operations_window: accept.user.operations_window.unwrap_or(OperationsWindow::SYNCHRONOUS),
            peer: request.user.clone(),
        }
    }

    /// As the side that asked sees it. Answers that make no sense count as refusals.
    pub(super) fn of_requestor(
        request: &AssociateRequest,
        accept: AssociateAccept,
        deviations: &mut Vec<Deviation>,
    ) -> Self {
        note_deviations(request, &accept, deviations);
        let (contexts, refused) = join(request, &accept.contexts, |sop_class| {
            let proposed = role_of(&request.user.roles, sop_class);
            match proposed.zip(role_of(&accept.user.roles, sop_class)) {
                None => Roles { user: true, provider: false },
                Some((proposed, answered)) => Roles {
                    user: proposed.user && answered.user,
                    provider: proposed.provider && answered.provider,
                },
            }
        });
        let proposed = request.user.operations_window.unwrap_or(OperationsWindow::SYNCHRONOUS);
        let answered = accept.user.operations_window.unwrap_or(OperationsWindow::SYNCHRONOUS);
        Self {
            called_ae_title: request.called_ae_title.clone(),
            calling_ae_title: request.calling_ae_title.clone(),
            contexts,
            refused,
            operations_window: narrower(proposed, answered),
            peer: accept.user,
        }
    }
}

/// The narrower of both; 0 is without limit.
pub(super) fn narrower(one: OperationsWindow, other: OperationsWindow) -> OperationsWindow {
    let least = |one: u16, other: u16| if one == 0 || other == 0 { one.max(other) } else { one.min(other) };
    OperationsWindow {
        invoked: least(one.invoked, other.invoked),
        performed: least(one.performed, other.performed),
    }
}

fn role_of<'a>(roles: &'a [RoleSelection], sop_class: &str) -> Option<&'a RoleSelection> {
    roles.iter().find(|role| role.sop_class == sop_class)
}

/// Accepted and refused contexts in the order of the proposal; of a repeated ID only the first counts.
fn join(
    request: &AssociateRequest,
    answers: &[AnsweredContext],
    roles: impl Fn(&str) -> Roles,
) -> (Vec<AcceptedContext>, Vec<RefusedContext>) {
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    let mut seen = [false; 256];
    for proposed in &request.contexts {
        let id = proposed.id;
        if std::mem::replace(&mut seen[usize::from(id)], true) {
            continue;
        }
        let answer = answers.iter().find(|answer| answer.id == id);
        let result = answer.map_or(ContextResult::NoReason, |answer| answer.result);
        let abstract_syntax = proposed.abstract_syntax.clone();
        match answer.and_then(|answer| agreed(proposed, answer)) {
            Some(transfer_syntax) => {
                let roles = roles(&abstract_syntax);
                accepted.push(AcceptedContext {
                    id,
                    abstract_syntax,
                    transfer_syntax: transfer_syntax.to_owned(),
                    roles,
                });
            }
            None => refused.push(RefusedContext { id, abstract_syntax, result }),
        }
    }
    (accepted, refused)
}

/// The one transfer syntax of an acceptance. Several are no agreement, and neither is one that nobody proposed.
fn agreed<'a>(proposed: &ProposedContext, answer: &'a AnsweredContext) -> Option<&'a str> {
    let [syntax] = answer.transfer_syntaxes.as_slice() else { return None };
    let sound = answer.result == ContextResult::Acceptance && proposed.transfer_syntaxes.contains(syntax);
    sound.then_some(syntax.as_str())
}

fn note_deviations(request: &AssociateRequest, accept: &AssociateAccept, deviations: &mut Vec<Deviation>) {
    let mut answered = [false; 256];
    for answer in &accept.contexts {
        let Some(proposed) = request.contexts.iter().find(|context| context.id == answer.id) else {
            deviations.push(Kind::ContextUnknown.into());
            continue;
        };
        if std::mem::replace(&mut answered[usize::from(answer.id)], true) {
            deviations.push(Kind::ContextIdRepeated.into());
        } else if answer.result == ContextResult::Acceptance {
            match answer.transfer_syntaxes.as_slice() {
                [] => deviations.push(Kind::ContextWithoutSyntax.into()),
                [syntax] if proposed.transfer_syntaxes.contains(syntax) => {}
                [_] => deviations.push(Kind::ContextSyntaxForeign.into()),
                _ => deviations.push(Kind::ContextSyntaxes.into()),
            }
        }
    }
    let silent = request.contexts.iter().filter(|context| !answered[usize::from(context.id)]);
    deviations.extend(silent.map(|_| Deviation::from(Kind::ContextUnanswered)));
    for role in &accept.user.roles {
        if role_of(&request.user.roles, &role.sop_class).is_none() {
            deviations.push(Kind::RoleUnasked.into());
        }
    }
    if let Some(window) = accept.user.operations_window {
        let proposed = request.user.operations_window.unwrap_or(OperationsWindow::SYNCHRONOUS);
        if narrower(proposed, window) != window {
            deviations.push(Kind::WindowUnasked.into());
        }
    }
}
