//! What a relay offers in its answer to EHLO.

use crate::decoder::Lines;

/// What a relay offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a keyword of its own, there or not"
)]
pub struct Offers {
    /// Commands may go together (RFC 2920).
    pub is_pipelined: bool,
    /// Bytes beyond ASCII may be in a body (RFC 6152).
    pub is_eight_bit: bool,
    /// It can encrypt (RFC 3207).
    pub has_starttls: bool,
    /// AUTH PLAIN.
    pub has_plain: bool,
    /// AUTH LOGIN.
    pub has_login: bool,
    /// SIZE is announced (RFC 1870).
    pub has_size: bool,
    /// The most bytes of a message, if there is a most.
    pub size: Option<usize>,
}

impl Offers {
    pub(crate) fn read(hello: &Lines) -> Self {
        let mut offers = Self::default();
        for line in hello.texts.iter().skip(1) {
            let line = String::from_utf8_lossy(line).to_ascii_uppercase();
            // `AUTH=PLAIN` is an old way to write it.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("PIPELINING") => offers.is_pipelined = true,
                Some("8BITMIME") => offers.is_eight_bit = true,
                Some("STARTTLS") => offers.has_starttls = true,
                Some("SIZE") => {
                    offers.has_size = true;
                    let most = words.next().and_then(|most| most.parse().ok());
                    offers.size = most.filter(|most| *most > 0);
                }
                Some("AUTH") => {
                    for mechanism in words {
                        offers.has_plain |= mechanism == "PLAIN";
                        offers.has_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offers
    }
}
