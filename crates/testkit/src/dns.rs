//! A DNS server that knows what it was told, and says that there is nothing else.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use simple_dns::rdata::{MX, RData, TXT};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::background::Background;
use crate::or_fail;

/// How many seconds what it says may be kept.
const LIFE: u32 = 60;

/// A small DNS server on the loopback, for texts and for who takes mail.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Zone,
    _background: Background,
}

/// What the server knows.
#[derive(Debug, Clone, Default)]
struct Zone(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    texts: HashMap<String, Vec<String>>,
    mail_hosts: HashMap<String, Vec<String>>,
    failing: Vec<String>,
    is_cutting: bool,
    by_tcp: usize,
}

impl DnsServer {
    /// Starts one at a free port.
    pub fn start() -> Self {
        or_fail(Self::try_start())
    }

    fn try_start() -> Result<Self> {
        let (udp, tcp) = sockets().context("no port for the DNS")?;
        let address = udp.local_addr()?;
        let zone = Zone::default();
        let background = Background::run(serve(udp, tcp, zone.clone()))?;
        Ok(Self {
            address,
            zone,
            _background: background,
        })
    }

    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a text at a name.
    pub fn text(&self, name: &str, text: &str) {
        self.zone.change(|state| {
            let texts = state.texts.entry(name.to_lowercase()).or_default();
            texts.push(text.to_owned());
        });
    }

    /// Adds a host that takes mail for a domain; `.` says that nobody does.
    pub fn mail_host(&self, name: &str, host: &str) {
        self.zone.change(|state| {
            let hosts = state.mail_hosts.entry(name.to_lowercase()).or_default();
            hosts.push(host.trim_matches('.').to_owned());
        });
    }

    /// Forgets all that is at a name.
    pub fn forget(&self, name: &str) {
        self.zone.change(|state| {
            state.texts.remove(&name.to_lowercase());
            state.mail_hosts.remove(&name.to_lowercase());
        });
    }

    /// Answers from now on that it cannot say what is at a name.
    pub fn fail(&self, name: &str) {
        self.zone
            .change(|state| state.failing.push(name.to_lowercase()));
    }

    /// Says by UDP from now on that each answer is too large for it.
    pub fn cut(&self) {
        self.zone.change(|state| state.is_cutting = true);
    }

    /// How many questions came by TCP.
    pub fn asked_by_tcp(&self) -> usize {
        let state = self.zone.0.lock();
        state.unwrap_or_else(PoisonError::into_inner).by_tcp
    }
}

impl Zone {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The answer to a question, by UDP or not.
    fn answer(&self, question: &[u8], is_datagram: bool) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reply = Packet::parse(question).ok()?.into_reply();
        let asked = reply.questions.first()?.clone();
        let name = asked.qname.to_string().to_lowercase();
        let found = match asked.qtype {
            QTYPE::TYPE(TYPE::TXT) => texts(&state, &name),
            QTYPE::TYPE(TYPE::MX) => mail_hosts(&state, &name),
            _ => Vec::new(),
        };
        if state.failing.contains(&name) {
            *reply.rcode_mut() = RCODE::ServerFailure;
        } else if state.is_cutting && is_datagram {
            reply.set_flags(PacketFlag::TRUNCATION);
        } else if found.is_empty() {
            *reply.rcode_mut() = RCODE::NameError;
        }
        if reply.rcode() == RCODE::NoError && !reply.has_flags(PacketFlag::TRUNCATION) {
            reply.answers = found
                .into_iter()
                .map(|data| ResourceRecord::new(asked.qname.clone(), CLASS::IN, LIFE, data))
                .collect();
        }
        reply.build_bytes_vec().ok()
    }
}

fn texts<'a>(state: &'a State, name: &str) -> Vec<RData<'a>> {
    let texts = state.texts.get(name).into_iter().flatten();
    texts
        .filter_map(|text| TXT::try_from(text.as_str()).ok().map(RData::TXT))
        .collect()
}

fn mail_hosts<'a>(state: &'a State, name: &str) -> Vec<RData<'a>> {
    let hosts = state.mail_hosts.get(name).into_iter().flatten();
    hosts
        .map(|host| {
            RData::MX(MX {
                preference: 10,
                exchange: Name::new_unchecked(host),
            })
        })
        .collect()
}

/// One port for both.
fn sockets() -> io::Result<(std::net::UdpSocket, std::net::TcpListener)> {
    let mut last = io::Error::other("none is free for both");
    for _ in 0..20 {
        let udp = std::net::UdpSocket::bind(("127.0.0.1", 0))?;
        match std::net::TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => {
                udp.set_nonblocking(true)?;
                tcp.set_nonblocking(true)?;
                return Ok((udp, tcp));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn serve(udp: std::net::UdpSocket, tcp: std::net::TcpListener, zone: Zone) {
    let (Ok(udp), Ok(tcp)) = (UdpSocket::from_std(udp), TcpListener::from_std(tcp)) else {
        return;
    };
    let mut datagram = vec![0; 4096];
    loop {
        tokio::select! {
            Ok((count, from)) = udp.recv_from(&mut datagram) => {
                let question = datagram.get(..count).unwrap_or_default();
                if let Some(answer) = zone.answer(question, true) {
                    let _ = udp.send_to(&answer, from).await;
                }
            }
            Ok((stream, _)) = tcp.accept() => {
                let _ = converse(stream, &zone).await;
            }
            else => return,
        }
    }
}

async fn converse(mut stream: TcpStream, zone: &Zone) -> io::Result<()> {
    let length = stream.read_u16().await?;
    let mut question = vec![0; usize::from(length)];
    stream.read_exact(&mut question).await?;
    zone.change(|state| state.by_tcp += 1);
    let answer = zone.answer(&question, false).unwrap_or_default();
    let length = u16::try_from(answer.len()).unwrap_or_default();
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&answer).await
}
