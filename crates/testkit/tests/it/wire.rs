//! Protocols of lines, spoken by hand.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpStream, ToSocketAddrs};

use crate::SOON;

/// A connection that speaks in lines.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    pub(crate) fn to(address: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.stream
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())
            .unwrap();
    }

    /// The next line; empty when the other side has closed.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        // a connection that was cut may end with a reset as well
        let _ = self.stream.read_line(&mut line);
        line.trim_end().to_owned()
    }

    /// Whether it is open and nothing has come.
    pub(crate) fn is_silent(&mut self) -> bool {
        let stream = self.stream.get_mut();
        stream.set_nonblocking(true).unwrap();
        let heard = self.stream.read_line(&mut String::new());
        heard.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Says a line and returns the answer's first.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.hear()
    }
}
