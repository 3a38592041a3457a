//! The clock.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, Intake, OpenSource, SourceError, Stop};
use klinke_model::{Payload, Timestamp};
use tracing::warn;

use super::config::{SourceConfig, TimeOfDay};

/// A clock as a source.
#[derive(Debug)]
pub struct Source(When);

#[derive(Clone, Copy, Debug)]
enum When {
    Every(Duration),
    Daily(TimeOfDay),
}

struct Open {
    when: When,
    intake: Arc<dyn Intake>,
}

impl Source {
    /// By these settings.
    pub fn new(config: SourceConfig) -> Result<Self, SourceError> {
        match (config.every, config.daily) {
            (Some(every), None) if every.0 >= Duration::from_secs(1) => Ok(Source(When::Every(every.0))),
            (Some(_), None) => Err(SourceError::new("timer: every is at least a second")),
            (None, Some(daily)) => Ok(Source(When::Daily(daily))),
            _ => Err(SourceError::new("timer: give either every or daily")),
        }
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move { Ok(Box::new(Open { when: self.0, intake }) as Box<dyn OpenSource>) })
    }
}

impl When {
    /// How long from `now` to the next time.
    fn wait(self, now: Timestamp) -> Duration {
        const DAY: i64 = 86_400_000_000;
        match self {
            When::Every(every) => every,
            When::Daily(TimeOfDay { hour, minute }) => {
                let at = i64::from(hour * 60 + minute) * 60_000_000;
                // At the very moment the next one is tomorrow's: today's has just been.
                let wait = (at - now.0.rem_euclid(DAY) - 1).rem_euclid(DAY) + 1;
                Duration::from_micros(wait.unsigned_abs())
            }
        }
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        match self.when {
            When::Every(every) => format!("every {}", crate::units::Period(every)),
            When::Daily(time) => format!("daily at {:02}:{:02} UTC", time.hour, time.minute),
        }
    }

    fn run(self: Box<Self>, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(self.when.wait(self.intake.now())) => {}
                    () = stop.said() => return,
                }
                let received = self.intake.now();
                let (payload, peer) = (Payload::default(), Arc::from("timer"));
                let arrival = Arrival { payload, received, peer, system: None };
                if let Err(refusal) = self.intake.submit(arrival).await {
                    warn!(channel = self.intake.channel(), "a timer's envelope was not taken: {refusal}");
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_always_ahead() {
        let wait = |daily: &str, now: &str| {
            let of = |text: &str| text.parse::<u64>().unwrap();
            let now = (of(&now[..2]) * 3600 + of(&now[3..5]) * 60 + of(&now[6..])) as i64;
            let day = 20_000 * 86_400;
            When::Daily(daily.parse().unwrap()).wait(Timestamp((day + now) * 1_000_000)).as_secs()
        };
        assert_eq!(wait("03:30", "03:29:59"), 1);
        assert_eq!(wait("03:30", "03:30:00"), 86_400);
        assert_eq!(wait("00:00", "23:59:00"), 60);
        assert_eq!(wait("23:59", "00:00:00"), 86_340);
        for text in ["3:30", "24:00", "03:60", "0330", "03:30:00"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
    }
}
