//! A partner that listens.

use std::sync::Arc;

use klinke_hl7v2::mllp::{self, Framer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::behaviour::Behaviour;
use super::{acknowledgment, control_id_of};

/// Told each message that came; says what to do with it.
pub type React = Arc<dyn Fn(&[u8]) -> Behaviour + Send + Sync>;

/// Takes connections until it is dropped; then they are cut.
pub async fn listen(listener: TcpListener, react: React) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                while connections.try_join_next().is_some() {}
                connections.spawn(converse(stream, react.clone()));
            }
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn converse(mut stream: TcpStream, react: React) {
    let _ = stream.set_nodelay(true);
    let mut framer = Framer::new(mllp::Config::default());
    let mut answers = Vec::new();
    loop {
        match stream.read_buf(framer.buffer_mut()).await {
            Ok(1..) => {}
            _ => return,
        }
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => {
                    if !answer(&frame.payload, react(&frame.payload), &mut answers).await {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        if !answers.is_empty() && stream.write_all(&answers).await.is_err() {
            return;
        }
        answers.clear();
    }
}

/// Adds the answer to a message; false when the connection is to be closed.
async fn answer(payload: &[u8], behaviour: Behaviour, answers: &mut Vec<u8>) -> bool {
    use klinke_hl7v2::ack::Code;
    let bytes = match behaviour {
        Behaviour::Answer(code) => acknowledgment(payload, code),
        Behaviour::Late(time) => {
            tokio::time::sleep(time).await;
            acknowledgment(payload, Code::ApplicationAccept)
        }
        Behaviour::Never => return true,
        Behaviour::Close => return false,
        Behaviour::Wrong => {
            let id = control_id_of(payload);
            let text =
                String::from_utf8_lossy(&acknowledgment(payload, Code::ApplicationAccept)).into_owned();
            text.replace(&format!("MSA|AA|{id}"), "MSA|AA|NOT-YOURS").into_bytes()
        }
    };
    mllp::encode(&bytes, answers).is_ok()
}
