//! Addresses as site files write them, and the list of those that may come.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// A host and a port: `127.0.0.1:6661`, `[::1]:6661`, `ris.example:6661`. With the port alone (`6661` or
/// `:6661`) the host is 127.0.0.1: what listens on other addresses has them written in the site's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Host {
    /// A name or an address, without brackets.
    pub name: String,
    /// The port; 0 lets the system choose one.
    pub port: u16,
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address: write host:port or a port alone");
        let (name, port) = text.rsplit_once(':').unwrap_or(("", text));
        let port = port.parse().map_err(|_| wrong())?;
        let bare = match name.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(wrong)?,
            None if name.contains(':') => return Err(wrong()),
            None => name,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
        if !bare.chars().all(plain) {
            return Err(wrong());
        }
        let name = if bare.is_empty() { "127.0.0.1".to_owned() } else { bare.to_owned() };
        Ok(Host { name, port })
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl From<Host> for String {
    fn from(host: Host) -> String {
        host.to_string()
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Host {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Host".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^(.*:)?[0-9]{1,5}$" })
    }
}

/// One entry of the list of those that may come: `10.1.2.3` or `10.1.0.0/16`, `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allow {
    network: IpAddr,
    prefix_bits: u8,
}

impl Allow {
    /// True when the address lies in this network. An IPv4 address that came over an IPv6 socket counts
    /// as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix_bits);
                let bits = |ip: Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or(0);
                bits(network) == bits(address)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix_bits);
                let bits = |ip| u128::from(ip).checked_shr(shift).unwrap_or(0);
                bits(network) == bits(address)
            }
            _ => false,
        }
    }

    /// True when the list is empty or one of its entries has the address.
    pub fn admits(list: &[Allow], address: IpAddr) -> bool {
        list.is_empty() || list.iter().any(|one| one.contains(address))
    }
}

impl FromStr for Allow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network: write 10.1.2.3 or 10.1.0.0/16");
        let (network, prefix) = text.split_once('/').map_or((text, None), |(n, p)| (n, Some(p)));
        let network: IpAddr = network.parse().map_err(|_| wrong())?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if prefix_bits > most { Err(wrong()) } else { Ok(Allow { network, prefix_bits }) }
    }
}

impl<'de> Deserialize<'de> for Allow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Allow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Allow".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_on_loopback() {
        for text in ["6661", ":6661"] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), "127.0.0.1:6661");
        }
        assert_eq!("[::1]:7".parse::<Host>().unwrap().to_string(), "[::1]:7");
        assert_eq!("ris.example:7".parse::<Host>().unwrap().name, "ris.example");
        for text in ["", "ris", "ris:", "::1:7", "[::1:7", "a b:7", "ris:70000"] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn networks_hold_their_addresses() {
        let list: Vec<Allow> =
            ["10.1.0.0/16", "192.168.7.9", "fd00::/8"].iter().map(|text| text.parse().unwrap()).collect();
        for (address, may) in [
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("192.168.7.9", true),
            ("192.168.7.8", false),
            ("fd12::1", true),
            ("fe80::1", false),
            ("::ffff:10.1.0.1", true),
        ] {
            assert_eq!(Allow::admits(&list, address.parse().unwrap()), may, "{address}");
        }
        let all: Allow = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("1.2.3.4".parse().unwrap()));
        assert!(Allow::admits(&[], "1.2.3.4".parse().unwrap()));
        for text in ["10.1.0.0/33", "10.1", "10.1.0.0/", "x"] {
            assert!(text.parse::<Allow>().is_err(), "{text}");
        }
    }
}
