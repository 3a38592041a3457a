//! An instance that comes over an association, on its way into the archive.

use bytes::Bytes;
use klinke_archive::{Archive, Arrival, Error, Received, Receiving};
use klinke_dimse::message::Status;
use klinke_model::Timestamp;
use tokio::task::spawn_blocking;

/// So much is gathered before the archive takes it, on a thread that may wait for the disk.
const PIECE_SIZE_BYTES: usize = 1 << 20;

/// An instance that is being received, or was refused: then what still comes of it is passed over.
#[derive(Debug)]
pub(super) struct Taking {
    going: Result<Box<Receiving>, Error>,
    pieces: Vec<Bytes>,
    size: usize,
}

impl Taking {
    /// Begins.
    pub fn begin(archive: &Archive, arrival: Arrival) -> Self {
        Taking { going: archive.receive(arrival).map(Box::new), pieces: Vec::new(), size: 0 }
    }

    /// Takes the next bytes of the data set.
    pub async fn bytes(mut self, bytes: Bytes) -> Self {
        self.size += bytes.len();
        self.pieces.push(bytes);
        if self.size < PIECE_SIZE_BYTES {
            return self;
        }
        let pieces = self.pieces;
        let going = match self.going {
            Ok(receiving) => {
                spawn_blocking(move || put(receiving, &pieces)).await.unwrap_or_else(|_| Err(broken()))
            }
            Err(error) => Err(error),
        };
        Taking { going, pieces: Vec::new(), size: 0 }
    }

    /// All of it came: makes it durable.
    pub async fn finish(self) -> Result<Received, Error> {
        let (receiving, pieces) = (self.going?, self.pieces);
        let finished = spawn_blocking(move || put(receiving, &pieces)?.finish(Timestamp::now())).await;
        finished.unwrap_or_else(|_| Err(broken()))
    }
}

fn put(mut receiving: Box<Receiving>, pieces: &[Bytes]) -> Result<Box<Receiving>, Error> {
    for piece in pieces {
        receiving.write(piece)?;
    }
    Ok(receiving)
}

fn broken() -> Error {
    Error::Backend("writing broke off".to_owned())
}

/// The status of an error (PS3.4, Table B.2-1).
pub(super) fn status(error: &Error) -> Status {
    match error {
        Error::Full(_) | Error::Unwritable(_) | Error::InUse(_) | Error::Closed => Status::OUT_OF_RESOURCES,
        Error::Unfit(_) => Status::CANNOT_UNDERSTAND,
        _ => Status::PROCESSING_FAILURE,
    }
}
