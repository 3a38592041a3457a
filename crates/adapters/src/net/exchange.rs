//! One connection of a source: read, take, answer in order, push back.
//!
//! Everything of one connection happens in one task. Frames that came together are handed over together;
//! their answers leave together, in the order of the frames. No frame waits for the answer of the one
//! before it, up to a window.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{FuturesOrdered, FuturesUnordered, Stream as _};
use klinke_diagnosis::Speech;
use klinke_diagnosis::facts::{Ended, How};
use klinke_diagnosis::speech::recognise;
use klinke_engine::BoxFuture;
use klinke_engine::source::{Intake, Stop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::{debug, warn};

use super::budget::{Budget, Share};
use super::line::{grow, scratch};
use super::listen::Accepted;
use super::{Frame, FrameKind, Framing, Limits, Statistics};

/// Most frames of one connection that wait for their answers.
const WINDOW: usize = 64;
/// How often a source that was pushed back looks whether there is room again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a protocol does about a frame.
pub trait Handler: Send {
    /// Takes a whole frame; its answer may come later.
    fn frame(&mut self, frame: Frame) -> Work;
    /// Takes a frame that broke off in its middle; it gets no answer.
    fn truncated(&mut self, frame: Frame) {
        let _ = frame;
    }
}

/// What was made of a frame.
#[derive(Default)]
pub struct Work {
    /// Gives the answer, which leaves after those of earlier frames; `None` answers nothing.
    pub answer: Option<BoxFuture<'static, Answer>>,
    /// Gives a second answer, which leaves when it is there, after the first one of its frame.
    pub late: Option<BoxFuture<'static, Answer>>,
    /// How many bytes are held in memory until the first answer.
    pub bytes: usize,
}

/// What to send back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The bytes for the wire, in their frame; may be empty.
    pub bytes: Vec<u8>,
    /// True when the connection ends after it.
    pub close: bool,
}

/// What the connections of a source share.
#[derive(Clone)]
pub struct Shared {
    /// Where arrivals go.
    pub intake: Arc<dyn Intake>,
    /// Limits and timeouts.
    pub limits: Limits,
    /// The memory that all of them have.
    pub budget: Arc<Budget>,
    /// Counters.
    pub statistics: Arc<Statistics>,
}

/// Serves one connection to its end.
pub async fn serve(
    accepted: Accepted,
    framing: Box<dyn Framing>,
    handler: Box<dyn Handler>,
    shared: Shared,
    stop: Stop,
) {
    let statistics = Arc::clone(&shared.statistics);
    let _open = statistics.connected();
    let (why, ended) = Connection::new(&accepted, framing, handler, shared).run(accepted.stream, stop).await;
    if ended.how != How::ByUs {
        statistics.ended(ended);
    }
    debug!(peer = %accepted.peer, why, "a connection ended");
}

struct Connection {
    peer: Arc<str>,
    framing: Box<dyn Framing>,
    handler: Box<dyn Handler>,
    shared: Shared,
    share: Share,
    answers: Answers,
    out: Vec<u8>,
    /// Why no more is read, once that is so.
    ending: Option<&'static str>,
    /// Why the connection is closed without waiting for answers.
    broken: Option<&'static str>,
    /// Since when the channel has had no room.
    pushed_back: Option<Instant>,
    begun: bool,
    /// The partner sends no more.
    ended: bool,
    /// The framing was told of the silence since the last byte.
    quiet: bool,
    since: Instant,
    frames: u64,
    /// How long we have been reading the frame that is under way, at the last look.
    reading: Duration,
    looked: Instant,
    last_byte: Instant,
    last_answer: Instant,
    told: Vec<&'static str>,
}

/// What happened.
enum Event {
    Answers,
    Read(std::io::Result<usize>),
    Time,
    Stop,
}

impl Connection {
    fn new(
        accepted: &Accepted,
        framing: Box<dyn Framing>,
        handler: Box<dyn Handler>,
        shared: Shared,
    ) -> Self {
        let now = Instant::now();
        Connection {
            peer: Arc::clone(&accepted.peer),
            framing,
            handler,
            share: shared.budget.share(),
            shared,
            answers: Answers::default(),
            out: Vec::new(),
            ending: None,
            broken: None,
            pushed_back: None,
            begun: false,
            ended: false,
            quiet: false,
            since: now,
            frames: 0,
            reading: Duration::ZERO,
            looked: now,
            last_byte: now,
            last_answer: now,
            told: Vec::new(),
        }
    }

    /// Why it ended, and how it lived.
    async fn run(mut self, stream: super::Stream, stop: Stop) -> (&'static str, Ended) {
        let why = self.converse(stream, stop).await;
        let how = match why {
            "the partner closed it" => How::ByPartner,
            "it broke" => How::Reset,
            "silence inside a frame" | "a frame took too long" | "the partner takes no answer" => {
                How::TimedOut
            }
            _ => How::ByUs,
        };
        let ended = Ended {
            at: self.shared.intake.now(),
            lived: self.since.elapsed(),
            idle: self.last_byte.elapsed(),
            frames: self.frames,
            in_work: self.answers.waiting() > 0 || self.framing.pending() > 0,
            how,
            unacknowledged: None,
            retransmits: None,
        };
        (why, ended)
    }

    async fn converse(&mut self, mut stream: super::Stream, mut stop: Stop) -> &'static str {
        let mut scratch = scratch();
        let mut timer = Timer::new(self.deadline());
        loop {
            if stop.is_said() && self.ending.is_none() {
                self.ending = Some("the channel stops");
            }
            self.take_frames();
            if let Some(why) = self.broken {
                return why;
            }
            if !self.out.is_empty()
                && let Err(why) = self.write(&mut stream).await
            {
                return why;
            }
            if let Some(why) = self.ending.filter(|_| self.answers.waiting() == 0) {
                let _ = tokio::time::timeout(self.shared.limits.write.0, stream.shutdown()).await;
                return why;
            }
            let may_read = self.may_read();
            let held_up =
                !may_read && self.answers.waiting() < WINDOW && self.ending.is_none() && !self.ended;
            timer.arm(if held_up { Instant::now() + LOOK_AGAIN } else { self.deadline() });
            let event = tokio::select! {
                biased;
                () = self.answers.collect(&mut self.out), if self.answers.waiting() > 0 => Event::Answers,
                read = stream.read(&mut scratch), if may_read => Event::Read(read),
                () = timer.fired() => Event::Time,
                () = stop.said(), if self.ending.is_none() => Event::Stop,
            };
            self.count_reading(may_read);
            match event {
                Event::Answers => self.answered(),
                Event::Read(Ok(0)) => self.at_end(),
                Event::Read(Ok(bytes)) => {
                    self.received(&scratch[..bytes]);
                    grow(&mut scratch, bytes);
                }
                Event::Read(Err(_)) => return "it broke",
                Event::Time => {
                    timer.has_fired();
                    self.time_ran_out(Instant::now());
                }
                Event::Stop => {}
            }
        }
    }

    /// Hands whole frames over, as many as the window has room for.
    fn take_frames(&mut self) {
        while self.ending.is_none() && self.answers.waiting() < WINDOW {
            match self.framing.next_frame() {
                Ok(Some(frame)) => self.take(frame),
                Ok(None) if self.ended => self.ending = Some("the partner closed it"),
                Ok(None) => break,
                Err(error) => {
                    self.violated(error.code, 1);
                    self.ending = Some("its frames can't be followed");
                }
            }
        }
        let mut met = Vec::new();
        self.framing.violations(&mut |kind, count| met.push((kind, count)));
        for (kind, count) in met {
            self.violated(kind, count);
        }
        let pending = self.framing.pending();
        if pending == 0 {
            self.reading = Duration::ZERO;
        }
        self.share.hold(pending + self.answers.bytes, pending > 0);
    }

    fn take(&mut self, frame: Frame) {
        self.reading = Duration::ZERO;
        if frame.kind == FrameKind::Truncated {
            self.violated("truncated", 1);
            self.handler.truncated(frame);
            return;
        }
        self.shared.statistics.frame();
        self.frames += 1;
        if self.answers.waiting() == 0 {
            self.last_answer = Instant::now();
        }
        let work = self.handler.frame(frame);
        self.answers.add(work);
    }

    fn received(&mut self, bytes: &[u8]) {
        self.shared.statistics.received(bytes.len());
        // Who speaks another protocol says so in its first bytes.
        if !self.begun
            && let Some(speech) = recognise(bytes).filter(|one| !matches!(one, Speech::Mllp | Speech::Other))
        {
            self.shared.statistics.spoke(speech);
        }
        self.framing.push(bytes);
        self.begun = true;
        self.last_byte = Instant::now();
        self.quiet = false;
        // Under pressure one read is taken, and refused; then the source waits again.
        if self.pushed_back.is_some() {
            self.pushed_back = Some(self.last_byte);
        }
    }

    /// The partner sends no more; it may still wait for answers.
    fn at_end(&mut self) {
        self.framing.finish();
        self.ended = true;
    }

    fn answered(&mut self) {
        self.last_answer = Instant::now();
        self.shared.statistics.answered(self.answers.taken());
        if self.answers.closes {
            self.broken = self.broken.or(Some("an answer ended it")).filter(|_| self.out.is_empty());
            self.ending = Some("an answer ended it");
            self.answers = Answers::default();
        }
    }

    async fn write(&mut self, stream: &mut super::Stream) -> Result<(), &'static str> {
        let all = async {
            stream.write_all(&self.out).await?;
            stream.flush().await
        };
        match tokio::time::timeout(self.shared.limits.write.0, all).await {
            Ok(Ok(())) => {
                self.shared.statistics.sent(self.out.len());
                self.out.clear();
                Ok(())
            }
            Ok(Err(_)) => Err("it broke"),
            Err(_) => {
                self.shared.statistics.timed_out();
                Err("the partner takes no answer")
            }
        }
    }

    fn may_read(&mut self) -> bool {
        if self.ending.is_some() || self.ended || self.answers.waiting() >= WINDOW {
            return false;
        }
        if !self.share.may_read(self.framing.pending() > 0) {
            // It is we who do not read: that is no silence of the partner.
            self.last_byte = Instant::now();
            return false;
        }
        if self.shared.intake.pressure().is_none() {
            self.pushed_back = None;
            return true;
        }
        let since = *self.pushed_back.get_or_insert_with(Instant::now);
        since.elapsed() >= self.shared.limits.pressure.0
    }

    /// Counts the time that a frame takes, while we read.
    fn count_reading(&mut self, we_read: bool) {
        let now = Instant::now();
        if we_read && self.framing.pending() > 0 {
            self.reading += now - self.looked;
        }
        self.looked = now;
    }

    /// When the next time runs out.
    fn deadline(&self) -> Instant {
        let limits = &self.shared.limits;
        if self.answers.waiting() > 0 {
            self.last_answer + limits.answer.0
        } else if self.framing.pending() > 0 {
            let gap = self.framing.gap().filter(|_| !self.quiet);
            let whole = self.looked + limits.whole_frame.0.saturating_sub(self.reading);
            whole.min(self.last_byte + gap.unwrap_or(limits.in_frame.0))
        } else if self.begun {
            self.last_byte + limits.idle.0
        } else {
            self.last_byte + limits.first_byte.0
        }
    }

    /// The timer fired: it was armed for an earlier deadline, or for a look at the pressure, or in truth.
    fn time_ran_out(&mut self, now: Instant) {
        let held_up = self.pushed_back.is_some() && self.answers.waiting() == 0;
        if now < self.deadline() || held_up {
            return;
        }
        if self.answers.waiting() > 0 {
            self.shared.statistics.timed_out();
            warn!(
                channel = self.shared.intake.channel(),
                "the channel did not say in time what became of a frame"
            );
            self.broken = Some("the channel gave no answer in time");
        } else if self.framing.pending() > 0 && self.reading >= self.shared.limits.whole_frame.0 {
            self.shared.statistics.timed_out();
            self.violated("slow-frame", 1);
            self.ending = Some("a frame took too long");
        } else if self.framing.pending() > 0 {
            if self.framing.gap().is_some() && !self.quiet {
                self.quiet = true;
                self.framing.quiet();
            } else {
                self.shared.statistics.timed_out();
                self.violated("silence-in-frame", 1);
                self.ending = Some("silence inside a frame");
            }
        } else {
            self.shared.statistics.timed_out();
            self.ending = Some("it was idle for too long");
        }
    }

    /// Counts what was met against the rules, and says it once per connection and kind.
    fn violated(&mut self, kind: &'static str, count: u64) {
        self.shared.statistics.violated(kind, count);
        if !self.told.contains(&kind) {
            self.told.push(kind);
            let channel = self.shared.intake.channel();
            warn!(channel, peer = %self.peer, kind, "a sender breaks the rules, or does what is not supported");
        }
    }
}

/// The answers that are under way.
#[derive(Default)]
struct Answers {
    ordered: FuturesOrdered<BoxFuture<'static, Answer>>,
    late: FuturesUnordered<BoxFuture<'static, (u64, Answer)>>,
    /// Late answers that are there before their first ones have left.
    early: Vec<(u64, Answer)>,
    sizes: VecDeque<usize>,
    bytes: usize,
    /// How many first answers were asked for, and how many have been given.
    asked: u64,
    given: u64,
    collected: u64,
    sent: u64,
    closes: bool,
}

impl Answers {
    fn add(&mut self, work: Work) {
        if let Some(answer) = work.answer {
            self.ordered.push_back(answer);
            self.sizes.push_back(work.bytes);
            self.bytes += work.bytes;
            self.asked += 1;
        }
        if let Some(late) = work.late {
            let after = self.asked;
            self.late.push(Box::pin(async move { (after, late.await) }));
        }
    }

    fn waiting(&self) -> usize {
        self.ordered.len() + self.late.len() + self.early.len()
    }

    /// How many were sent since the last call.
    fn taken(&mut self) -> u64 {
        std::mem::take(&mut self.sent)
    }

    /// Waits for at least one answer and appends all that are there.
    async fn collect(&mut self, out: &mut Vec<u8>) {
        std::future::poll_fn(|cx| self.poll_collect(cx, out)).await
    }

    fn poll_collect(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<()> {
        let before = self.collected;
        // The late ones first: their work may be what makes a first answer ready.
        while let Poll::Ready(Some(late)) = Pin::new(&mut self.late).poll_next(cx) {
            self.early.push(late);
        }
        while !self.closes {
            let Poll::Ready(Some(answer)) = Pin::new(&mut self.ordered).poll_next(cx) else { break };
            self.bytes -= self.sizes.pop_front().unwrap_or(0);
            self.given += 1;
            self.take(answer, out);
        }
        while let Some(at) = self.early.iter().position(|(after, _)| !self.closes && *after <= self.given) {
            let (_, answer) = self.early.remove(at);
            self.take(answer, out);
        }
        if self.collected > before { Poll::Ready(()) } else { Poll::Pending }
    }

    fn take(&mut self, answer: Answer, out: &mut Vec<u8>) {
        out.extend_from_slice(&answer.bytes);
        self.collected += 1;
        self.sent += u64::from(!answer.bytes.is_empty());
        self.closes |= answer.close;
    }
}

/// A timer that is set again only when it has fired or must fire earlier: a busy connection does not
/// touch the runtime's timers for every frame.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    armed: Option<Instant>,
}

impl Timer {
    fn new(deadline: Instant) -> Self {
        Timer { sleep: Box::pin(sleep_until(deadline)), armed: Some(deadline) }
    }

    fn arm(&mut self, deadline: Instant) {
        if self.armed.is_none_or(|armed| deadline < armed) {
            self.sleep.as_mut().reset(deadline);
            self.armed = Some(deadline);
        }
    }

    async fn fired(&mut self) {
        self.sleep.as_mut().await
    }

    fn has_fired(&mut self) {
        self.armed = None;
    }
}
