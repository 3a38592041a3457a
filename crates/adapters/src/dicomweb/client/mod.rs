//! DICOMweb as a caller: what a partner holds (QIDO-RS), and its studies brought into the archive (WADO-RS).
//!
//! | file | what |
//! |---|---|
//! | `config` | where the partner is, and as whom we come |
//! | `connection` | requests over connections that are kept |
//! | `retrieve` | WADO-RS (PS3.18, section 10.4) |
//! | `search` | QIDO-RS (PS3.18, section 10.6) |
//!
//! Not asked for: metadata, rendered pictures, bulk data.

mod config;
mod connection;
mod retrieve;
mod search;

use self::connection::Connections;

pub use config::ClientConfig;
pub use retrieve::Fetched;

/// A partner that speaks DICOMweb.
#[derive(Debug)]
pub struct Client {
    connections: Connections,
    /// What is noted as the sender of its instances.
    name: String,
}

impl Client {
    /// By what the site says; reads the secrets. `name` is noted as the sender of its instances.
    pub fn new(config: &ClientConfig, name: &str) -> Result<Self, String> {
        Ok(Client { connections: Connections::new(config)?, name: name.to_owned() })
    }
}
