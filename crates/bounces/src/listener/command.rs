//! What a sender says.

/// One line of the dialogue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `HELO`
    Helo,
    /// `EHLO`
    Ehlo,
    /// `MAIL FROM`, and the size it announces.
    Mail { from: String, size: usize },
    /// `RCPT TO`
    Rcpt { to: String },
    /// `DATA`
    Data,
    /// `RSET`
    Rset,
    /// `NOOP`
    Noop,
    /// `QUIT`
    Quit,
    /// A command of SMTP that is not offered here.
    NotOffered,
    /// A command that its rest makes no sense of.
    Arguments,
    /// A parameter of an extension that is not offered here.
    Parameter,
    /// Nothing of SMTP.
    Unknown,
}

impl Command {
    /// Reads a line.
    pub(super) fn parse(line: &[u8]) -> Self {
        // A bare CR or LF inside is what smuggling is made of.
        let printable = |b: &u8| matches!(b, b' '..=b'~' | b'\t');
        let Some(line) = std::str::from_utf8(line)
            .ok()
            .filter(|line| line.bytes().all(|b| printable(&b)))
        else {
            return Self::Unknown;
        };
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let bare = |command| {
            if rest.is_empty() {
                command
            } else {
                Self::Arguments
            }
        };
        match verb.to_ascii_uppercase().as_str() {
            "HELO" if !rest.is_empty() => Self::Helo,
            "EHLO" if !rest.is_empty() => Self::Ehlo,
            "HELO" | "EHLO" => Self::Arguments,
            "MAIL" => Self::mail(rest),
            "RCPT" => match path(rest, "TO:") {
                Some((to, "")) => Self::Rcpt { to: to.to_owned() },
                Some(_) => Self::Parameter,
                None => Self::Arguments,
            },
            "DATA" => bare(Self::Data),
            "RSET" => bare(Self::Rset),
            "NOOP" => Self::Noop,
            "QUIT" => Self::Quit,
            "VRFY" | "EXPN" | "HELP" | "AUTH" | "STARTTLS" | "BDAT" | "TURN" | "ETRN" => {
                Self::NotOffered
            }
            _ => Self::Unknown,
        }
    }

    fn mail(rest: &str) -> Self {
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return Self::Arguments;
        };
        let mut announced = 0;
        for parameter in parameters.split_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" => match value.parse() {
                    Ok(size) => announced = size,
                    Err(_) => return Self::Arguments,
                },
                "BODY" if matches!(value.to_ascii_uppercase().as_str(), "7BIT" | "8BITMIME") => {}
                _ => return Self::Parameter,
            }
        }
        Self::Mail {
            from: from.to_owned(),
            size: announced,
        }
    }
}

/// What stands between the angle brackets behind a keyword, and what follows.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (word, rest) = rest.split_at_checked(keyword.len())?;
    if !word.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, rest) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let apart = rest.is_empty() || rest.starts_with(' ');
    apart.then(|| (address, rest.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_read_as_they_are_meant() {
        let mail = |from: &str, size| Command::Mail {
            from: from.to_owned(),
            size,
        };
        for (line, command) in [
            ("EHLO mx.x.test", Command::Ehlo),
            ("helo mx", Command::Helo),
            ("EHLO", Command::Arguments),
            ("MAIL FROM:<>", mail("", 0)),
            ("mail from: <> size=12 BODY=8bitmime", mail("", 12)),
            ("MAIL FROM:<a@x.test> RET=HDRS", Command::Parameter),
            ("MAIL FROM:<a@x.test> SIZE=-1", Command::Arguments),
            ("MAIL FROM:a@x.test", Command::Arguments),
            ("MAIL FROM:<a@x.test>SIZE=1", Command::Arguments),
            ("RCPT TO:<b@x.test> NOTIFY=NEVER", Command::Parameter),
            ("DATA", Command::Data),
            ("DATA now", Command::Arguments),
            ("STARTTLS", Command::NotOffered),
            ("GET / HTTP/1.1", Command::Unknown),
            ("NOOP\nRSET", Command::Unknown),
            ("", Command::Unknown),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), command, "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Command::parse(&line);
        }

        #[test]
        fn whatever_stands_in_a_command_is_read(rest in "\\PC{0,60}") {
            let _ = Command::parse(format!("MAIL FROM:{rest}").as_bytes());
            let _ = Command::parse(format!("RCPT TO:{rest}").as_bytes());
        }
    }
}
