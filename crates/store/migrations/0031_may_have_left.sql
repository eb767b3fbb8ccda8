-- owner: invite-dispatcher
-- An invite that is sent again begins to count anew what became of its mail. Whether an earlier one to the same address
-- may have left all the same is known here: how often a reply of it was lost, or a courier ended in the middle.
alter table invites add column may_have_left bigint not null default 0;
-- What waits for such a mail, and of which none is known to have left: nobody knows of the earlier ones any more.
update invites set may_have_left = 1 where occasion = 'resend' and sent_at is null and due_at is not null;

-- What arrived, or was complained about, has left, whether or not the relay said so.
update invites set sent_at = settled_at where sent_at is null and state in ('delivered', 'complained');

-- A batch that rests can be let go on, until it is finished: none is both.
update batches set paused_at = null, pause_reason = null, pause_replies = null where finished_at is not null;
