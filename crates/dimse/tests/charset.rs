//! Character sets: the bytes of the standard's examples, of devices, and of pydicom's files.

mod support;

#[path = "charset/peers.rs"]
mod peers;

#[path = "charset/decode.rs"]
mod decode;

#[path = "charset/encode.rs"]
mod encode;
