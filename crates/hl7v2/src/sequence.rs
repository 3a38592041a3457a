//! The sequence number protocol (HL7 v2.5.1 chapter 2, 2.10.1): MSH-13 numbers the messages of one
//! link, MSA-4 says which number the receiver expects. Both ends are state without sockets; the
//! caller keeps the state and decides on which links the protocol is spoken (`0` in MSH-13 of a
//! sender that does not speak it means nothing).

/// MSH-13 that asks which number is expected, without being a numbered message.
pub const ASK: i64 = 0;
/// MSH-13 that tells the receiver to begin anew; MSA-4 of a receiver that expects no certain number.
pub const RESET: i64 = -1;

/// The receiving end of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receiver {
    expected: Option<i64>,
}

/// What the receiver does with a message. Each names MSA-4 of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The number is right: process, answer positively.
    Accept {
        /// The number expected next.
        msa_4: i64,
    },
    /// The number of the message before: its answer was lost. Answer positively, do not process.
    Duplicate {
        /// The number expected next.
        msa_4: i64,
    },
    /// A number out of order: do not process, answer negatively.
    Mismatch {
        /// The number that was expected.
        msa_4: i64,
    },
    /// The sender asked or began anew: answer positively, there is nothing to process.
    Synchronise {
        /// The number expected next; -1 when any will do.
        msa_4: i64,
    },
    /// No number, or one that is none: do not process, answer negatively.
    Missing {
        /// The number that was expected.
        msa_4: i64,
    },
}

impl Receiver {
    /// A receiver that expects `expected`, or any number.
    pub fn new(expected: Option<i64>) -> Self {
        Self { expected }
    }

    /// The number expected next; `None` when any will do.
    pub fn expected(&self) -> Option<i64> {
        self.expected
    }

    /// A message came with this MSH-13.
    pub fn receive(&mut self, msh_13: Option<i64>) -> Received {
        let msa_4 = self.expected.unwrap_or(RESET);
        match msh_13 {
            Some(ASK) => Received::Synchronise { msa_4 },
            Some(RESET) => {
                self.expected = None;
                Received::Synchronise { msa_4: RESET }
            }
            Some(number) if number > 0 => match self.expected {
                Some(expected) if number + 1 == expected => Received::Duplicate { msa_4 },
                Some(expected) if number != expected => Received::Mismatch { msa_4 },
                _ => {
                    let next = number.saturating_add(1);
                    self.expected = Some(next);
                    Received::Accept { msa_4: next }
                }
            },
            _ => Received::Missing { msa_4 },
        }
    }
}

/// The sending end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    next: i64,
}

/// What the sender does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Go on with the next message.
    Continue,
    /// The receiver wants an earlier message: send again from this number.
    ResendFrom(i64),
    /// The receiver expects a number that was never sent, or refuses the right one: a person has to
    /// look, or the link is begun anew with [`RESET`].
    Stop {
        /// MSA-4.
        expected: i64,
    },
}

impl Sender {
    /// A sender whose next message has this number, from 1.
    pub fn new(next: i64) -> Self {
        Self { next: next.max(1) }
    }

    /// MSH-13 of the message to be sent.
    pub fn number(&self) -> i64 {
        self.next
    }

    /// The message with [`Self::number`] was answered.
    pub fn answered(&mut self, positive: bool, msa_4: Option<i64>) -> Sent {
        match (positive, msa_4) {
            // A positive answer counts even where MSA-4 is missing, as many receivers leave it out.
            (true, None | Some(RESET)) => self.advance(),
            (true, Some(expected)) if expected == self.next + 1 => self.advance(),
            (_, Some(expected)) if (1..self.next).contains(&expected) => {
                self.next = expected;
                Sent::ResendFrom(expected)
            }
            (_, expected) => Sent::Stop { expected: expected.unwrap_or(RESET) },
        }
    }

    /// The receiver answered a message with MSH-13 = 0 ([`ASK`]) or -1 ([`RESET`]).
    pub fn synchronised(&mut self, msa_4: i64) -> Sent {
        match msa_4 {
            expected if expected == self.next => Sent::Continue,
            expected if expected < 1 => Sent::Continue,
            expected if expected < self.next => {
                self.next = expected;
                Sent::ResendFrom(expected)
            }
            expected => Sent::Stop { expected },
        }
    }

    fn advance(&mut self) -> Sent {
        self.next = self.next.saturating_add(1);
        Sent::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_order_and_out_of_order() {
        let mut receiver = Receiver::default();
        assert_eq!(receiver.receive(Some(7)), Received::Accept { msa_4: 8 });
        assert_eq!(receiver.receive(Some(8)), Received::Accept { msa_4: 9 });
        assert_eq!(receiver.receive(Some(8)), Received::Duplicate { msa_4: 9 });
        assert_eq!(receiver.receive(Some(11)), Received::Mismatch { msa_4: 9 });
        assert_eq!(receiver.receive(Some(ASK)), Received::Synchronise { msa_4: 9 });
        assert_eq!(receiver.receive(None), Received::Missing { msa_4: 9 });
        assert_eq!(receiver.receive(Some(-5)), Received::Missing { msa_4: 9 });
        assert_eq!(receiver.receive(Some(RESET)), Received::Synchronise { msa_4: -1 });
        assert_eq!(receiver.receive(Some(1)), Received::Accept { msa_4: 2 });
    }

    #[test]
    fn a_sender_follows_the_receiver() {
        let mut sender = Sender::new(5);
        assert_eq!(sender.answered(true, Some(6)), Sent::Continue);
        assert_eq!(sender.answered(true, None), Sent::Continue);
        assert_eq!(sender.number(), 7);
        assert_eq!(sender.answered(false, Some(5)), Sent::ResendFrom(5));
        assert_eq!(sender.number(), 5);
        assert_eq!(sender.answered(false, Some(9)), Sent::Stop { expected: 9 });
        assert_eq!(sender.answered(false, Some(5)), Sent::Stop { expected: 5 });
        assert_eq!(sender.synchronised(3), Sent::ResendFrom(3));
        assert_eq!(sender.synchronised(-1), Sent::Continue);
    }

    /// Both ends together, with every second answer lost: each message is processed once, in order.
    #[test]
    fn lost_answers_neither_lose_nor_double_messages() {
        let (mut sender, mut receiver) = (Sender::new(1), Receiver::new(Some(1)));
        let mut processed = Vec::new();
        for turn in 0..20 {
            let number = sender.number();
            let received = receiver.receive(Some(number));
            let (positive, msa_4) = match received {
                Received::Accept { msa_4 } => {
                    processed.push(number);
                    (true, msa_4)
                }
                Received::Duplicate { msa_4 } => (true, msa_4),
                other => panic!("{other:?}"),
            };
            if turn % 2 == 1 {
                assert_eq!(sender.answered(positive, Some(msa_4)), Sent::Continue);
            }
        }
        assert_eq!(processed, (1..=10).collect::<Vec<_>>());
    }
}
