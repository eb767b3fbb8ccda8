//! Questions to the DNS: over UDP, and over TCP where the answer is too large for that.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use contract::Clock;
use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE,
    rdata::{OPT, RData},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// How long one server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often each server is asked.
const ROUNDS: usize = 2;
/// The largest answer by UDP that passes every network, in bytes.
const DATAGRAM: u16 = 1_232;
/// Where the system says whom it asks; no more than the first three.
const SYSTEM: &str = "/etc/resolv.conf";
const SERVERS_MOST: usize = 3;
/// Where servers listen.
const PORT: u16 = 53;

/// Why the DNS did not say anything.
#[derive(Debug, thiserror::Error)]
pub(super) enum DnsError {
    /// It cannot be asked for.
    #[error("is no name that the DNS could know")]
    Name,
    /// No server answered in time.
    #[error("no DNS server answers")]
    Silent,
    /// A server cannot be reached.
    #[error("the DNS server cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    /// A server does not want to, or cannot.
    #[error("the DNS server answers {0:?}")]
    Refused(RCODE),
    /// What came is no answer.
    #[error("the DNS server does not answer as it should")]
    Strange,
}

/// Whom to ask.
#[derive(Debug)]
pub(super) struct Dns<'a> {
    servers: Vec<SocketAddr>,
    clock: &'a dyn Clock,
}

impl<'a> Dns<'a> {
    /// That server, or those of the system.
    pub(super) fn at(resolver: Option<SocketAddr>, clock: &'a dyn Clock) -> Self {
        let servers = resolver.map_or_else(
            || servers(&fs::read_to_string(SYSTEM).unwrap_or_default()),
            |server| vec![server],
        );
        Self { servers, clock }
    }

    /// The texts at a name, each in one piece.
    pub(super) async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let found = self.ask(name, TYPE::TXT).await?;
        let texts = found.into_iter().filter_map(|data| match data {
            RData::TXT(text) => String::try_from(text).ok(),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// The hosts that take mail for a domain; the root, an empty name, says that none does.
    pub(super) async fn mail_hosts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let found = self.ask(name, TYPE::MX).await?;
        let hosts = found.into_iter().filter_map(|data| match data {
            RData::MX(found) => Some(found.exchange.to_string()),
            _ => None,
        });
        Ok(hosts.collect())
    }

    /// Whether a host has an address.
    pub(super) async fn has_address(&self, name: &str) -> Result<bool, DnsError> {
        for kind in [TYPE::A, TYPE::AAAA] {
            let found = self.ask(name, kind).await?;
            let is_address = |data: &RData<'_>| matches!(data, RData::A(_) | RData::AAAA(_));
            if found.iter().any(is_address) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is there, and nothing where there is no such name.
    async fn ask(&self, name: &str, kind: TYPE) -> Result<Vec<RData<'static>>, DnsError> {
        let question = self.question(name, kind)?;
        let mut why = DnsError::Silent;
        for _ in 0..ROUNDS {
            for server in &self.servers {
                match timeout(PATIENCE, exchange(*server, &question)).await {
                    Ok(Ok(found)) => return Ok(found),
                    Ok(Err(error)) => why = error,
                    Err(_) => {}
                }
            }
        }
        Err(why)
    }

    fn question(&self, name: &str, kind: TYPE) -> Result<Vec<u8>, DnsError> {
        let id = (self.clock.ulid().random() & 0xffff) as u16;
        let name = Name::new(name).map_err(|_| DnsError::Name)?;
        let (kind, class) = (QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN));
        let mut packet = Packet::new_query(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet
            .questions
            .push(Question::new(name, kind, class, false));
        *packet.opt_mut() = Some(OPT {
            opt_codes: Vec::new(),
            udp_packet_size: DATAGRAM,
            version: 0,
        });
        packet.build_bytes_vec().map_err(|_| DnsError::Name)
    }
}

/// The servers that a `resolv.conf` names; this machine, where it names none.
fn servers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next().filter(|word| *word == "nameserver")?;
        // A zone behind the address is of no use without its interface.
        let address = words.next()?.split('%').next()?;
        Some(SocketAddr::new(address.parse().ok()?, PORT))
    });
    let mut named: Vec<_> = named.take(SERVERS_MOST).collect();
    if named.is_empty() {
        named.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT));
    }
    named
}

async fn exchange(server: SocketAddr, question: &[u8]) -> Result<Vec<RData<'static>>, DnsError> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // What others send does not come in.
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; usize::from(DATAGRAM)];
    loop {
        let count = socket.recv(&mut answer).await?;
        let answer = answer.get(..count).unwrap_or_default();
        // It may be about an earlier question.
        if answer.get(..2) != question.get(..2) {
            continue;
        }
        let Some(found) = read(answer)? else {
            return read(&by_tcp(server, question).await?)?.ok_or(DnsError::Strange);
        };
        return Ok(found);
    }
}

/// The records of an answer; `None` where they did not fit in.
fn read(answer: &[u8]) -> Result<Option<Vec<RData<'static>>>, DnsError> {
    let packet = Packet::parse(answer).map_err(|_| DnsError::Strange)?;
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    match packet.rcode() {
        RCODE::NoError | RCODE::NameError => {}
        code => return Err(DnsError::Refused(code)),
    }
    let answers = packet.answers.into_iter();
    Ok(Some(
        answers.map(|found| found.rdata.into_owned()).collect(),
    ))
}

async fn by_tcp(server: SocketAddr, question: &[u8]) -> Result<Vec<u8>, DnsError> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| DnsError::Name)?;
    stream
        .write_all(&[&length.to_be_bytes(), question].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_names_its_servers() {
        let text = "# ours\nsearch hill.edu\nnameserver 192.0.2.1\nnameserver fe80::1%eth0 # two\n\
                    nameserver nobody\n nameserver 192.0.2.3\nnameserver 192.0.2.4\n";
        let named: Vec<_> = servers(text).iter().map(SocketAddr::to_string).collect();
        assert_eq!(named, ["192.0.2.1:53", "[fe80::1]:53", "192.0.2.3:53"]);
        assert_eq!(servers("").len(), 1);
    }
}
