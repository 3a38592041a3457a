//! The way to an address, from the tables of Linux: `/proc/net/route`, `/proc/net/arp` (proc(5)) and
//! `/sys/class/net/<interface>/operstate`.

use std::net::{IpAddr, Ipv4Addr};

use klinke_diagnosis::Seen;

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    interface: String,
    network: Ipv4Addr,
    mask: Ipv4Addr,
    gateway: Option<Ipv4Addr>,
}

/// What the tables say of the way to an address.
pub(super) fn look(to: IpAddr) -> Seen {
    let IpAddr::V4(to) = to.to_canonical() else {
        return if to.is_loopback() { Seen::OwnMachine } else { Seen::Unknown };
    };
    if to.is_loopback() {
        return Seen::OwnMachine;
    }
    let Ok(table) = std::fs::read_to_string("/proc/net/route") else { return Seen::Unknown };
    let Some(route) = best(&routes(&table), to) else { return Seen::NoWay };
    let state = std::fs::read_to_string(format!("/sys/class/net/{}/operstate", route.interface));
    if state.is_ok_and(|state| matches!(state.trim(), "down" | "lowerlayerdown")) {
        return Seen::InterfaceDown(route.interface);
    }
    let next = route.gateway.unwrap_or(to);
    let neighbours = std::fs::read_to_string("/proc/net/arp").unwrap_or_default();
    Seen::Way {
        neighbour: neighbour(&neighbours, next),
        interface: route.interface,
        gateway: route.gateway.map(|gateway| gateway.to_string()),
    }
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses in hexadecimal.
fn routes(table: &str) -> Vec<Route> {
    let address = |text: &str| Some(Ipv4Addr::from(u32::from_str_radix(text, 16).ok()?.to_ne_bytes()));
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let flags = u32::from_str_radix(fields.get(3)?, 16).ok()?;
        let gateway = address(fields.get(2)?)?;
        // Bit 0: it is up; bit 1: it leads over a gateway.
        (flags & 1 == 1).then_some(Route {
            interface: (*fields.first()?).to_owned(),
            network: address(fields.get(1)?)?,
            mask: address(fields.get(7)?)?,
            gateway: (flags & 2 == 2).then_some(gateway),
        })
    };
    table.lines().skip(1).filter_map(route).collect()
}

/// The route with the longest mask.
fn best(routes: &[Route], to: Ipv4Addr) -> Option<Route> {
    let leads = |route: &&Route| u32::from(to) & u32::from(route.mask) == u32::from(route.network);
    routes.iter().filter(leads).max_by_key(|route| u32::from(route.mask)).cloned()
}

/// Whether the next station's hardware address is known: `false` when it was asked for and did not answer.
fn neighbour(table: &str, next: Ipv4Addr) -> Option<bool> {
    let next = next.to_string();
    let line = table.lines().skip(1).find(|line| line.split_ascii_whitespace().next() == Some(&next))?;
    let flags = line.split_ascii_whitespace().nth(2)?.trim_start_matches("0x");
    // Bit 1: the entry is complete.
    Some(u32::from_str_radix(flags, 16).ok()? & 2 == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n\
        eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\n\
        eth1\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\n\
        eth2\t0003000A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_longest_route_that_is_up_leads() {
        let routes = routes(ROUTES);
        let way = |to: [u8; 4]| best(&routes, to.into()).map(|one| (one.interface, one.gateway.is_some()));
        assert_eq!(way([10, 0, 2, 7]), Some(("eth1".to_owned(), false)));
        assert_eq!(way([10, 0, 3, 7]), Some(("eth0".to_owned(), true)));
        assert_eq!(best(&routes[1..], [10, 9, 9, 9].into()), None);
    }

    #[test]
    fn a_neighbour_that_did_not_answer_is_told() {
        let table = "IP address HW type Flags HW address Mask Device\n\
            10.0.2.7 0x1 0x0 00:00:00:00:00:00 * eth0\n10.0.2.1 0x1 0x2 02:fc:00:00:00:05 * eth0\n";
        assert_eq!(neighbour(table, [10, 0, 2, 7].into()), Some(false));
        assert_eq!(neighbour(table, [10, 0, 2, 1].into()), Some(true));
        assert_eq!(neighbour(table, [10, 0, 2, 9].into()), None);
    }
}
