//! DCMTK's programs on the other side of a real socket, with the smallest driver that works.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

mod wire;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use klinke_dimse::association::{Ending, Settings, negotiate};
use klinke_dimse::message::{Command, Kind, Priority, Status};
use klinke_dimse::pdu::AssociateRequest;
use klinke_dimse::session::{Event, Output, Session};
use klinke_dimse::uids;
use wire::*;

/// True if the program is there; says aloud if not.
fn is_there(program: &str) -> bool {
    let there = Process::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() {
        eprintln!("NOT RUN: {program} of DCMTK is not there");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{program} is not there");
    }
    there.is_ok()
}

/// A CT image of pydicom, in explicit VR little endian.
fn image() -> Option<PathBuf> {
    let folder = std::env::var_os("KLINKE_PEERS_PYTHON").map(PathBuf::from);
    let file = folder.map(|folder| folder.join("pydicom/data/test_files/CT_small.dcm"));
    let found = file.filter(|file| file.exists());
    if found.is_none() {
        eprintln!("NOT RUN: there are no files of pydicom");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "there are no files of pydicom");
    }
    found
}

/// What is behind the file meta information: its group length says how long that is (PS3.10, section 7.1).
fn data_set(file: &[u8]) -> Bytes {
    assert_eq!(&file[128..132], b"DICM");
    let meta = u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize;
    Bytes::copy_from_slice(&file[144 + meta..])
}

/// Moves bytes and time until the transport is closed, and gives every event to the caller.
fn drive(mut session: Session, mut stream: TcpStream, mut on: impl FnMut(&mut Session, Event, Duration)) {
    let began = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    session.handle_connected(began.elapsed());
    let mut buffer = vec![0; 64 << 10];
    loop {
        match session.poll(began.elapsed()) {
            Output::Transmit(bytes) => stream.write_all(&bytes).unwrap(),
            Output::Event(event) => on(&mut session, event, began.elapsed()),
            Output::Close => return,
            Output::Wait(_) => match stream.read(&mut buffer) {
                Ok(0) => session.handle_closed(),
                Ok(count) => session.handle_bytes(&buffer[..count], began.elapsed()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => session.handle_closed(),
            },
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the peer takes too long");
    }
}

/// Serves one association and gives what came.
fn serve(listener: &TcpListener, settings: Settings) -> Side {
    let (stream, _) = listener.accept().unwrap();
    let mut side = Side::new(Session::acceptor(settings.clone()));
    let mut request = None;
    drive(Session::acceptor(settings), stream, |session, event, now| {
        match &event {
            Event::Requested(asked) => session.accept(negotiate(asked, &policy()), now).unwrap(),
            Event::Command { context, command } => request = Some((*context, command.clone())),
            Event::ReleaseRequested => session.release(now).unwrap(),
            _ => {}
        }
        let complete = match &event {
            Event::Command { command, .. } => !command.has_data,
            Event::Data { last, .. } => *last,
            _ => false,
        };
        if complete {
            let (context, command) = request.take().unwrap();
            session.send(context, &command.response(Status::SUCCESS).unwrap(), now).unwrap();
        }
        side.events.push(event);
    });
    side
}

fn dcmtk(program: &str, arguments: &[&str]) -> Child {
    Process::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn assert_success(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn echoscu_and_storescu_are_served() {
    let Some(file) = image().filter(|_| is_there("echoscu") && is_there("storescu")) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();

    let child = dcmtk("echoscu", &["-aet", "MODALITY", "-aec", "ARCHIVE", "127.0.0.1", &port]);
    let side = serve(&listener, Settings::default());
    assert_success(child);
    assert_eq!(side.commands()[0].kind, Kind::CEchoRequest);
    assert_eq!((side.ending(), side.deviations()), (Some(&Ending::Released), vec![]));

    // Once with room, and once with the least that DCMTK sends.
    let data = data_set(&std::fs::read(&file).unwrap());
    for maximum_length in [131_066, 4_096] {
        let child = dcmtk("storescu", &["127.0.0.1", &port, &file.display().to_string()]);
        let side = serve(&listener, Settings { maximum_length, ..Settings::default() });
        assert_success(child);
        assert_eq!(side.commands()[0].sop_class(), Some(CT));
        let came = side.data();
        // Some versions of storescu leave Data Set Trailing Padding (FFFC,FFFC) away.
        let padding =
            data.windows(4).rposition(|four| four == [0xFC, 0xFF, 0xFC, 0xFF]).unwrap_or(data.len());
        let ends = [&data[..], &data[..padding]];
        assert!(came.len() > 30_000 && ends.iter().any(|end| came.ends_with(&end[end.len() - 30_000..])));
        assert_eq!((side.ending(), side.deviations()), (Some(&Ending::Released), vec![]));
    }

    let child = dcmtk("echoscu", &["--abort", "127.0.0.1", &port]);
    let side = serve(&listener, Settings::default());
    assert_success(child);
    assert!(matches!(side.ending(), Some(Ending::Aborted(abort)) if abort.is_user()), "{:?}", side.events);
}

#[test]
fn storescp_is_sent_to() {
    let Some(file) = image().filter(|_| is_there("storescp")) else { return };
    let data = data_set(&std::fs::read(&file).unwrap());
    for maximum_length in ["4096", "131072"] {
        let port = klinke_testkit::free_port();
        let arguments = ["--ignore", "-pdu", maximum_length, &port.to_string()];
        let mut child = dcmtk("storescp", &arguments);
        let began = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut request = AssociateRequest::new("STORESCP", "KLINKE");
        request.propose(CT, &[EXPLICIT]);
        request.propose(uids::VERIFICATION, &[IMPLICIT]);
        let mut events = Vec::new();
        let session = Session::requestor(Settings::default(), request).unwrap();
        drive(session, stream, |session, event, now| {
            match &event {
                Event::Accepted => session.send(3, &Command::echo_request(1), now).unwrap(),
                Event::Command { command, .. } if command.kind == Kind::CEchoResponse => {
                    let store = Command::store_request(2, CT, "1.3.6.1.4.1.5962.1.1.1.1.1", Priority::Medium);
                    session.send(1, &store, now).unwrap();
                    session.send_data(data.slice(..10_001), false, now).unwrap();
                    session.send_data(data.slice(10_001..), true, now).unwrap();
                }
                Event::Command { .. } => session.release(now).unwrap(),
                _ => {}
            }
            events.push(event);
        });
        child.kill().unwrap();
        child.wait().unwrap();
        let mut side = Side::new(Session::acceptor(Settings::default()));
        side.events = events;
        let statuses: Vec<_> =
            side.commands().iter().map(|one| (one.kind, one.status.unwrap().code())).collect();
        assert_eq!(statuses, [(Kind::CEchoResponse, 0), (Kind::CStoreResponse, 0)], "{:?}", side.events);
        assert_eq!((side.ending(), side.deviations()), (Some(&Ending::Released), vec![]));
    }
}
