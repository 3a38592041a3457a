//! The timers of an association: ARTIM (PS3.8, section 9.1.5) and those that the standard does not know.

use std::time::Duration;

use super::outgoing::Outgoing;
use super::{Association, Awaited, Ending, Reason, State, Trigger};

impl Association {
    /// The next time at which something is due.
    pub fn next_time(&self) -> Option<Duration> {
        [self.artim_due(), self.answer_due().map(|due| due.0), self.send_due()].into_iter().flatten().min()
    }

    fn artim_due(&self) -> Option<Duration> {
        self.artim.map(|started| started.saturating_add(self.settings.artim))
    }

    fn answer_due(&self) -> Option<(Duration, Duration)> {
        let timeout = self.settings.answer_timeout?;
        // While the peer still sends data it has not yet seen the release request.
        let since = match self.state {
            State::AwaitingReleaseResponse => self.asked?.max(self.received),
            _ => self.asked?,
        };
        Some((since.saturating_add(timeout), timeout))
    }

    fn send_due(&self) -> Option<Duration> {
        let timeout = self.settings.send_timeout.filter(|_| !self.outgoing.is_empty())?;
        Some(self.taken.saturating_add(timeout))
    }

    /// Does what is due at this time. False if nothing is.
    pub(super) fn expire(&mut self, now: Duration) -> bool {
        if self.artim_due().is_some_and(|due| due <= now) {
            if self.state == State::AwaitingRequest {
                let (awaited, after) = (Awaited::Request, self.settings.artim);
                self.end(Ending::AbortedHere(Reason::Timeout { awaited, after }));
            }
            self.step(Trigger::TimerExpired, now);
            return true;
        }
        if self.send_due().is_some_and(|due| due <= now) {
            let (awaited, after) = (Awaited::Taking, self.settings.send_timeout.unwrap_or_default());
            self.end(Ending::AbortedHere(Reason::Timeout { awaited, after }));
            // Whoever takes nothing does not take an A-ABORT either.
            self.outgoing = Outgoing::new(self.settings.sent_length_max);
            self.step(Trigger::TransportClosed, now);
            return true;
        }
        if let Some((_, after)) = self.answer_due().filter(|(due, _)| *due <= now) {
            let awaited = match self.state {
                State::AwaitingAnswer => Awaited::Answer,
                _ => Awaited::Release,
            };
            self.asked = None;
            self.abort(Reason::Timeout { awaited, after }, now);
            return true;
        }
        false
    }
}
