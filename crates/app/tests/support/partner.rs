//! Simple partners over MLLP.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use klinke_hl7v2::ack::{self, Code, Options};
use klinke_hl7v2::mllp::{self, Framer};
use klinke_hl7v2::time::Timestamp;

/// A partner that listens and keeps all that comes.
pub struct Sink {
    /// Its port on loopback.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    arrivals: Vec<Vec<u8>>,
    /// What to answer; nothing closes the connection.
    answer: Option<Code>,
}

impl Sink {
    /// Answers AA.
    pub fn open() -> Sink {
        Sink::answering(Some(Code::ApplicationAccept))
    }

    /// Answers with a code, or closes the connection instead.
    pub fn answering(answer: Option<Code>) -> Sink {
        Sink::on(TcpListener::bind("127.0.0.1:0").expect("a port"), answer)
    }

    /// Answers AA at a port that was free.
    pub fn at(port: u16) -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
        Sink::on(listener, Some(Code::ApplicationAccept))
    }

    fn on(listener: TcpListener, answer: Option<Code>) -> Sink {
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State { arrivals: Vec::new(), answer }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || converse(stream, &state));
            }
        });
        Sink { port, state }
    }

    /// Answers so from now on.
    pub fn answer(&self, code: Option<Code>) {
        self.state.lock().expect("the state").answer = code;
    }

    /// All that came, refused or not.
    pub fn arrivals(&self) -> Vec<Vec<u8>> {
        self.state.lock().expect("the state").arrivals.clone()
    }

    /// Waits until so many have come.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Vec<u8>> {
        super::wait_for(&format!("{count} arrivals"), || self.arrivals().len() >= count);
        self.arrivals()
    }
}

fn converse(mut stream: TcpStream, state: &Mutex<State>) {
    let mut framer = Framer::new(mllp::Config::default());
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        framer.push(&bytes[..count]);
        while let Ok(Some(frame)) = framer.next_frame() {
            let code = {
                let mut state = state.lock().expect("the state");
                state.arrivals.push(frame.payload.to_vec());
                state.answer
            };
            let Some(code) = code else { return };
            let options = Options::new("SINK", Timestamp::from_unix(0, 0));
            let mut answer = Vec::new();
            mllp::encode(&ack::acknowledge_bytes(&frame.payload, code, &options), &mut answer)
                .expect("a frame");
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    }
}

/// One connection that sends.
pub struct Line {
    stream: TcpStream,
    framer: Framer,
}

impl Line {
    /// Connects.
    pub fn open(address: &str) -> Line {
        let stream = TcpStream::connect(address).expect("someone listens");
        stream.set_read_timeout(Some(super::LIMIT)).expect("a limit");
        Line { stream, framer: Framer::new(mllp::Config::default()) }
    }

    /// Sends a message and gives the answer.
    pub fn send(&mut self, message: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut frame = Vec::new();
        mllp::encode(message, &mut frame).expect("a frame");
        self.stream.write_all(&frame)?;
        let mut bytes = vec![0; 16 << 10];
        loop {
            if let Some(frame) = self.framer.next_frame().expect("a frame") {
                return Ok(frame.payload.to_vec());
            }
            match self.stream.read(&mut bytes)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => self.framer.push(&bytes[..count]),
            }
        }
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
    }

    /// True when the other side has neither closed nor sent anything.
    pub fn is_open(&mut self) -> bool {
        let wait = |stream: &TcpStream, time| stream.set_read_timeout(Some(time)).expect("a limit");
        wait(&self.stream, Duration::from_millis(100));
        let read = self.stream.read(&mut [0]);
        wait(&self.stream, super::LIMIT);
        read.is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        })
    }
}

/// MSA-1 of an answer.
pub fn code(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let msa = text.split('\r').find_map(|segment| segment.strip_prefix("MSA|"));
    msa.and_then(|msa| msa.split('|').next()).unwrap_or_default().to_owned()
}
