insert into mails (id, key, recipient, letter, queued_at, due_at, sent_at, failed_at, last_reply)
values ('1', '1', 'ann@uni.edu', '', 1, 1, 2, null, '250 ok'),
    ('2', '2', 'bob@uni.edu', '', 1, 1, null, 2, '550 bob@uni.edu'),
    ('3', '3', 'eve@uni.edu', 'sealed', 1, 1, null, null, null)
