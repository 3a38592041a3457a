//! Parts of a body (RFC 2046, section 5.1; RFC 2387), as they come: nothing is held but what may be the beginning of a
//! boundary, and the header of a part.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

use super::super::media::Media;

/// RFC 2046 allows 70 characters.
pub(in crate::dicomweb) const BOUNDARY_LENGTH_MAX: usize = 200;
/// What stands before the first part means nothing.
const PREAMBLE_SIZE_BYTES_MAX: usize = 64 << 10;
const HEADER_SIZE_BYTES_MAX: usize = 16 << 10;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dicomweb) enum Event {
    /// A part begins.
    Part(Header),
    /// Bytes of it.
    Data(Bytes),
    /// It ends.
    PartEnd,
    /// There are no more.
    End,
}

/// What the header of a part says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::dicomweb) struct Header {
    pub media: Option<Media>,
    pub location: Option<String>,
}

/// Why a body can't be taken apart.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::dicomweb) enum Error {
    #[error("what stands before the first boundary is too long")]
    Preamble,
    #[error("the header of a part is too long")]
    Header,
    #[error("a boundary is followed by what may not follow it")]
    Boundary,
    #[error("the body ends before the last boundary")]
    Truncated,
}

/// Takes a body apart.
pub(in crate::dicomweb) struct Multipart {
    /// `\r\n--boundary`.
    delimiter: Vec<u8>,
    buffer: BytesMut,
    state: State,
    is_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    /// Behind a boundary: the end of the line, or two hyphens.
    Line,
    Header,
    Data,
    End,
}

impl Multipart {
    pub fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // The first boundary may stand at the very beginning.
        Multipart { delimiter, buffer: BytesMut::from(&b"\r\n"[..]), state: State::Preamble, is_ended: false }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        // What follows the last boundary means nothing.
        if self.state != State::End {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        self.is_ended = true;
    }

    /// What is found in what came; nothing before more comes.
    pub fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match self.state {
                State::Preamble => match memmem::find(&self.buffer, &self.delimiter) {
                    Some(at) => {
                        self.buffer.advance(at + self.delimiter.len());
                        self.state = State::Line;
                    }
                    None if self.buffer.len() > PREAMBLE_SIZE_BYTES_MAX => return Err(Error::Preamble),
                    None => return self.wait(),
                },
                State::Line => {
                    let Some(is_last) = self.line()? else { return self.wait() };
                    self.state = if is_last { State::End } else { State::Header };
                }
                State::Header => {
                    // A header without lines is but the empty line at its end, which the boundary's line end begins.
                    let Some(at) = memmem::find(&self.buffer, b"\r\n\r\n") else {
                        if self.buffer.len() > HEADER_SIZE_BYTES_MAX {
                            return Err(Error::Header);
                        }
                        return self.wait();
                    };
                    if at > HEADER_SIZE_BYTES_MAX {
                        return Err(Error::Header);
                    }
                    let lines = self.buffer.split_to(at + 4);
                    self.state = State::Data;
                    return Ok(Some(Event::Part(header(&lines))));
                }
                State::Data => return self.data(),
                State::End => {
                    self.buffer.clear();
                    return Ok(Some(Event::End));
                }
            }
        }
    }

    /// What follows a boundary: true for the last one. Leaves the line's end where it is.
    fn line(&mut self) -> Result<Option<bool>, Error> {
        // Spaces may stand there (RFC 2046, transport padding).
        let padding = self.buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let rest = &self.buffer[padding..];
        if padding > HEADER_SIZE_BYTES_MAX {
            return Err(Error::Boundary);
        }
        if padding == 0 && rest.starts_with(b"--") {
            return Ok(Some(true));
        }
        match rest.get(..2) {
            None => Ok(None),
            Some(b"\r\n") => {
                self.buffer.advance(padding);
                Ok(Some(false))
            }
            Some(_) => Err(Error::Boundary),
        }
    }

    fn data(&mut self) -> Result<Option<Event>, Error> {
        if let Some(at) = memmem::find(&self.buffer, &self.delimiter) {
            if at > 0 {
                return Ok(Some(Event::Data(self.buffer.split_to(at).freeze())));
            }
            self.buffer.advance(self.delimiter.len());
            self.state = State::Line;
            return Ok(Some(Event::PartEnd));
        }
        // The last bytes may be the beginning of a boundary.
        let safe = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
        if safe > 0 {
            return Ok(Some(Event::Data(self.buffer.split_to(safe).freeze())));
        }
        self.wait()
    }

    fn wait(&self) -> Result<Option<Event>, Error> {
        if self.is_ended { Err(Error::Truncated) } else { Ok(None) }
    }
}

fn header(lines: &[u8]) -> Header {
    let mut header = Header::default();
    let text = String::from_utf8_lossy(lines);
    for (name, value) in text.split("\r\n").filter_map(|line| line.split_once(':')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => header.media = Media::parse(value.trim()),
            "content-location" => header.location = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Media types and bytes of the parts of a body that comes in pieces of this size.
    fn parts(body: &[u8], size: usize) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let mut multipart = Multipart::new("b");
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        let mut pieces = body.chunks(size);
        loop {
            match multipart.next()? {
                Some(Event::Part(header)) => {
                    found.push((header.media.map(|media| media.name()).unwrap_or_default(), Vec::new()));
                }
                Some(Event::Data(data)) => found.last_mut().expect("a part").1.extend_from_slice(&data),
                Some(Event::PartEnd) => {}
                Some(Event::End) => return Ok(found),
                None => match pieces.next() {
                    Some(piece) => multipart.push(piece),
                    None => multipart.finish(),
                },
            }
        }
    }

    #[test]
    fn parts_are_found_however_the_body_comes() {
        let body = b"hello\r\n--b  \r\nContent-Type: a/b\r\n\r\none\r\n--x\r\n-\r\n--b\r\n\r\n\r\n--b--\r\nbye\r\n--b";
        for size in 1..body.len() {
            let found = parts(body, size).expect("parts");
            assert_eq!(
                found,
                [("a/b".to_owned(), b"one\r\n--x\r\n-".to_vec()), (String::new(), Vec::new())],
                "{size}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(parts(b"--b\r\n\r\nx", 3), Err(Error::Truncated));
        assert_eq!(parts(b"--b\r\nA: b", 3), Err(Error::Truncated));
        assert_eq!(parts(b"", 3), Err(Error::Truncated));
        assert_eq!(parts(b"--bx\r\n\r\n\r\n--b--", 3), Err(Error::Boundary));
        assert_eq!(parts(&vec![b'x'; 100_000], 1_000), Err(Error::Preamble));
        let long = [b"--b\r\nA: ".to_vec(), vec![b'x'; 100_000]].concat();
        assert_eq!(parts(&long, 1_000), Err(Error::Header));
        assert_eq!(parts(b"--b--", 1), Ok(Vec::new()));
    }
}
