//! Negotiation and rejection.

use crate::states::*;
use crate::wire::*;
use bytes::Bytes;
use klinke_dimse::association::{
    Ending, IMPLEMENTATION_CLASS_UID, Offer, Policy, Settings, State, negotiate,
};
use klinke_dimse::message::{Command, Status};
use klinke_dimse::pdu::{
    AnsweredContext, AssociateReject, AssociateRequest, ContextResult, IdentityKind, OperationsWindow, Pdu,
    ProposedContext, RoleSelection, UserIdentity,
};
use klinke_dimse::session::{Event, SendError, Session};

#[test]
fn contexts_are_answered_by_the_policy() {
    let mut request = AssociateRequest::new("A", "B");
    request.propose(CT, &[IMPLICIT, EXPLICIT]);
    request.propose("1.2.840.10008.5.1.4.1.2.2.1", &[IMPLICIT]);
    request.propose("1.3.6.1.4.1.9.private", &[EXPLICIT]);
    request.propose(CT, &["1.2.840.10008.1.2.4.50"]);
    request.contexts.push(ProposedContext { id: 8, ..ProposedContext::default() });
    request.contexts.push(ProposedContext { id: 1, ..request.contexts[1].clone() });
    request.contexts.push(ProposedContext { id: 10, ..request.contexts[0].clone() });
    let answers = negotiate(&request, &policy());
    let found: Vec<_> = answers.contexts.iter().map(|one| (one.id, one.result.code())).collect();
    assert_eq!(found, [(1, 0), (3, 3), (5, 0), (7, 4), (8, 3), (10, 0)]);
    assert_eq!(answers.contexts[0].transfer_syntaxes, [EXPLICIT], "the acceptor's order counts");

    let any = Offer { any_transfer_syntax: true, ..offer(&[EXPLICIT]) };
    let answers = negotiate(&request, &Policy { other_storage: Some(any), ..Policy::default() });
    assert_eq!(answers.contexts[3].transfer_syntaxes, ["1.2.840.10008.1.2.4.50"]);
}

#[test]
fn an_association_without_a_context_is_accepted_all_the_same() {
    let mut wire = Wire::usual();
    wire.policy = Policy::default();
    wire.run();
    assert_eq!(wire.requestor.take(), [Event::Accepted]);
    let negotiated = wire.requestor.session.negotiated().unwrap();
    assert_eq!((negotiated.contexts.len(), negotiated.refused.len()), (0, 2));
    assert_eq!(negotiated.refused[0].result, ContextResult::AbstractSyntaxNotSupported);
    let now = wire.now;
    let sent = wire.requestor.session.send(1, &Command::echo_request(1), now);
    assert_eq!(sent, Err(SendError::UnknownContext { context: 1 }));
}

#[test]
fn answers_that_make_no_sense_are_refusals() {
    let mut accept = accepted();
    accept.contexts = vec![
        AnsweredContext {
            id: 1,
            result: ContextResult::Acceptance,
            transfer_syntaxes: vec![EXPLICIT.into(), IMPLICIT.into()],
        },
        AnsweredContext {
            id: 3,
            result: ContextResult::Acceptance,
            transfer_syntaxes: vec![EXPLICIT.into()],
        },
        AnsweredContext {
            id: 99,
            result: ContextResult::Acceptance,
            transfer_syntaxes: vec![EXPLICIT.into()],
        },
    ];
    accept.user.roles = vec![RoleSelection { sop_class: CT.into(), user: false, provider: true }];
    accept.user.operations_window = Some(OperationsWindow { invoked: 9, performed: 0 });
    let mut side = side_in(State::AwaitingAnswer);
    side.receive(&[Pdu::AssociateAccept(Box::new(accept))], T0);
    assert_eq!(side.session.state(), State::Established);
    let negotiated = side.session.negotiated().unwrap();
    assert!(negotiated.contexts.is_empty());
    assert_eq!(negotiated.operations_window, OperationsWindow::SYNCHRONOUS);
    use klinke_dimse::association::deviation::Kind::*;
    let expected = [ContextSyntaxes, ContextSyntaxForeign, ContextUnknown, RoleUnasked, WindowUnasked];
    assert_eq!(side.deviations(), expected);
}

#[test]
fn roles_windows_and_identities_are_negotiated() {
    let mut request = request();
    request.user.roles = vec![
        RoleSelection { sop_class: CT.into(), user: true, provider: true },
        RoleSelection { sop_class: "1.2.840.10008.1.1".into(), user: true, provider: true },
    ];
    request.user.operations_window = Some(OperationsWindow { invoked: 0, performed: 5 });
    request.user.user_identity = Some(UserIdentity {
        kind: IdentityKind::UsernameAndPasscode,
        response_requested: true,
        primary: "user".into(),
        secondary: "Pa55".into(),
    });
    assert!(!format!("{request:?}").contains("Pa55"), "a passcode is never shown");
    let requestor = Session::requestor(Settings::default(), request).unwrap();
    let mut wire = Wire::new(requestor, Session::acceptor(Settings::default()));
    let storage = wire.policy.other_storage.as_mut().unwrap();
    storage.requestor_provider = true;
    wire.policy.operations_window = OperationsWindow { invoked: 4, performed: 0 };
    wire.run();
    let both = |negotiated: &klinke_dimse::association::Negotiated| {
        let roles = negotiated.contexts.iter().map(|context| (context.roles.user, context.roles.provider));
        (roles.collect::<Vec<_>>(), negotiated.operations_window)
    };
    let window = OperationsWindow { invoked: 4, performed: 5 };
    let requestor = wire.requestor.session.negotiated().unwrap();
    assert_eq!(both(requestor), (vec![(true, true), (true, false)], window));
    assert_eq!(requestor.user_identity_response(), Some(&Bytes::new()));
    let acceptor = wire.acceptor.session.negotiated().unwrap();
    assert_eq!(both(acceptor), (vec![(true, true), (false, true)], window));
    assert_eq!(acceptor.peer.implementation_class_uid.as_deref(), Some(IMPLEMENTATION_CLASS_UID));

    // The window counts for what is sent.
    let now = wire.now;
    for id in 1..=4 {
        wire.requestor.session.send(3, &Command::echo_request(id), now).unwrap();
    }
    let full = wire.requestor.session.send(3, &Command::echo_request(5), now);
    assert_eq!(full, Err(SendError::WindowFull { window: 4 }));
    assert!(!wire.requestor.session.may_invoke());
    wire.run();
    let second = wire.acceptor.commands()[1].response(Status::SUCCESS).unwrap();
    wire.acceptor.session.send(3, &second, now).unwrap();
    wire.run();
    assert!(wire.requestor.session.may_invoke());
    assert_eq!(wire.requestor.session.next_message_id(), 2);
}

#[test]
fn a_rejection_is_told_with_its_reason() {
    let mut wire = Wire::usual();
    let now = wire.now;
    wire.requestor.settle(now);
    let request = std::mem::take(&mut wire.requestor.sent);
    wire.acceptor.session.handle_bytes(&request, now);
    wire.acceptor.settle(now);
    wire.acceptor.session.reject(AssociateReject::CALLED_AE_TITLE, now).unwrap();
    wire.run();
    let Some(Ending::Rejected(reject)) = wire.requestor.ending() else { panic!("not rejected") };
    assert_eq!(*reject, AssociateReject::CALLED_AE_TITLE);
    let text = "rejected permanently by the service user: called AE title not recognized (1/1/7)";
    assert_eq!(reject.to_string(), text);
    assert_eq!(wire.acceptor.ending(), Some(&Ending::RejectedHere(*reject)));
    assert!(wire.requestor.closed && wire.acceptor.closed);
}
