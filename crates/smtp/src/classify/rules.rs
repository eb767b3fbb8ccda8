//! What mail systems say, in lower case, and what they mean by it: in a reply, or later in a report.

/// The relay does not know us.
pub(super) const CREDENTIALS: [u16; 3] = [530, 534, 535];

/// Strangers are asked to come back.
pub(super) const GREYLISTED: [&str; 7] = [
    "greylist",
    "graylist",
    "grey-list",
    "gray-list",
    "grey list",
    "gray list",
    "postgrey",
];

/// We are too fast. Only heard where the code says that it passes.
pub(super) const TOO_FAST: [&str; 18] = [
    "throttl",
    "too many",
    "too fast",
    "too much mail",
    "too frequent",
    "rate limit",
    "ratelimit",
    "rate exceeded",
    "sending rate",
    "rate of",
    "at a rate",
    "slow down",
    "limit exceeded",
    "exceeded the limit",
    "exceeded its limit",
    "message limit",
    "unusual rate",
    "quota exceeded for the day",
];

/// It is this mailbox that gets or holds too much, from everybody.
pub(super) const THEIR_PACE: [&str; 5] = [
    "mailbox full",
    "mailbox is full",
    "mailbox size limit",
    "user you are trying to contact is receiving mail",
    "recipient is receiving mail",
];

/// We have had our share, although the code says that it does not pass.
pub(super) const SHARE_USED: [&str; 9] = [
    "throttl",
    "too many emails per second",
    "too many messages",
    "sending limit",
    "sending quota",
    "rate limit",
    "hourly limit",
    "daily limit",
    "daily message quota",
];

/// There is no room in the mailbox.
pub(super) const FULL: [&str; 14] = [
    "mailbox full",
    "mailbox is full",
    "mailbox has exceeded",
    "mailbox size limit",
    "mailbox quota",
    "mailbox exceeded",
    "over quota",
    "over its quota",
    "overquota",
    "out of storage space",
    "quota exceeded",
    "exceeded storage",
    "exceeds quota",
    "inbox is full",
];

/// Nobody has this address.
pub(super) const NOBODY: [&str; 43] = [
    "user unknown",
    "unknown user",
    "no such user",
    "user not found",
    "user does not exist",
    "user doesn't exist",
    "unknown recipient",
    "recipient unknown",
    "no such recipient",
    "recipient not found",
    "recipientnotfound",
    "recipnotfound",
    "recipient address rejected: access denied",
    "invalid recipient",
    "unknown address",
    "address unknown",
    "address does not exist",
    "account does not exist",
    "account that you tried to reach does not exist",
    "address couldn't be found",
    "address not found",
    "unrouteable address",
    "unknown local part",
    "no mailbox here by that name",
    "no such mailbox",
    "mailbox not found",
    "mailbox unavailable",
    "mailbox does not exist",
    "not a valid mailbox",
    "invalid mailbox",
    "no such person",
    "not our customer",
    "does not have an account here",
    "account has been disabled",
    "account is disabled",
    "host not found",
    "no such domain",
    "domain does not exist",
    "does not accept mail",
    "null mx",
    "no longer valid",
    "宛先不明",
    "存在しません",
];

/// It is about us, whatever else is said.
pub(super) const ABOUT_US: [&str; 10] = [
    "sender",
    "spam",
    "blocked",
    "blacklist",
    "blocklist",
    "policy",
    "reputation",
    "spf",
    "dkim",
    "dmarc",
];

/// The same, but only in a reply: in a report that a person is to read they may be about anything.
pub(super) const ABOUT_US_IN_A_REPLY: [&str; 14] = [
    "unsolicited",
    "block list",
    "listed",
    "policies",
    "relay",
    "authenticat",
    "virus",
    "content",
    "prohibited",
    "banned",
    "reverse dns",
    "ptr record",
    "message size",
    "too large",
];
