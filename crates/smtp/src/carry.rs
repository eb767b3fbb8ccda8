//! Mail after mail over one connection.
//!
//! With PIPELINING a message, its final dot and the envelope of the next go in one write, so that a
//! mail costs one round trip (RFC 2920). Without it, each command waits for its reply. While the relay
//! is at work, what goes next is made ready.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::{
    End, Mail, Offers, Reply, Source, Stage, Trouble, Unfit, Verdict, body,
    flight::Flight,
    wire::{Wire, unasked, unexpected},
};

/// What one connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most mails.
    pub messages: usize,
    /// How long it may wait for the next.
    pub idle: Duration,
    /// How long it may live; a mail that has begun is finished.
    pub age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages: 100,
            idle: Duration::from_secs(30),
            age: Duration::from_mins(10),
        }
    }
}

pub(crate) struct Carrier<'a, S: Source, F: FnMut(S::Key, Verdict)> {
    // Dropped first: what is in flight has its verdict before the connection is gone.
    flight: Flight<S::Key, F>,
    wire: Wire,
    offers: Offers,
    source: &'a mut S,
    limits: Limits,
    since: Instant,
    /// How many mails were begun.
    begun: usize,
    /// The last transaction failed, and RSET must end it.
    needs_reset: bool,
    /// This mail was announced before the one in front of it failed.
    follows_failure: bool,
    /// The commands that are written next; kept for its memory.
    out: Vec<u8>,
    /// Where a message is laid out next; kept for its memory.
    spare: Vec<u8>,
}

impl<'a, S: Source, F: FnMut(S::Key, Verdict)> Carrier<'a, S, F> {
    pub(crate) fn new(
        wire: Wire,
        offers: Offers,
        source: &'a mut S,
        verdicts: F,
        limits: Limits,
    ) -> Self {
        Self {
            flight: Flight::new(verdicts),
            wire,
            offers,
            source,
            limits,
            since: Instant::now(),
            begun: 0,
            needs_reset: false,
            follows_failure: false,
            out: Vec::new(),
            spare: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self) -> End {
        let end = loop {
            if self.flight.current().is_none()
                && let Err(end) = self.wait().await
            {
                break end;
            }
            if let Err(trouble) = self.transact().await {
                self.flight.lose(&trouble);
                return End::Broken(trouble);
            }
        };
        if !matches!(end, End::Closed(_)) {
            self.wire.quit().await;
        }
        end
    }

    const fn has_room(&self) -> bool {
        self.begun < self.limits.messages
    }

    /// Waits for the next mail, and for the relay to go away.
    async fn wait(&mut self) -> Result<(), End> {
        while self.flight.current().is_none() {
            if !self.has_room() || self.since.elapsed() >= self.limits.age {
                return Err(End::Full);
            }
            let mail = tokio::select! {
                biased;
                mail = self.source.next() => mail.ok_or(End::Drained)?,
                spoken = self.wire.read() => {
                    return Err(End::Closed(spoken.ok().map(|lines| lines.reply())));
                }
                () = sleep(self.limits.idle) => return Err(End::Idle),
            };
            if let Some(mail) = self.admit(mail) {
                self.flight.take(mail, false);
            }
        }
        Ok(())
    }

    /// Refuses what the relay said it would refuse.
    fn admit(&mut self, mail: Mail<S::Key>) -> Option<Mail<S::Key>> {
        let most = self.offers.size.unwrap_or(usize::MAX);
        let why = if mail.message.len() > most {
            Unfit::Size
        } else if mail.is_eight_bit && !self.offers.is_eight_bit {
            Unfit::Bytes
        } else {
            return Some(mail);
        };
        self.flight.refuse(mail, Verdict::Unfit { why });
        None
    }

    /// One mail, from its sender to its verdict.
    async fn transact(&mut self) -> Result<(), Trouble> {
        let is_begun = self.flight.current().is_some_and(|taken| taken.is_begun);
        let is_open = if is_begun {
            self.hear_envelope().await?
        } else if self.offers.is_pipelined {
            self.begin_at_once().await?
        } else {
            self.begin().await?
        };
        if is_open {
            self.hand_over().await
        } else {
            Ok(())
        }
    }

    /// Says all of the envelope in one write.
    async fn begin_at_once(&mut self) -> Result<bool, Trouble> {
        self.out.clear();
        if self.needs_reset {
            self.out.extend_from_slice(b"RSET\r\n");
        }
        if let Some(taken) = self.flight.current() {
            for stage in ENVELOPE {
                command(&mut self.out, stage, &taken.mail, self.offers);
            }
            taken.is_begun = true;
        }
        self.begun += 1;
        if self.wire.has_unread() {
            return Err(unasked());
        }
        self.wire.write(&self.out, |_| {}).await?;
        if self.needs_reset {
            self.hear_reset().await?;
        }
        self.hear_envelope().await
    }

    /// Reads the replies to an envelope that was said at once. True if the relay waits for the message.
    async fn hear_envelope(&mut self) -> Result<bool, Trouble> {
        let mut is_open = true;
        let mut has_recipient = false;
        for stage in [Stage::Mail, Stage::Rcpt] {
            let reply = self.answer(stage).await?;
            has_recipient |= stage == Stage::Rcpt && reply.is_positive();
            if is_open && !self.judge(stage, reply)? {
                is_open = false;
            }
        }
        let reply = self.answer(Stage::Data).await?;
        if is_open {
            return self.judge(Stage::Data, reply);
        }
        match reply.code {
            // The relay waits for a message to nobody (RFC 2920, section 3.1).
            354 if !has_recipient => {
                let reply = self.wire.ask(Stage::Dot, b".\r\n").await?.reply();
                if reply.code == 421 {
                    return Err(Trouble::Ended(Stage::Dot, reply));
                }
                Ok(false)
            }
            // It did not forget the transaction before: an end here would send that to both.
            354 => Err(unexpected(Stage::Data, reply)),
            _ => Ok(false),
        }
    }

    /// Says the envelope one command after the other, up to the first that is refused.
    async fn begin(&mut self) -> Result<bool, Trouble> {
        if self.needs_reset {
            self.write(b"RSET\r\n").await?;
            self.hear_reset().await?;
        }
        self.begun += 1;
        for stage in ENVELOPE {
            self.out.clear();
            if let Some(taken) = self.flight.current() {
                command(&mut self.out, stage, &taken.mail, self.offers);
            }
            if self.wire.has_unread() {
                return Err(unasked());
            }
            self.wire.write(&self.out, |_| {}).await?;
            let reply = self.answer(stage).await?;
            if !self.judge(stage, reply)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The message and its final dot, and the envelope of the next if it is there.
    async fn hand_over(&mut self) -> Result<(), Trouble> {
        let Some(taken) = self.flight.current() else {
            return Ok(());
        };
        let ready = taken.laid_out.take();
        let mut out = ready.unwrap_or_else(|| {
            let mut out = std::mem::take(&mut self.spare);
            lay_out(&mut out, &taken.mail.message);
            out
        });
        let end = out.len();
        self.announce(&mut out);
        if self.wire.has_unread() {
            return Err(unasked());
        }
        let mut all_left = false;
        let flight = &mut self.flight;
        let written = self.wire.write(&out, |left| {
            all_left = left >= end;
            if left > end - FINAL.len()
                && let Some(taken) = flight.current()
            {
                taken.is_ended = true;
            }
        });
        if let Err(trouble) = written.await {
            return Err(self.last_words(trouble, all_left).await);
        }
        self.look_ahead(out);
        let reply = self.wire.hear(Stage::Dot).await?.reply();
        self.judge_dot(reply)
    }

    /// While the relay takes a message in, what comes behind it is made ready.
    fn look_ahead(&mut self, mut out: Vec<u8>) {
        if let Some(following) = self.flight.following() {
            lay_out(&mut out, &following.mail.message);
            following.laid_out = Some(out);
        } else {
            self.spare = out;
        }
        if self.has_room() {
            self.source.prepare();
        }
    }

    /// Puts the envelope of the next mail behind the message, if both sides are ready for it.
    fn announce(&mut self, out: &mut Vec<u8>) {
        if !self.offers.is_pipelined || self.since.elapsed() >= self.limits.age {
            return;
        }
        while self.has_room() {
            let Some(mail) = self.source.at_hand() else {
                return;
            };
            let Some(mail) = self.admit(mail) else {
                continue;
            };
            for stage in ENVELOPE {
                command(out, stage, &mail, self.offers);
            }
            self.flight.take(mail, true);
            self.begun += 1;
            return;
        }
    }

    /// What the relay said before it closed in the middle of a message.
    async fn last_words(&mut self, trouble: Trouble, all_left: bool) -> Trouble {
        let patience = self.wire.timeouts().quit;
        let Ok(Ok(lines)) = timeout(patience, self.wire.read()).await else {
            return trouble;
        };
        let reply = lines.reply();
        let is_about_mail = reply.is_negative() && reply.code != 421;
        if all_left || is_about_mail {
            return self.judge_dot(reply).err().unwrap_or(trouble);
        }
        unexpected(Stage::Dot, reply)
    }

    /// The verdict by the reply to the final dot.
    fn judge_dot(&mut self, reply: Reply) -> Result<(), Trouble> {
        match reply.code {
            250 => {
                self.flight.settle(Verdict::Accepted { reply });
                Ok(())
            }
            400..=599 => {
                let stage = Stage::Dot;
                let is_end = (reply.code == 421).then(|| Trouble::Ended(stage, reply.clone()));
                self.flight.settle(Verdict::Refused { stage, reply });
                self.follows_failure = self.flight.current().is_some();
                self.needs_reset = !self.follows_failure;
                is_end.map_or(Ok(()), Err)
            }
            _ => Err(unexpected(Stage::Dot, reply)),
        }
    }

    /// Whether the envelope may go on; if it is refused, the mail has its verdict.
    fn judge(&mut self, stage: Stage, reply: Reply) -> Result<bool, Trouble> {
        let follows_failure = std::mem::take(&mut self.follows_failure);
        let is_fine = match stage {
            Stage::Data => reply.code == 354,
            _ => reply.is_positive(),
        };
        if is_fine {
            return Ok(true);
        }
        if !reply.is_negative() {
            return Err(unexpected(stage, reply));
        }
        self.needs_reset = true;
        if stage == Stage::Mail && reply.code == 503 && follows_failure {
            // The failure in front of it was not forgotten: it begins again, behind RSET.
            if let Some(taken) = self.flight.current() {
                taken.is_begun = false;
            }
        } else {
            self.flight.settle(Verdict::Refused { stage, reply });
        }
        Ok(false)
    }

    async fn hear_reset(&mut self) -> Result<(), Trouble> {
        let reply = self.answer(Stage::Reset).await?;
        if !reply.is_positive() {
            return Err(unexpected(Stage::Reset, reply));
        }
        self.needs_reset = false;
        Ok(())
    }

    /// The reply to a command of the envelope; 421 is about the connection.
    async fn answer(&mut self, stage: Stage) -> Result<Reply, Trouble> {
        let reply = self.wire.hear(stage).await?.reply();
        if reply.code == 421 {
            return Err(Trouble::Ended(stage, reply));
        }
        Ok(reply)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if self.wire.has_unread() {
            return Err(unasked());
        }
        self.wire.write(bytes, |_| {}).await
    }
}

/// Ends a message.
const FINAL: &[u8] = b".\r\n";

/// A message and its final dot.
fn lay_out(out: &mut Vec<u8>, message: &[u8]) {
    out.clear();
    body::append(out, message);
    out.extend_from_slice(FINAL);
}

/// What is said before a message.
const ENVELOPE: [Stage; 3] = [Stage::Mail, Stage::Rcpt, Stage::Data];

fn command<K>(out: &mut Vec<u8>, stage: Stage, mail: &Mail<K>, offers: Offers) {
    let command = match stage {
        Stage::Mail => {
            let size = if offers.has_size {
                format!(" SIZE={}", mail.message.len())
            } else {
                String::new()
            };
            let bytes = if mail.is_eight_bit {
                " BODY=8BITMIME"
            } else {
                ""
            };
            format!("MAIL FROM:<{}>{size}{bytes}", mail.from)
        }
        Stage::Rcpt => format!("RCPT TO:<{}>", mail.to),
        _ => "DATA".to_owned(),
    };
    out.extend_from_slice(command.as_bytes());
    out.extend_from_slice(b"\r\n");
}
