//! What the end of an arrival means in the words of table 0008.

use klinke_engine::source::{End, Receipt, Refusal};
use klinke_hl7v2::ack::{Answer, Code, interpret};

/// What an intake says.
pub(super) type Taken = Result<Receipt, Refusal>;

/// MSA-1 of the application acknowledgment, and a sentence without patient data.
pub(super) fn of(taken: &Taken) -> (Code, &str) {
    use Code::{ApplicationAccept, ApplicationError, ApplicationReject};
    match taken {
        Ok(receipt) => match &receipt.end {
            // What a step filters is filtered as intended: the sender has done nothing wrong.
            End::Stored | End::Routed | End::Filtered => (ApplicationAccept, ""),
            End::Failed(text) => (ApplicationError, text),
            End::Answered { accepted: true, .. } => (ApplicationAccept, ""),
            End::Answered { code, text, .. } => match Code::read(code) {
                Some(ApplicationReject | Code::CommitReject) => (ApplicationReject, text),
                _ => (ApplicationError, text),
            },
            // It is kept and goes on being tried: sent again it would come twice.
            End::Pending => (ApplicationAccept, "kept; not yet delivered"),
        },
        Err(refusal @ Refusal::Forbidden(_)) => (ApplicationReject, text_of(refusal)),
        Err(refusal) => (ApplicationError, text_of(refusal)),
    }
}

/// The sentence of a refusal.
pub(super) fn text_of(refusal: &Refusal) -> &str {
    match refusal {
        Refusal::Full(text) | Refusal::Down(text) | Refusal::Forbidden(text) => text,
        Refusal::Stopping => "the channel is stopping",
    }
}

/// The partner's own answer, when it answers this very message.
pub(super) fn relayed<'a>(taken: &'a Taken, control_id: &str) -> Option<&'a [u8]> {
    let Ok(Receipt { end: End::Answered { answer: Some(answer), .. }, .. }) = taken else { return None };
    matches!(interpret(answer, control_id), Answer::Acknowledgment(_)).then_some(answer)
}
