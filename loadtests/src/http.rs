//! A browser that costs next to nothing: one connection that stays open, one request again and
//! again. What it costs is part of both sides of a ratio, and would make a bad one look better.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A connection that stays open.
pub(crate) struct Line {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Line {
    /// Connects, for `GET path`.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Result<Self> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        Self::asking(address, request).await
    }

    /// Connects, for a form that is posted to `path`.
    pub(crate) async fn posting(address: SocketAddr, path: &str, form: &str) -> Result<Self> {
        Self::posting_as(address, path, "application/x-www-form-urlencoded", form).await
    }

    /// Connects, for a body of any kind that is posted to `path`.
    pub(crate) async fn posting_as(
        address: SocketAddr,
        path: &str,
        content_type: &str,
        body: &str,
    ) -> Result<Self> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\
             Content-Type: {content_type}\r\n\r\n{body}"
        );
        Self::asking(address, request).await
    }

    async fn asking(address: SocketAddr, request: String) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let answer = Vec::with_capacity(16 * 1_024);
        Ok(Self {
            stream,
            request: request.into_bytes(),
            answer,
        })
    }

    /// Asks once, and reads the answer to its end; it is an error if that is not a 200.
    pub(crate) async fn get(&mut self) -> Result<()> {
        self.ask("200").await
    }

    /// Asks once, and reads the answer to its end; it is an error if that has another status.
    pub(crate) async fn ask(&mut self, status: &str) -> Result<()> {
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let mut length = None;
        while length.is_none_or(|length| self.answer.len() < length) {
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the connection was closed");
            if length.is_none() {
                length = length_of(&self.answer)?;
            }
        }
        ensure!(
            self.answer
                .starts_with(format!("HTTP/1.1 {status} ").as_bytes()),
            "{}",
            String::from_utf8_lossy(&self.answer)
        );
        Ok(())
    }
}

/// How long the whole answer is, once its head is there.
fn length_of(answer: &[u8]) -> Result<Option<usize>> {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (lines, _) = answer.split_at(head);
    let mut rest = lines
        .windows(LENGTH.len())
        .position(|bytes| bytes == LENGTH)
        .and_then(|at| lines.get(at + LENGTH.len()..))
        .context("an answer without a length")?
        .iter();
    let digits = rest.by_ref().take_while(|byte| byte.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Ok(Some(head + 4 + body))
}
