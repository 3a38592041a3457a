//! A partner that sends and waits for each answer.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use klinke_hl7v2::mllp::{self, Framer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection to a listening side.
pub struct Sender {
    stream: TcpStream,
    framer: Framer,
    frame: Vec<u8>,
}

impl Sender {
    /// Connects.
    pub async fn connect(address: &str) -> Result<Sender> {
        let stream = TcpStream::connect(address).await.with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        Ok(Sender { stream, framer: Framer::new(mllp::Config::default()), frame: Vec::new() })
    }

    /// Sends a payload and waits for the answer.
    pub async fn send(&mut self, payload: &[u8], limit: Duration) -> Result<Bytes> {
        self.frame.clear();
        mllp::encode(payload, &mut self.frame)?;
        self.stream.write_all(&self.frame).await?;
        match tokio::time::timeout(limit, self.answer()).await {
            Ok(answer) => answer,
            Err(_) => bail!("no answer within {} s", limit.as_secs_f64()),
        }
    }

    /// Sends bytes as they are, without a frame.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Waits for one frame.
    pub async fn answer(&mut self) -> Result<Bytes> {
        loop {
            if let Some(frame) = self.framer.next_frame()? {
                return Ok(frame.payload);
            }
            if self.stream.read_buf(self.framer.buffer_mut()).await? == 0 {
                bail!("the connection was closed before an answer came");
            }
        }
    }
}
