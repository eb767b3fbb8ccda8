//! Replies as servers give them, with names and numbers made up anew.

use std::time::Duration;

use smtp::{
    Class::{self, *},
    Decoder, Stage,
    Stage::{Auth, Data, Dot, Mail, Rcpt},
    classify,
};

fn of(stage: Stage, line: &str) -> Class {
    let mut decoder = Decoder::default();
    decoder.push(format!("{line}\r\n").as_bytes());
    classify(stage, &decoder.next_reply().unwrap().unwrap())
}

fn hold(class: Class, rows: &[(Stage, &str)]) {
    for (stage, line) in rows {
        assert_eq!(of(*stage, line), class, "{stage:?}: {line}");
    }
}

#[test]
fn nobody_has_this_address() {
    hold(
        UserUnknown,
        &[
            (
                Rcpt,
                "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n550-5.1.1 double-checking the recipient's email address for typos or\r\n550 5.1.1 unnecessary spaces. For more information, go to https://support.example/?p=NoSuchUser - gsmtp",
            ),
            (
                Rcpt,
                "550 5.1.1 <ada@uni.example>: Recipient address rejected: User unknown in virtual mailbox table",
            ),
            (
                Rcpt,
                "550 5.1.1 <ada@uni.example>: Recipient address rejected: User unknown in local recipient table",
            ),
            (Rcpt, "550 5.1.1 <ada@uni.example>... User unknown"),
            (
                Rcpt,
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ada@uni.example not found by SMTP address lookup",
            ),
            (
                Dot,
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            ),
            (
                Rcpt,
                "550 5.1.2 Host unknown (Name server: uni.example: host not found)",
            ),
            (Rcpt, "553 5.1.3 <ada@uni.example>: bad address syntax"),
            (Rcpt, "551 5.1.6 Recipient no longer on server"),
            (Rcpt, "556 5.1.10 Recipient domain has null MX"),
            (
                Rcpt,
                "550 5.4.1 Recipient address rejected: Access denied. [AM0EUR02.eop.example]",
            ),
            (Rcpt, "550 No such user here"),
            (Rcpt, "550 no such person at this address"),
            (Rcpt, "550 Unrouteable address"),
            (Rcpt, "550 Unknown user"),
            (Rcpt, "550 <ada@uni.example>: User unknown"),
            (Rcpt, "550 Requested action not taken: mailbox unavailable"),
            (
                Rcpt,
                "550 5.1.0 Address rejected: ada@uni.example user unknown",
            ),
            (Rcpt, "550 #5.1.0 Address rejected: no such recipient"),
            (
                Rcpt,
                "554 delivery error: dd This user doesn't have an account; no such user (ada@uni.example)",
            ),
            (
                Rcpt,
                "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
            ),
            (
                Rcpt,
                "550 5.2.1 The email account that you tried to reach is disabled",
            ),
            (Rcpt, "550 This account has been disabled"),
            (Rcpt, "550 Invalid recipient <ada@uni.example>"),
            (Rcpt, "550 unknown local part ada in <ada@uni.example>"),
            (Rcpt, "550 Mailbox not found"),
        ],
    );
}

#[test]
fn there_is_somebody_with_a_full_mailbox() {
    hold(
        MailboxFull,
        &[
            (
                Rcpt,
                "452 4.2.2 The email account that you tried to reach is over quota. Please direct the recipient to https://support.example/?p=OverQuotaTemp",
            ),
            (
                Rcpt,
                "552 5.2.2 The email account that you tried to reach is over quota and inactive",
            ),
            (Rcpt, "552 5.2.2 <ada@uni.example>: Mailbox full"),
            (Dot, "552 5.2.2 Quota exceeded (mailbox for user is full)"),
            (
                Dot,
                "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
            ),
            (Rcpt, "452 4.2.2 Mailbox full"),
            (Rcpt, "422 4.2.2 The recipient's mailbox is over its quota"),
            (Rcpt, "550 Mailbox is full"),
            (
                Rcpt,
                "552 Requested mail action aborted: exceeded storage allocation; mailbox quota",
            ),
            (
                Rcpt,
                "452 <ada@uni.example> Mailbox size limit exceeded, mailbox is full",
            ),
            (Dot, "452 4.1.1 ada@uni.example mailbox full"),
        ],
    );
}

#[test]
fn it_is_about_us_and_not_about_the_recipient() {
    hold(
        SenderProblem,
        &[
            (
                Dot,
                "550-5.7.26 Your email has been blocked because the sender is unauthenticated. Requires all senders to authenticate with either SPF or DKIM.\r\n550 5.7.26 see https://support.example/#authentication - gsmtp",
            ),
            (
                Dot,
                "550-5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited\r\n550 5.7.1 mail. To reduce the amount of spam, this message has been blocked.",
            ),
            (
                Dot,
                "550 5.7.515 Access denied, sending domain uni.example doesn't meet the required authentication level.",
            ),
            (
                Rcpt,
                "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your provider since part of their network is on our block list (S3150).",
            ),
            (
                Rcpt,
                "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
            ),
            (Rcpt, "550 5.7.1 <ada@uni.example>: Relay access denied"),
            (Rcpt, "554 5.7.1 <ada@uni.example>: Relay access denied"),
            (Rcpt, "550 relay not permitted"),
            (
                Rcpt,
                "550 Mail from 192.0.2.1 rejected: listed at bl.example",
            ),
            (Rcpt, "550 Sender verify failed"),
            (
                Mail,
                "550 5.1.8 <usher@uni.example>: Sender address rejected: Domain not found",
            ),
            (
                Mail,
                "553 5.1.8 <usher@uni.example>... Domain of sender address does not exist",
            ),
            (Mail, "550 5.1.7 Invalid address"),
            (Mail, "501 5.1.1 bad sender"),
            (
                Mail,
                "553 5.7.1 <usher@uni.example>: Sender address rejected: not owned by user usher",
            ),
            (
                Mail,
                "554 Message rejected: Email address is not verified. The following identities failed the check",
            ),
            (Mail, "552 5.3.4 Message size exceeds fixed limit"),
            (Dot, "552 5.3.4 Error: message file too big"),
            (Dot, "552 Message size exceeds maximum permitted"),
            (
                Dot,
                "552-5.7.0 This message was blocked because its content presents a potential\r\n552 5.7.0 security issue.",
            ),
            (Dot, "554 5.6.0 Message contains invalid header"),
            (Dot, "550 5.6.2 conversion not permitted"),
            (Dot, "554 rejected as spam"),
            (Dot, "554 Transaction failed"),
            (
                Dot,
                "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.example/error-codes",
            ),
            (Dot, "550 High probability of spam"),
            (Dot, "550 5.7.1 DMARC policy violation"),
            (
                Rcpt,
                "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
            ),
            (Rcpt, "550 5.7.27 Sender address has null MX"),
            (Rcpt, "550 5.7.25 The sending IP has no PTR record"),
            (Rcpt, "554 5.7.1 User unknown, or so says our spam policy"),
            (Rcpt, "550 user unknown, sender blocked"),
            (Mail, "555 5.5.4 Unsupported option: SIZE"),
        ],
    );
}

#[test]
fn we_are_too_fast_or_had_our_share() {
    hold(
        Throttled { wait: None },
        &[
            (
                Dot,
                "454 Throttling failure: Maximum sending rate exceeded.",
            ),
            (Dot, "454 Throttling failure: Daily message quota exceeded."),
            (
                Mail,
                "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1",
            ),
            (
                Mail,
                "421-4.7.0 This mail has been rate limited because it is unauthenticated.\r\n421 4.7.0 see https://support.example - gsmtp",
            ),
            (Mail, "421 4.3.2 Service shutting down"),
            (
                Dot,
                "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
            ),
            (Rcpt, "452 4.5.3 Too many recipients"),
            (
                Mail,
                "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.",
            ),
            (Mail, "450 4.7.1 Error: too much mail from 192.0.2.1"),
            (Mail, "450 4.7.0 Too many connections, slow down."),
            (
                Mail,
                "550 5.4.5 Daily user sending limit exceeded. For more information on sending limits go to https://support.example",
            ),
            (
                Dot,
                "550 5.7.0 Requested action not taken: too many emails per second",
            ),
            (
                Mail,
                "452 4.3.1 hourly message limit reached for this account",
            ),
            (Mail, "550 Your hourly limit is used up"),
        ],
    );
    for (stage, line, seconds) in [
        (
            Rcpt,
            "450 4.7.0 too many messages, try again in 5 minutes",
            300,
        ),
        (Dot, "451 rate limit, retry in 90s please", 90),
        (Mail, "421 Too many messages. Wait 1 hour", 3_600),
        (Mail, "451 4.7.1 please try again in 30 seconds", 30),
        (Mail, "421 10 messages per 60 seconds, wait 20 seconds", 20),
        (Mail, "421 try again in 99999999999999 hours", 86_400),
    ] {
        let wait = Some(Duration::from_secs(seconds));
        let class = Throttled { wait };
        assert_eq!(of(stage, line), class, "{line}");
    }
}

#[test]
fn strangers_are_asked_to_come_back() {
    for (line, wait) in [
        (
            "450 4.2.0 <ada@uni.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help/uni.example.html",
            None,
        ),
        (
            "451 4.7.1 Greylisting in action, please come back later",
            None,
        ),
        (
            "451 4.7.1 Greylisted, please try again in 300 seconds",
            Some(300),
        ),
        (
            "450 4.7.1 You are on the gray-list. Retry after 5 mins",
            Some(300),
        ),
        ("451 4.7.1 Greylisted for 00:04:32", Some(272)),
        (
            "451-4.7.1 GREYLISTED\r\n451 4.7.1 try again in 2 minutes",
            Some(120),
        ),
        ("450 4.2.0 try again in 10 minutes", Some(600)),
        // postgrey with its delay, sqlgrey, policyd.
        (
            "450 4.2.0 <ada@uni.example>: Recipient address rejected: Greylisted for 300 seconds, see http://postgrey.example/",
            Some(300),
        ),
        (
            "450 4.7.1 <ada@uni.example>: Recipient address rejected: Greylisted for 5 minutes",
            Some(300),
        ),
        (
            "450 4.7.1 <ada@uni.example>: Recipient address rejected: Policy Rejection- Greylisted, please try again in 1 hour(s).",
            Some(3_600),
        ),
        // milter-greylist.
        (
            "451 4.7.1 Greylisting in action, please come back in 00:10:00",
            Some(600),
        ),
        // Exim.
        (
            "451-Greylisted <ada@uni.example> from 192.0.2.7\r\n451 Please wait for 180 seconds, then try again.",
            Some(180),
        ),
        // rspamd: without a time, and with one of the day, which is no wait.
        ("451 4.7.1 Greylisted, please try again later", None),
        (
            "451 4.7.1 Greylisted until Sat, 28 Nov 2026 12:30:00 GMT",
            None,
        ),
        ("421 4.7.0 greylisted, try later", None),
    ] {
        let wait = wait.map(Duration::from_secs);
        let expected = Greylisted { wait };
        assert_eq!(of(Rcpt, line), expected, "{line}");
    }
}

#[test]
fn the_relay_does_not_know_us() {
    hold(
        Credentials,
        &[
            (
                Mail,
                "530 5.7.0 Authentication Required. For more information, go to https://support.example",
            ),
            (Mail, "530 5.7.0 Must issue a STARTTLS command first"),
            (Auth, "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"),
            (Auth, "535 Authentication Credentials Invalid"),
            (Auth, "534 5.7.9 Application-specific password required"),
        ],
    );
}

#[test]
fn it_may_work_later() {
    hold(
        Transient,
        &[
            (Dot, "451 4.3.0 Error: queue file write error"),
            (Rcpt, "451 4.3.5 Server configuration error"),
            (
                Rcpt,
                "450 4.1.2 <ada@uni.example>: Recipient address rejected: Domain not found",
            ),
            (Rcpt, "451 Temporary local problem - please try later"),
            (Mail, "452 4.3.1 Insufficient system storage"),
            (
                Rcpt,
                "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
            ),
            (Rcpt, "451 4.7.1 Service unavailable - try again later"),
            (
                Auth,
                "454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
            ),
            (Data, "451 4.4.1 unable to verify user"),
            (
                Rcpt,
                "450 4.1.1 <ada@uni.example>: unverified address: user unknown",
            ),
        ],
    );
}

#[test]
fn it_will_not_work_later_and_nobody_knows_why() {
    hold(
        Permanent,
        &[
            (
                Rcpt,
                "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
            ),
            (Rcpt, "550 5.3.0 Rejected"),
            (Rcpt, "550 no"),
            (Rcpt, "554 5.0.0 not today"),
            (Rcpt, "550 5.4.6 Routing loop detected"),
            (Data, "503 5.5.1 bad sequence of commands"),
            (Dot, "550 user unknown"),
        ],
    );
}

#[test]
fn a_reply_without_words_is_read_by_its_code() {
    for (stage, line, class) in [
        (Rcpt, "450", Transient),
        (Rcpt, "550", Permanent),
        (Mail, "550", SenderProblem),
        (Mail, "421", Throttled { wait: None }),
        (Rcpt, "550 5.1.1", UserUnknown),
        (Rcpt, "452 4.2.2", MailboxFull),
        (Dot, "554", SenderProblem),
    ] {
        assert_eq!(of(stage, line), class, "{line}");
    }
}
