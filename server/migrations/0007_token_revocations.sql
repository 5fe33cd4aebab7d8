-- Ends of sessions, so that a token that was signed out stays refused after a restart.
--
-- Only digests: nothing here can be presented. Rows go when every token they concern has expired.

create table seawall.token_revocations (
  digest bytea primary key check (octet_length(digest) = 32),
  until_s bigint not null,
  issued_by_s bigint,
  except_session bytea check (octet_length(except_session) = 32)
);

create index token_revocations_until on seawall.token_revocations (until_s);

comment on table seawall.token_revocations is 'SHA-256 of tokens, sessions and users whose tokens are refused';
