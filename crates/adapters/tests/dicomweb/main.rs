//! DICOMweb over real sockets: bytes of requests and answers, and dicomweb-client and websockets as partners.
//!
//! Python with these is a real peer: where it is not installed, that is said aloud, and fails the test where
//! `KLINKE_PEERS=require`.

#[cfg(test)]
mod channel;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod ohif;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod presentation;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod retrieve;
#[cfg(test)]
mod search;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod workitems;
