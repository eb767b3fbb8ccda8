-- owner: invite-dispatcher
-- A batch that rests by itself is told to whoever sent it, with what was said most often.
alter table batches add column sent_by text;        -- who sent it, as in the audit trail; null: created_by did, or nobody
alter table batches add column pause_replies text;  -- JSON of contract::batches::Said, where it rests by itself
