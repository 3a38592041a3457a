//! The sequence number protocol (HL7 v2.5.1 chapter 2, section 2.10.1), on top of the codec: which number
//! a source expects, and which one a destination sends next.
//!
//! What a source expects is not written down: it is the number behind that of the newest message which is
//! kept. Only that a sender began anew (-1) is, until its first message has come.
//!
//! A destination learns the number from the partner, on each new connection, by asking with 0.

use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_engine::link::Parcel;
use klinke_engine::source::{Intake, Refusal};
use klinke_hl7v2::sequence::{RESET, Received, Receiver, Sender, Sent};
use klinke_model::DeliveryKey;

use super::codec::Head;

/// The number that a source expects from its one sender.
#[derive(Debug, Default)]
pub(super) struct Sequence(Mutex<Receiver>);

/// The name of the note that a sender began anew: the newest envelope at that time.
const BEGUN_ANEW: &str = "sequence";

impl Sequence {
    /// What is expected after all that is kept.
    pub(super) async fn recall(intake: &dyn Intake) -> Self {
        let Some((id, newest)) = intake.newest().await else { return Sequence::default() };
        if intake.noted(BEGUN_ANEW).await.as_deref() == Some(id.to_string().as_bytes()) {
            return Sequence::default();
        }
        let number = Head::read(&newest).and_then(|head| head.sequence()).filter(|&number| number > 0);
        Sequence(Mutex::new(Receiver::new(number.map(|number| number.saturating_add(1)))))
    }

    /// Writes down that the sender begins anew.
    pub(super) async fn begin_anew(intake: &dyn Intake) -> Result<(), Refusal> {
        let newest = intake.newest().await.map(|(id, _)| id.to_string().into_bytes());
        intake.note(BEGUN_ANEW, newest).await
    }

    fn receiver(&self) -> MutexGuard<'_, Receiver> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a message's number (MSH-13) and counts it when it is the next one.
    pub(super) fn receive(&self, number: Option<i64>) -> Received {
        self.receiver().receive(number)
    }

    /// The message with this number was not taken after all: it is expected again.
    pub(super) fn give_back(&self, number: Option<i64>) {
        let mut receiver = self.receiver();
        if let (Some(number), Some(next)) = (number.filter(|&number| number > 0), receiver.expected())
            && number < next
        {
            *receiver = Receiver::new(Some(number));
        }
    }

    /// For MSA-4.
    pub(super) fn next(&self) -> i64 {
        self.receiver().expected().unwrap_or(RESET)
    }
}

/// The numbers of a destination's link.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// `None` until the partner was asked over the connection that stands.
    sender: Option<Sender>,
    /// The number that comes next when the partner expects none in particular.
    next: i64,
    /// What was sent last and got no usable answer, with its number.
    open: Option<(DeliveryKey, i64)>,
}

impl Numbers {
    /// A new connection: the partner is to be asked.
    pub(super) fn forget(&mut self) {
        self.sender = None;
    }

    /// The number for the next message; `None` when the partner is to be asked first.
    pub(super) fn next(&self) -> Option<i64> {
        self.sender.map(|sender| sender.number())
    }

    /// The partner was asked. True when it has this parcel: it expects the number behind it.
    pub(super) fn synchronised(&mut self, parcel: &Parcel, msa_4: Option<i64>) -> bool {
        let expected = msa_4.filter(|&number| number > 0);
        self.sender = Some(Sender::new(expected.unwrap_or(self.next)));
        let open = self.open.take();
        open.is_some_and(|(key, number)| key == parcel.key && expected == Some(number.saturating_add(1)))
    }

    /// A parcel leaves under the number that is next.
    pub(super) fn sent(&mut self, parcel: &Parcel) {
        self.open = self.next().map(|number| (parcel.key.clone(), number));
    }

    /// It was answered.
    pub(super) fn answered(&mut self, positive: bool, msa_4: Option<i64>) {
        self.open = None;
        let Some(sender) = &mut self.sender else { return };
        match sender.answered(positive, msa_4) {
            Sent::Continue => self.next = sender.number(),
            // The partner counts otherwise than we do: what it expects is asked before the next message.
            Sent::ResendFrom(_) | Sent::Stop { .. } => {
                self.next = sender.number() + i64::from(positive);
                self.sender = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_message_is_expected_again() {
        let sequence = Sequence::default();
        assert_eq!(sequence.next(), -1);
        assert_eq!(sequence.receive(Some(7)), Received::Accept { msa_4: 8 });
        sequence.give_back(Some(7));
        assert_eq!(sequence.next(), 7);
        assert_eq!(sequence.receive(Some(7)), Received::Accept { msa_4: 8 });
        sequence.give_back(None);
        sequence.give_back(Some(9));
        assert_eq!(sequence.next(), 8);
    }
}
