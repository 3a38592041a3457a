//! Structured logs to standard error. No patient data: what is logged is named by numbers, channels and
//! systems.

use anyhow::Result;
use tracing_subscriber::EnvFilter;

use crate::site::node::{Log, LogFormat};

/// Starts logging as the site says; `KLINKE_LOG` overrules the level.
pub fn start(log: &Log) -> Result<()> {
    let directives = std::env::var("KLINKE_LOG").unwrap_or_else(|_| log.level.word().to_owned());
    let filter = EnvFilter::try_new(directives)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests, demo) keeps the first.
    let _ = match log.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => {
            use std::io::IsTerminal;
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
        }
    };
    Ok(())
}
