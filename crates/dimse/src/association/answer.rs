//! Writes the answer to a request (PS3.8, section 9.3.3).

use super::{Answers, Settings};
use crate::pdu::{
    APPLICATION_CONTEXT, AnsweredContext, AssociateAccept, AssociateRequest, ContextResult, UserInformation,
};

/// Says who we are, where the caller has not.
pub(super) fn introduce(user: &mut UserInformation, settings: &Settings) {
    user.maximum_length.get_or_insert(settings.maximum_length);
    user.implementation_class_uid.get_or_insert_with(|| settings.implementation_class_uid.clone());
    user.implementation_version_name.get_or_insert_with(|| settings.implementation_version_name.clone());
}

/// Every proposed context is answered once.
pub(super) fn answer(
    request: &AssociateRequest,
    mut answers: Answers,
    settings: &Settings,
) -> AssociateAccept {
    let mut contexts: Vec<AnsweredContext> = Vec::with_capacity(request.contexts.len().min(256));
    let mut seen = [false; 256];
    for proposed in &request.contexts {
        if std::mem::replace(&mut seen[usize::from(proposed.id)], true) {
            continue;
        }
        let given = answers.contexts.iter().position(|answer| answer.id == proposed.id);
        contexts.push(match given {
            Some(at) => answers.contexts.swap_remove(at),
            None => AnsweredContext {
                id: proposed.id,
                result: ContextResult::NoReason,
                transfer_syntaxes: proposed.transfer_syntaxes.first().cloned().into_iter().collect(),
            },
        });
    }
    let mut user = UserInformation {
        roles: answers.roles,
        operations_window: answers.operations_window,
        extended: answers.extended,
        user_identity_response: answers.user_identity_response,
        ..UserInformation::default()
    };
    introduce(&mut user, settings);
    AssociateAccept {
        protocol_version: 1,
        called_ae_title: request.called_ae_title.clone(),
        calling_ae_title: request.calling_ae_title.clone(),
        application_context: APPLICATION_CONTEXT.to_owned(),
        contexts,
        user,
        unknown: Vec::new(),
    }
}
