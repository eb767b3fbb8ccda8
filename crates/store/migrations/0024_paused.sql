-- owner: invite-dispatcher
-- A batch that rests by itself is told to whoever sent it, with what was said most often.
alter table batches add column sent_by text;        -- who sent it, as in the audit trail; null: created_by did, or nobody
alter table batches add column pause_replies text;  -- JSON of contract::batches::Said, where it rests by itself

-- What its mails say of the organisation, as it was when the batch was sent: they all say the same. Null: as it is now.
alter table batches add column organisation_name text;
alter table batches add column product_url text;
alter table batches add column plan_name text;
