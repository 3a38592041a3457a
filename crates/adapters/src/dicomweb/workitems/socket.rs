//! An open event channel: reports go out as text frames (PS3.18, section 8.10.5), one after the other, as long as they are taken.
//!
//! A WebSocket confirms nothing by itself. Behind each bite of reports a ping goes out with the number of the last; the pong, which
//! every other side has to send (RFC 6455, section 5.5.3), says that all before it have come. Only then are they taken off what is
//! owed, so that a connection that breaks loses none: whoever opens the next channel gets again what was not confirmed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use klinke_archive::event::Ring;
use klinke_archive::workitem::{Event, GLOBAL_WORKLIST, Report, SOP_CLASS};
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, json, tags};
use klinke_engine::source::Stop;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use tracing::{debug, warn};

use super::super::sets;
use super::super::web::Web;
use super::channel::{Pending, Seat};

/// How many reports are on their way until they are confirmed.
const BITE: usize = 100;
/// The other side has nothing to say but pongs.
const MESSAGE_SIZE_BYTES_MAX: usize = 4 << 10;
/// How many messages of the other side are passed over.
const MESSAGES_MAX: u32 = 1_000;
const BUFFER_SIZE_BYTES: usize = 8 << 10;
/// How long the other side has to say that it closes, too.
const CLOSING: Duration = Duration::from_secs(2);

/// Why a channel ends.
type Ended = (CloseCode, &'static str);

struct Channel {
    web: Arc<Web>,
    socket: WebSocketStream<TokioIo<Upgraded>>,
    seat: Seat,
    /// Up to which report they were sent.
    sent: u64,
    /// The number of the ping that is not answered, and until when it has to be.
    awaited: Option<(u64, Instant)>,
    /// When there was last a sign of life.
    alive: Instant,
    message: u16,
    passed_over: u32,
}

/// Serves a channel to its end.
pub(in crate::dicomweb) async fn run(web: Arc<Web>, pending: Pending, mut stop: Stop) {
    let Pending { upgrade, seat } = pending;
    let Ok(upgraded) = upgrade.await else { return };
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_SIZE_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_SIZE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_SIZE_BYTES_MAX));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let wake = Arc::new(Notify::new());
    let rung = wake.clone();
    let ring: Ring = Arc::new(move || rung.notify_one());
    web.archive.on_report(&ring);
    let mut channel = Channel {
        web,
        socket,
        seat,
        sent: 0,
        awaited: None,
        alive: Instant::now(),
        message: 0,
        passed_over: 0,
    };
    channel.say_dropped().await;
    let (code, why) = channel.serve(&wake, &mut stop).await;
    debug!(title = channel.seat.title, why, "an event channel ended");
    channel.close(code, why).await;
}

impl Channel {
    /// Sends what is owed until one side ends.
    async fn serve(&mut self, wake: &Notify, stop: &mut Stop) -> Ended {
        let ping = self.web.config.limits.ping.0;
        loop {
            if stop.is_said() {
                return self.go_down().await;
            }
            if self.awaited.is_none()
                && let Err(ended) = self.send_owed().await
            {
                return ended;
            }
            let due = self.awaited.map_or(self.alive + ping, |(_, until)| until);
            tokio::select! {
                () = stop.said() => return self.go_down().await,
                () = wake.notified() => {}
                () = sleep_until(due) => {
                    if self.awaited.is_some() {
                        return (CloseCode::Away, "no sign of life");
                    }
                    if let Err(ended) = self.ping(self.sent).await {
                        return ended;
                    }
                }
                came = self.socket.next() => match came {
                    Some(Ok(message)) => if let Err(ended) = self.take(message).await {
                        return ended;
                    },
                    Some(Err(_)) => return (CloseCode::Protocol, "what came is no frame of a WebSocket"),
                    None => return (CloseCode::Normal, "the other side has gone"),
                }
            }
        }
    }

    /// Sends the next bite of what is owed, and asks for a sign that it has come.
    async fn send_owed(&mut self) -> Result<(), Ended> {
        let (archive, title, after) = (self.web.archive.clone(), self.seat.title.clone(), self.sent);
        let reports = spawn_blocking(move || archive.reports(&title, after, BITE)).await;
        let failed = (CloseCode::Error, "the archive failed");
        let reports = reports.map_err(|_| failed)?.map_err(|error| {
            warn!("event reports can't be read: {error}");
            failed
        })?;
        let Some(last) = reports.last().map(|report| report.number) else { return Ok(()) };
        for report in &reports {
            self.send(report).await?;
        }
        self.sent = last;
        self.ping(last).await
    }

    async fn send(&mut self, report: &Report) -> Result<(), Ended> {
        self.message = self.message.wrapping_add(1);
        let text = json::to_string(&written(report, self.message), &sets::utf8());
        self.put(Message::text(text)).await
    }

    async fn ping(&mut self, number: u64) -> Result<(), Ended> {
        self.put(Message::Ping(number.to_be_bytes().to_vec().into())).await?;
        self.awaited = Some((number, Instant::now() + self.web.config.limits.ping.0));
        Ok(())
    }

    /// Puts one frame onto the wire. Where it is not taken, the connection itself gives up (`Steady`).
    async fn put(&mut self, message: Message) -> Result<(), Ended> {
        self.socket.send(message).await.map_err(|_| (CloseCode::Away, "what was sent was not taken"))
    }

    async fn take(&mut self, message: Message) -> Result<(), Ended> {
        self.alive = Instant::now();
        match message {
            Message::Pong(number) => {
                let number = <[u8; 8]>::try_from(&number[..]).ok().map(u64::from_be_bytes);
                if let Some((awaited, _)) = self.awaited
                    && number == Some(awaited)
                {
                    self.awaited = None;
                    self.confirm(awaited).await;
                }
                Ok(())
            }
            Message::Close(_) => Err((CloseCode::Normal, "the other side closed")),
            Message::Ping(_) => Ok(()),
            _ => {
                self.passed_over += 1;
                match self.passed_over > MESSAGES_MAX {
                    true => Err((CloseCode::Policy, "there is nothing to be said here")),
                    false => Ok(()),
                }
            }
        }
    }

    /// Takes off what is owed what all channels of the title have.
    async fn confirm(&mut self, number: u64) {
        let up_to = self.seat.confirm(number);
        if up_to == 0 {
            return;
        }
        let (archive, title) = (self.web.archive.clone(), self.seat.title.clone());
        if let Ok(Err(error)) = spawn_blocking(move || archive.reported(&title, up_to)).await {
            warn!("what an event channel has got can't be noted, and will be sent again: {error}");
        }
    }

    /// Says in the log that reports were dropped before this channel was opened.
    async fn say_dropped(&mut self) {
        let (archive, title) = (self.web.archive.clone(), self.seat.title.clone());
        let looked = spawn_blocking(move || {
            let dropped = archive.watcher(&title)?.map_or(0, |watcher| watcher.dropped);
            if dropped > 0 {
                archive.forget_dropped(&title)?;
            }
            Ok::<_, klinke_archive::Error>(dropped)
        });
        if let Ok(Ok(dropped @ 1..)) = looked.await {
            let title = &self.seat.title;
            warn!(
                title,
                dropped, "a watcher of workitems was owed too many event reports; the oldest are gone"
            );
        }
    }

    /// Tells that the service ends (PS3.4, section CC.2.4.3).
    async fn go_down(&mut self) -> Ended {
        let mut attributes = DataSet::new();
        attributes.put_ascii(tags::SCP_STATUS, VR::CS, "GOING DOWN");
        let workitem = GLOBAL_WORKLIST.to_owned();
        let report = Report { number: 0, workitem, event: Event::Provider, attributes };
        // Who is not there any more needs not be told.
        let _ = timeout(CLOSING, self.send(&report)).await;
        (CloseCode::Away, "the service ends")
    }

    async fn close(mut self, code: CloseCode, why: &'static str) {
        let frame = CloseFrame { code, reason: why.into() };
        let closing = async {
            if self.socket.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // Who does not answer is left.
        let _ = timeout(CLOSING, closing).await;
    }
}

/// A report as it is sent (PS3.18, section 11.13; PS3.7, Table 10.3-1).
fn written(report: &Report, message: u16) -> DataSet {
    let mut set = report.attributes.clone();
    set.put_ascii(tags::AFFECTED_SOP_CLASS_UID, VR::UI, SOP_CLASS);
    set.put_us(tags::MESSAGE_ID, message);
    set.put_ascii(tags::AFFECTED_SOP_INSTANCE_UID, VR::UI, &report.workitem);
    set.put_us(tags::EVENT_TYPE_ID, report.event as u16);
    set
}
