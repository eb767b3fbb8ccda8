//! Who a request comes from: the address that a throttle counts by.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;

use crate::network::Network;

/// The most hops of a proxy's list that are looked at.
const HOPS_MOST: usize = 20;

/// The client's address: the peer, or behind trusted proxies the nearest hop that is not one of
/// them. What stands further left in `X-Forwarded-For` was written by whoever liked to.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|line| line.to_str().ok())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut nearest = peer;
    for hop in hops.take(HOPS_MOST) {
        let Some(address) = address(hop) else {
            return nearest;
        };
        nearest = address;
        if !is_trusted(address) {
            return address;
        }
    }
    nearest
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let parsed = hop
        .parse()
        .ok()
        .or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    parsed.map(|address: IpAddr| address.to_canonical())
}

/// What an address is counted as: whoever has an IPv6 address has 2^64 of them.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    network(address, 32, 64)
}

/// The site of an address: what one household or one rented machine may have all of.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    network(address, 24, 48)
}

/// The network of an address, of so many bits.
fn network(address: IpAddr, v4: u32, v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let hosts = u128::MAX.checked_shr(v6).unwrap_or(0);
            IpAddr::V6((address.to_bits() & !hosts).into())
        }
        IpAddr::V4(address) => {
            let hosts = u32::MAX.checked_shr(v4).unwrap_or(0);
            IpAddr::V4((address.to_bits() & !hosts).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(line).unwrap(),
            );
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_says() {
        assert_eq!(of("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(
            of("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn behind_trusted_proxies_the_nearest_stranger_is_the_client() {
        let of = |forwarded: &[&str]| of("10.0.0.1", forwarded, &["10.0.0.0/8"]);
        assert_eq!(of(&["198.51.100.7"]), "198.51.100.7");
        assert_eq!(of(&["203.0.113.9, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(of(&["203.0.113.9", "198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(of(&["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(of(&[]), "10.0.0.1");
        assert_eq!(of(&["198.51.100.7, nonsense"]), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_address_is_counted_by_its_network() {
        let counted = |text: &str| counted(text.parse().unwrap()).to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("::ffff:192.0.2.1"), "192.0.2.1");
        let site = |text: &str| site(text.parse().unwrap()).to_string();
        assert_eq!(site("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        assert_eq!(site("192.0.2.1"), "192.0.2.0");
    }
}
