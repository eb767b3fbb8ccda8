//! Where the mail of an invite ends that waits and does not leave any more.

/// The state of the invite `$i` whose mail does not leave any more, `$word` where nothing of it ever
/// did: one whose reminder, or whose repetition at somebody's wish, does not leave was sent before, and the
/// relay may have one whose reply was lost, of this mailing or of an earlier one. Whoever accepted needs none, whatever else is said.
macro_rules! ended {
    ($i:literal, $word:literal) => {
        concat!(
            "case when ",
            $i,
            ".sent_at is not null then 'sent'
                when ",
            $i,
            ".lost_replies + ",
            $i,
            ".crashes + ",
            $i,
            ".may_have_left > 0 then 'unknown'
                when (select u.invite_id from invite_uses u where u.invite_id = ",
            $i,
            ".id) is not null then 'unneeded'
                else ",
            $word,
            " end"
        )
    };
}

/// Why, for the invite `$i`: `$reason` where nothing of it left and nobody accepted it.
macro_rules! ended_for {
    ($i:literal, $reason:literal) => {
        concat!(
            "case ",
            ended!($i, "'waits'"),
            " when 'unknown' then 'no-reply' when 'waits' then ",
            $reason,
            " end"
        )
    };
}
