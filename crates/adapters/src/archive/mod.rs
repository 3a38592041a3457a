//! The site's own archive as a partner of channels: what happens in it comes in, instances go into it.
//!
//! | source `on` | payload, in the format `dicom` | one envelope for each |
//! |---|---|---|
//! | `instance` | the instance, a file of Part 10 with the data set byte for byte as it was received | instance that the index has |
//! | `study` | DICOM JSON: patient, study, what was requested, series and instances | study that is complete |
//! | `performed` | DICOM JSON: the performed procedure step as it was then | N-CREATE, and N-SET that ends it |
//! | `availability` | DICOM JSON: the notification as it was told | Instance Availability Notification of another archive |
//!
//! An event waits in the archive until the channel has it on stable storage; only then the archive notes that this channel has come
//! so far. After a crash between the two it comes once more, as the same bytes: `dedup = { by = "content" }` tells it.
//! What a channel has stored itself does not come back to it.
//!
//! | destination, code | what it is | customary |
//! |---|---|---|
//! | `new`, `same`, `beside`, `replaced` | in the archive, durably | |
//! | `not-dicom`, `unfit` | the payload is no instance, or lacks a UID | dead |
//! | `no-study` | it names no study, and its accession number leads to none | dead |
//! | `archive` | the archive can't write | retry |

mod config;
mod destination;
mod source;
mod telling;

use std::sync::Arc;

use crate::registry::{
    self, Adapter, ArchiveSlot, DestinationKind, MadeDestination, MadeSource, MakeError, SourceKind,
    Surroundings,
};

pub use config::{DestinationConfig, On, SourceConfig, Start};
pub use destination::Destination;
pub use source::Source;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "archive",
    about: "the site's own archive: what happens in it, and storing into it",
    source: Some(SourceKind {
        make: |value, site| {
            let config: SourceConfig = registry::settings(value)?;
            let source = Box::new(Source::new(config, archive_of(site)?));
            Ok(MadeSource { source, from: None, statistics: None, probe: None })
        },
        schema: registry::schema::<SourceConfig>,
    }),
    destination: Some(DestinationKind {
        make: |value, site| {
            let config: DestinationConfig = registry::settings(value)?;
            let destination = Arc::new(Destination::new(config, archive_of(site)?, site.channel));
            Ok(MadeDestination { destination, connections: 1, statistics: None, probe: None })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};

fn archive_of(site: &Surroundings<'_>) -> Result<ArchiveSlot, MakeError> {
    site.archive.cloned().ok_or_else(|| MakeError::new("archive: this site has no [archive]"))
}

/// What a channel is called where the archive names senders: 16 characters of an AE title. No modality's title begins so.
fn title(channel: &str) -> String {
    const LENGTH_MAX: usize = 15;
    let plain: String = channel.chars().filter(|c| c.is_ascii_graphic() && *c != '\\').collect();
    if plain == channel && plain.len() <= LENGTH_MAX {
        return format!(">{plain}");
    }
    let digits = format!("{:08X}", crc32fast::hash(channel.as_bytes()));
    let beginning: String = plain.chars().take(LENGTH_MAX - digits.len()).collect();
    format!(">{beginning}{digits}")
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn channels_have_titles_of_their_own() {
        assert_eq!(title("images"), ">images");
        let (one, other) = (title("images-of-the-north"), title("images-of-the-south"));
        assert!(one != other && one.len() == 16 && other.len() == 16, "{one} {other}");
        assert_ne!(title("röntgen"), title("rontgen"));
    }
}
