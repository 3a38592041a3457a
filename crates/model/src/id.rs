//! Numbers that the store gives: small, ordered, never reused.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

id! {
    /// One envelope, numbered in the order in which the store accepted it; the first is 1.
    EnvelopeId(u64)
}
id! {
    /// One channel; a channel keeps its number when it changes, and for ever.
    ChannelId(u32)
}
id! {
    /// One destination of one channel.
    DestinationId(u32)
}
id! {
    /// One version of a channel's files; an envelope keeps the version that handled it.
    VersionId(u32)
}
