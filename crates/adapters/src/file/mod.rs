//! Files: a folder that others drop files into, and a folder that files are laid into.
//!
//! | what | where |
//! |---|---|
//! | settings | [`SourceConfig`], [`DestinationConfig`] |
//! | the drop folder: what is looked at, when a file counts as whole | `look` |
//! | taking, `done/`, `failed/` | [`Source`] |
//! | names from templates | [`Template`] |
//! | temporary name, sync, final name | [`Destination`] |

mod config;
mod destination;
mod look;
mod place;
mod source;
mod template;

pub use config::{After, DestinationConfig, Exists, Order, SourceConfig};
pub use destination::Destination;
pub use source::Source;
pub use template::Template;
